/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes the input, in pieces, through a real pipe into the log, as a worker's output. In any case each line
 * of the log has a bounded length, is printable UTF-8 without terminal sequences, and begins as the broker
 * decides.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include "broker/base/log.h"
#include "broker/base/loop.h"
#include "broker/child/output.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/turn.h"

#define MAX_LOG_LINE 4096
#define LONG_LINE    1000
#define RATE         100000 /* lines a second: this is not about how many are left out */

static struct loop *loop;
static int log_file;
static char logged[1 << 20];

/* Sends the log to a file in memory, as text or as to systemd's journal. */
static void begin(bool journal)
{
    char stream[64] = "";
    struct stat st;

    if (!loop) {
        log_file = memfd_create("log", MFD_CLOEXEC);
        require(log_file >= 0 && dup2(log_file, 2) == 2 && loop_new(&loop) == 0);
    }
    require(fstat(2, &st) == 0 && ftruncate(2, 0) == 0 && lseek(2, 0, SEEK_SET) == 0);
    if (journal)
        snprintf(stream, sizeof(stream), "%lu:%lu", st.st_dev, st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_init(FC_LOG_DEBUG);
}

/* Returns the code of the UTF-8 character at `text`, by the table of the standard, or -1. */
static long read_character(const uint8_t *text, size_t left, size_t *n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = *text < 0x80 ? 1 : *text >> 5 == 6 ? 2 : *text >> 4 == 14 ? 3 : *text >> 3 == 30 ? 4 : 0;
    uint32_t code = length == 1 ? *text : *text & (0x7fu >> length);

    if (length == 0 || length > left)
        return -1;
    for (size_t i = 1; i < length; i++) {
        if (text[i] >> 6 != 2)
            return -1;
        code = code << 6 | (text[i] & 0x3f);
    }
    *n = length;
    return code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? -1 : (long)code;
}

static bool is_harmless(long code)
{
    bool is_control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    bool is_separator = code == 0x2028 || code == 0x2029;
    bool is_direction = code == 0x61c || code == 0x200e || code == 0x200f ||
                        (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);

    return !is_control && !is_separator && !is_direction;
}

static void check_line(const char *line, size_t bytes, bool journal)
{
    static const char *const levels[] = {" error py ", " warning py ", " info py ", " debug py ",
                                         " warning - "};
    bool begins = journal && line[0] == '<' && strchr("3467", line[1]) && strncmp(line + 2, ">py ", 4) == 0;
    size_t n = 1;

    require(bytes < MAX_LOG_LINE);
    for (size_t i = 0; i < bytes; i += n)
        require(is_harmless(read_character((const uint8_t *)line + i, bytes - i, &n)));
    for (size_t i = 0; !journal && i < sizeof(levels) / sizeof(levels[0]); i++)
        begins |= bytes >= 32 &&
                  strncmp(line + strlen("2000-01-01T00:00:00.000"), levels[i], strlen(levels[i])) == 0;
    require(begins);
}

/* Checks that a short line of plain text is logged unchanged. */
static void check_text(const struct input *written, const char *line, size_t bytes)
{
    for (size_t i = 0; i < written->left; i++) {
        if (written->at[i] < ' ' || written->at[i] > '~')
            return;
    }
    if (written->left >= 2000 || (written->left && written->at[0] == '<'))
        return;
    require(bytes > written->left && line[bytes - written->left - 1] == ' ');
    require(memcmp(line + bytes - written->left, written->at, written->left) == 0);
}

/* Compares what was written with what was logged, line by line. */
static void check_log(struct input written, bool journal)
{
    ssize_t bytes = pread(2, logged, sizeof(logged), 0);
    char *line = logged;

    require(bytes >= 0 && (size_t)bytes < sizeof(logged));
    while (written.left) {
        char *end = memchr(line, '\n', (size_t)(logged + bytes - line));
        const uint8_t *written_end = memchr(written.at, '\n', written.left);
        struct input part = {written.at, written_end ? (size_t)(written_end - written.at) : written.left};
        size_t n;

        require(end != NULL);
        check_line(line, (size_t)(end - line), journal);
        check_text(&part, line, (size_t)(end - line));
        take_bytes(&written, part.left + 1, &n);
        line = end + 1;
    }
    require(line == logged + bytes);
}

/* Gives each line a number, since the log counts equal lines: at its end, or in front of a long one, which
 * may be cut off. Returns how many bytes there are then. */
static size_t number_lines(struct input from, uint8_t *to, size_t room)
{
    size_t n = 0;

    for (size_t line = 0; from.left && n + from.left + 16 < room; line++) {
        const uint8_t *end = memchr(from.at, '\n', from.left);
        size_t length = end ? (size_t)(end - from.at) : from.left, taken;

        if (length >= LONG_LINE)
            n += (size_t)sprintf((char *)to + n, "%zu ", line);
        memcpy(to + n, from.at, length);
        n += length;
        if (end && length < LONG_LINE)
            n += (size_t)sprintf((char *)to + n, " %zu", line);
        if (end)
            to[n++] = '\n';
        take_bytes(&from, length + 1, &taken);
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static uint8_t numbered[1 << 18];
    struct input input = {data, bytes};
    bool journal = take_number(&input, 1) & 1;
    struct input written = {numbered, number_lines(input, numbered, sizeof(numbered))};
    struct log_source lines;
    struct output *output;
    int fd;

    input = written;
    begin(journal);
    log_source_init(&lines, "py", RATE);
    require(output_new(&output, loop, &lines, FC_LOG_INFO, &fd) == 0);
    while (input.left) {
        size_t n, piece = 1 + input.at[0] * 4u;
        const uint8_t *at = take_bytes(&input, piece, &n);

        require(write(fd, at, n) == (ssize_t)n);
        turn_once(loop);
    }
    close(fd);
    output_free(output);
    log_source_end(&lines);
    check_log(written, journal);
    return 0;
}

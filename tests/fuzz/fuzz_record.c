/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads any bytes as a recording: as a file, as a file whose blocks get correct checksums, which the fuzzer
 * cannot guess, and as a single block. What was read is within the limits on which the replay relies, and is
 * the same after it was written and read again; a truncated file is the same up to its end.
 */
#include <errno.h>
#include <sys/mman.h>

#include "proto/codec_record.h"
#include "tests/fuzz/fuzz.h"

static struct codec_record *decoder, *encoder, *again;

static void check_text(const char *text, int may_be_empty)
{
    require(strlen(text) <= RECORD_MAX_TEXT && (text[0] || may_be_empty));
    for (; *text; text++)
        require((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void check_values(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        require(values[i] >= 0.0 && values[i] <= 1.0);
}

static void check_item(const struct record_item *item)
{
    require(item->kind < RECORD_KINDS_ && item->phase < RECORD_PHASES_);
    require(item->n_events <= RECORD_MAX_EVENTS && item->n_ticks <= RECORD_MAX_TICKS);
    require(item->kind != RECORD_INPUT || item->n_events == 1);
    require(item->kind != RECORD_VALUES || item->outputs || !item->n_events);
    check_text(item->text, item->kind != RECORD_INSTANCE && item->kind != RECORD_CHANNEL);
    check_values(item->values, item->n_events);
    if (item->outputs)
        check_values(item->outputs, item->n_events);
}

static int same(const void *a, const void *b, size_t n)
{
    return n == 0 || memcmp(a, b, n) == 0;
}

static void check_again(const struct record_item *item)
{
    struct record_item copy;
    const void *bytes;
    size_t n_bytes;
    uint8_t *block;
    int r = codec_record_encode(encoder, item, &bytes, &n_bytes);

    require(r == 0 || r == -EMSGSIZE); /* blocks may have larger items than this program makes */
    if (r < 0 || item->kind == RECORD_NONE)
        return;
    block = malloc(n_bytes + 1);
    require(block != NULL);
    memcpy(block, bytes, n_bytes);
    require(codec_record_decode(again, block, n_bytes) == 0);
    require(codec_record_take(again, &copy));
    require(copy.kind == item->kind && copy.time_ns == item->time_ns && copy.wall_ns == item->wall_ns);
    require(strcmp(copy.text, item->text) == 0 && copy.instance == item->instance);
    require(copy.phase == item->phase && copy.more == item->more && copy.died == item->died);
    require(copy.ready == item->ready && copy.count == item->count);
    require(copy.n_events == item->n_events && copy.n_ticks == item->n_ticks);
    require(same(copy.channels, item->channels, item->n_events * sizeof(uint32_t)));
    require(same(copy.values, item->values, item->n_events * sizeof(double)));
    require(same(copy.ticks, item->ticks, item->n_ticks * sizeof(uint32_t)));
    require(!codec_record_take(again, &copy));
    free(block);
}

static void check_block(const uint8_t *data, size_t bytes)
{
    struct record_item item;

    if (codec_record_decode(decoder, data, bytes) < 0) {
        require(!codec_record_take(decoder, &item));
        return;
    }
    while (codec_record_take(decoder, &item)) {
        check_item(&item);
        check_again(&item);
    }
}

/* Returns the number of items; `*end` is how the file ends. */
static size_t read_file(int fd, int *end)
{
    struct record_reader *reader;
    struct record_item item;
    size_t n = 0;

    require(lseek(fd, 0, SEEK_SET) == 0);
    require(record_reader_new(&reader, fd) == 0);
    while ((*end = record_reader_next(reader, &item)) == 1) {
        check_item(&item);
        n++;
    }
    require(*end == 0 || *end == -EPROTO || *end == -ENODATA || *end == -EBADMSG);
    require(record_reader_next(reader, &item) == *end && record_reader_problem(*end)[0]);
    require(record_reader_bytes(reader) <= (uint64_t)lseek(fd, 0, SEEK_END));
    record_reader_free(reader);
    return n;
}

static void check_file(int fd, size_t cut)
{
    int end, end_of_part;
    size_t n = read_file(fd, &end), n_part;

    require(ftruncate(fd, (off_t)cut) == 0);
    n_part = read_file(fd, &end_of_part);
    require(n_part <= n);
}

/* Takes blocks of the input, each preceded by its length, and adds correct frames. */
static void make_file(int fd, struct input *input)
{
    require(write(fd, RECORD_MAGIC, RECORD_MAGIC_SIZE) == RECORD_MAGIC_SIZE);
    while (input->left) {
        size_t n, wanted = (size_t)take_number(input, 2);
        const uint8_t *block = take_bytes(input, wanted, &n);
        uint8_t frame[RECORD_FRAME_SIZE];

        record_frame(block, n, frame);
        require(write(fd, frame, sizeof(frame)) == sizeof(frame));
        require(write(fd, block, n) == (ssize_t)n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {.at = data, .left = bytes};
    uint64_t how = take_number(&input, 1), cut = take_number(&input, 2);
    int fd;

    if (!decoder)
        require(codec_record_new(&decoder) == 0 && codec_record_new(&encoder) == 0 &&
                codec_record_new(&again) == 0);
    if (how % 3 == 0) {
        check_block(input.at, input.left);
        return 0;
    }
    fd = memfd_create("recording", MFD_CLOEXEC);
    require(fd >= 0);
    if (how % 3 == 1)
        require(write(fd, input.at, input.left) == (ssize_t)input.left);
    else
        make_file(fd, &input);
    check_file(fd, (size_t)(cut % (uint64_t)(lseek(fd, 0, SEEK_END) + 1)));
    close(fd);
    return 0;
}

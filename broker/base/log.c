/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the log. Each line is composed in one buffer and written with one write(), so that lines never mix.
 */
#include "broker/base/log.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "broker/base/json.h"
#include "broker/base/loop.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"
#include "firecurtain/utf8.h"

#define LOG_MAX_LINE 4096 /* PIPE_BUF: a pipe that polls writable takes it whole */
#define LOG_MAX_TEXT 3072
#define LOG_MAX_NAME 256
#define LOG_MAX_HEAD 640 /* of what is before the text */

#define LOG_AUDIT                                                                                            \
    ((enum fc_log_level)(FC_LOG_DEBUG + 1)) /* always written: it cannot be chosen as a level                \
                                             */

static const struct {
    const char *name;
    const char *colour;
    int priority; /* of syslog */
} log_levels[] = {
    [FC_LOG_ERROR] = {"error", "\033[31m", 3}, [FC_LOG_WARNING] = {"warning", "\033[33m", 4},
    [FC_LOG_INFO] = {"info", "\033[32m", 6},   [FC_LOG_DEBUG] = {"debug", "\033[2m", 7},
    [LOG_AUDIT] = {"audit", "\033[36m", 5},
};

static struct {
    enum fc_log_level level;
    enum log_format format;
    bool colour;
    bool journal;
    bool copied;       /* log_init_copied() */
    bool torn;         /* the last line was cut off by a full disk; the next one needs a line break first */
    uint64_t lost;     /* lines that stderr could not take */
    struct loop *loop; /* borrowed */
    log_tap_fn tap;
    void *tap_userdata;
} log_state = {.level = FC_LOG_INFO};

/* Whether stderr is the systemd journal: JOURNAL_STREAM names its file, see systemd.exec(5). */
static bool log_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long device, inode;
    struct stat st;

    return stream && sscanf(stream, "%lu:%lu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
           st.st_dev == device && st.st_ino == inode;
}

void log_init(enum fc_log_level level)
{
    log_state.level = level;
    log_state.journal = log_is_journal();
    log_state.colour = !log_state.journal && isatty(STDERR_FILENO) && !getenv("NO_COLOR");
}

void log_init_copied(void)
{
    log_state.level = FC_LOG_DEBUG;
    log_state.copied = true;
}

void log_set_format(enum log_format format)
{
    log_state.format = format;
}

bool log_parse_format(const char *name, enum log_format *format)
{
    static const char *const names[LOG_FORMATS_] = {[LOG_TEXT] = "text", [LOG_JSON] = "json"};

    for (size_t i = 0; i < LOG_FORMATS_; i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        *format = (enum log_format)i;
        return true;
    }
    return false;
}

void log_set_tap(log_tap_fn tap, void *userdata)
{
    log_state.tap = tap;
    log_state.tap_userdata = userdata;
}

bool log_parse_level(const char *name, enum fc_log_level *level)
{
    for (size_t i = 0; i < LOG_AUDIT; i++) {
        if (strcmp(name, log_levels[i].name) == 0) {
            *level = (enum fc_log_level)i;
            return true;
        }
    }
    return false;
}

/* Whether a character can stand in a line: it does not end it, nor change the direction of other text. */
static bool log_is_printable(uint32_t code)
{
    bool is_mark = code == 0x61c || code == 0x200e || code == 0x200f; /* of direction */
    bool is_separator = code == 0x2028 || code == 0x2029;             /* of lines and paragraphs */
    bool is_direction = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);

    return !fc_utf8_is_control(code) && !is_mark && !is_separator && !is_direction;
}

/* Returns the bytes of the printable character at `text`, or 0 if there is none. */
static size_t log_printable(const char *text, size_t bytes)
{
    uint32_t code;
    size_t length = fc_utf8_read(text, bytes, &code);

    return length && log_is_printable(code) ? length : 0;
}

size_t log_escape(char *out, size_t room, const char *text, size_t bytes)
{
    size_t n = 0;

    for (size_t i = 0; i < bytes;) {
        const char *p = text + i;
        size_t length = log_printable(p, bytes - i);

        if (n + 8 > room) { /* the longest sequence, and the mark */
            memcpy(out + n, "…", strlen("…"));
            return n + strlen("…");
        }
        if (length)
            memcpy(out + n, p, length), n += length, i += length;
        else if (*p == '\t')
            out[n++] = ' ', i++;
        else
            n += (size_t)snprintf(out + n, room - n, "\\x%02x", (unsigned char)*p), i++;
    }
    return n;
}

static bool log_is_plain(const char *text)
{
    for (const char *p = text; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("-_./:@%+,*?{}[]()#&", *p))
            return false;
    }
    return text[0];
}

const char *log_value(char *out, size_t room, const char *text)
{
    char *p = out, *end = out + room - 3; /* an escaped character, or the quote, and the NUL */

    if (log_is_plain(text)) {
        snprintf(out, room, "%s", text);
        return out;
    }
    *p++ = '"';
    for (; *text && p < end; text++) {
        if (*text == '"' || *text == '\\')
            *p++ = '\\';
        *p++ = *text;
    }
    *p++ = '"';
    *p = '\0';
    return out;
}

/* Writes the time with milliseconds: that of the clock on the wall, or UTC for programs. */
static void log_stamp(char *stamp, size_t bytes, bool is_utc)
{
    struct timespec now;
    struct tm parts;
    size_t n;

    clock_gettime(CLOCK_REALTIME, &now);
    if (is_utc)
        gmtime_r(&now.tv_sec, &parts);
    else
        localtime_r(&now.tv_sec, &parts);
    n = strftime(stamp, bytes, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(stamp + n, bytes - n, ".%03ld%s", now.tv_nsec / 1000000, is_utc ? "Z" : "");
}

static size_t log_text_head(char *line, size_t room, enum fc_log_level level, const char *instance)
{
    char stamp[64];

    if (log_state.copied)
        return (size_t)snprintf(line, room, "<%d>", log_levels[level].priority);
    if (log_state.journal)
        return (size_t)snprintf(line, room, "<%d>%s ", log_levels[level].priority, instance);
    log_stamp(stamp, sizeof(stamp), false);
    return (size_t)snprintf(line, room, "%s %s%s%s %s ", stamp,
                            log_state.colour ? log_levels[level].colour : "", log_levels[level].name,
                            log_state.colour ? "\033[0m" : "", instance);
}

/* Writes a line as an object, of escaped texts. Returns its bytes. */
static size_t log_json_line(char *line, enum fc_log_level level, const char *instance, const char *text)
{
    struct json json = {.bytes = line, .room = LOG_MAX_LINE, .most = LOG_MAX_LINE, .is_spaced = true};
    char stamp[64], priority[16] = "";

    log_stamp(stamp, sizeof(stamp), true);
    if (log_state.journal)
        snprintf(priority, sizeof(priority), "<%d>", log_levels[level].priority);
    json_raw(&json, priority);
    json_raw(&json, "{");
    json_member_text(&json, "time", stamp);
    json_member_text(&json, "level", log_levels[level].name);
    json_key(&json, "instance");
    if (strcmp(instance, "-") == 0)
        json_raw(&json, "null");
    else
        json_text_cut(&json, instance, LOG_MAX_NAME);
    json_key(&json, "message");
    json_text_cut(&json, text, LOG_MAX_TEXT);
    json_raw(&json, "}");
    return json.n;
}

/* Writes a whole line to `line`, which has LOG_MAX_LINE bytes. Returns how many it takes. */
static size_t log_compose(char *line, enum fc_log_level level, const char *instance, const char *text,
                          size_t bytes)
{
    char name[LOG_MAX_NAME], safe[LOG_MAX_TEXT + 1];
    size_t n;

    name[log_escape(name, sizeof(name) - 1, instance, strlen(instance))] = '\0';
    bytes = log_escape(safe, LOG_MAX_TEXT, text, bytes);
    safe[bytes] = '\0';
    if (log_state.format == LOG_JSON) {
        n = log_json_line(line, level, name, safe);
    } else {
        n = log_text_head(line, LOG_MAX_HEAD, level, name);
        memcpy(line + n, safe, bytes);
        n += bytes;
    }
    line[n++] = '\n';
    return n;
}

/* Whether stderr can take a line at once: a reader of the log must not stall the show. */
static bool log_can_write(void)
{
    struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&fd, 1, 0) == 1 && (fd.revents & POLLOUT);
}

/* Writes a line. False if stderr did not take all of it. */
static bool log_write(const char *line, size_t bytes)
{
    ssize_t n;

    if (!log_can_write())
        return false;
    if (log_state.torn && write(STDERR_FILENO, "\n", 1) != 1)
        return false;
    n = write(STDERR_FILENO, line, bytes);
    log_state.torn = n > 0 && (size_t)n < bytes;
    return n == (ssize_t)bytes;
}

static void log_report_lost(void)
{
    char line[LOG_MAX_LINE], text[64];
    int n;

    if (!log_state.lost)
        return;
    n = snprintf(text, sizeof(text), "%llu log lines were lost", (unsigned long long)log_state.lost);
    if (log_write(line, log_compose(line, FC_LOG_WARNING, "-", text, (size_t)n)))
        log_state.lost = 0;
}

static void log_line(enum fc_log_level level, const char *instance, const char *text, size_t bytes)
{
    char line[LOG_MAX_LINE];

    if (!instance)
        instance = "-";
    if (log_state.tap)
        log_state.tap(log_state.tap_userdata, log_levels[level].name, instance, text,
                      bytes < LOG_MAX_TEXT ? bytes : LOG_MAX_TEXT);
    log_report_lost();
    if (!log_write(line, log_compose(line, level, instance, text, bytes)))
        log_state.lost++;
}

void log_report_left_out(struct log_source *source)
{
    char text[128];
    int n;

    if (!source->limit.left_out)
        return;
    n = snprintf(text, sizeof(text), "%llu lines were left out here (more than %u a second)",
                 (unsigned long long)source->limit.left_out, (unsigned)source->limit.rate.per_second);
    source->limit.left_out = 0;
    if (log_state.level >= FC_LOG_WARNING)
        log_line(FC_LOG_WARNING, source->instance, text, (size_t)n);
}

static bool log_take(struct log_source *source, enum log_writer writer)
{
    if (!log_source_take(source, writer, fc_now_ns()))
        return false;
    log_report_left_out(source);
    return true;
}

/* Says how often the last lines of a source came again. */
static void log_report_repeats(struct log_source *source)
{
    enum fc_log_level level = source->repeat.level;
    char text[LOG_MAX_TEXT];
    size_t bytes;

    if (log_state.loop)
        loop_cancel_timer(log_state.loop, &source->report);
    if (!source->repeat.n)
        return;
    bytes = log_repeat_report(&source->repeat, text, sizeof(text), fc_now_ns());
    if (log_take(source, LOG_BY_SCRIPT))
        log_line(level, source->instance, text, bytes);
}

static void log_report_due(void *userdata)
{
    log_report_repeats(userdata);
}

/* Whether a source has just said the same, which is counted then. */
static bool log_counts(struct log_source *source, enum fc_log_level level, const char *text, size_t bytes)
{
    if (!log_repeat_counts(&source->repeat, level, text, bytes, fc_now_ns()))
        return false;
    if (source->repeat.n == 1 && log_state.loop) {
        source->report =
            (struct timer){.fn = log_report_due, .userdata = source, .what = "repeats in the log"};
        loop_set_timer(log_state.loop, &source->report, log_repeat_due_ns(&source->repeat));
    }
    return true;
}

/* Writes the lines of `text` as far as the source may. */
static bool log_lines(struct log_source *source, enum log_writer writer, enum fc_log_level level,
                      const char *text, size_t bytes)
{
    const char *end = text + bytes;
    bool is_whole = true;

    for (const char *line = text, *next; line <= end; line = next + 1) {
        next = memchr(line, '\n', (size_t)(end - line));
        if (!next)
            next = end;
        if (log_take(source, writer))
            log_line(level, source->instance, line, (size_t)(next - line));
        else
            is_whole = false;
    }
    return is_whole;
}

/* Writes what a source says, or counts it. What the broker tells of an instance is news each time, unless it
 * is a complaint. */
static bool log_of_source(struct log_source *source, enum log_writer writer, enum fc_log_level level,
                          const char *text, size_t bytes)
{
    bool may_repeat = writer == LOG_BY_SCRIPT || level <= FC_LOG_WARNING;

    if (may_repeat && log_counts(source, level, text, bytes))
        return true;
    log_report_repeats(source);
    if (!log_lines(source, writer, level, text, bytes)) {
        log_repeat_forget(&source->repeat);
        return false;
    }
    log_repeat_written(&source->repeat, level, text, bytes, fc_now_ns());
    return true;
}

bool log_source_lines(struct log_source *source, enum fc_log_level level, const char *text, size_t bytes)
{
    if (level > log_state.level)
        return log_take(source, LOG_BY_SCRIPT);
    return log_of_source(source, LOG_BY_SCRIPT, level, text, bytes);
}

void log_source_end(struct log_source *source)
{
    log_report_repeats(source);
    log_report_left_out(source);
    log_repeat_forget(&source->repeat);
    log_source_unregister(source);
}

void log_set_loop(struct loop *loop)
{
    log_state.loop = loop;
}

void fc_log_text(enum fc_log_level level, const char *instance, const char *text, size_t bytes)
{
    struct log_source *source;

    if (level > log_state.level)
        return;
    source = log_source_find(instance);
    if (source)
        log_of_source(source, LOG_BY_BROKER, level, text, bytes);
    else
        log_line(level, instance, text, bytes);
}

void log_audit(const char *format, ...)
{
    char text[LOG_MAX_TEXT];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n > 0)
        log_line(LOG_AUDIT, NULL, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

void fc_log(enum fc_log_level level, const char *instance, const char *format, ...)
{
    char text[LOG_MAX_TEXT];
    va_list args;
    int n;

    if (level > log_state.level)
        return;
    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n > 0)
        fc_log_text(level, instance, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

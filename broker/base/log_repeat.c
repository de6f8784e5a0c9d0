/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps a copy of what was said last, so that nothing else can look the same. */
#include "broker/base/log_repeat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/utf8.h"

#define REPEAT_SHOWN 200 /* bytes of the text in a report */

static bool repeat_is_same(const struct log_repeat *repeat, enum fc_log_level level, const char *text,
                           size_t bytes)
{
    return repeat->text && repeat->level == level && repeat->bytes == bytes &&
           memcmp(repeat->text, text, bytes) == 0;
}

static unsigned repeat_free(const struct log_repeat *repeat)
{
    return repeat->level <= FC_LOG_WARNING ? 1 : LOG_REPEAT_FREE;
}

static void repeat_widen(struct log_repeat *repeat)
{
    uint64_t max_ns = repeat->level <= FC_LOG_WARNING ? LOG_REPEAT_MAX_BAD_NS : LOG_REPEAT_MAX_NS;

    repeat->window_ns = 2 * repeat->window_ns < max_ns ? 2 * repeat->window_ns : max_ns;
}

bool log_repeat_counts(struct log_repeat *repeat, enum fc_log_level level, const char *text, size_t bytes,
                       uint64_t now_ns)
{
    if (!repeat_is_same(repeat, level, text, bytes))
        return false;
    if (!repeat->n &&
        (repeat->n_written < repeat_free(repeat) || now_ns - repeat->since_ns >= repeat->window_ns))
        return false;
    repeat->n++;
    return true;
}

/* Notes that it is written once more. After a calm, the first window begins again, unless it is something bad
 * that comes again and again. */
static void repeat_go_on(struct log_repeat *repeat, uint64_t now_ns)
{
    if (now_ns - repeat->since_ns < repeat->window_ns) {
        repeat->n_written++;
        return;
    }
    repeat->since_ns = now_ns;
    repeat->n_written = 1;
    if (repeat->level <= FC_LOG_WARNING)
        repeat_widen(repeat);
    else
        repeat->window_ns = LOG_REPEAT_NS;
}

void log_repeat_written(struct log_repeat *repeat, enum fc_log_level level, const char *text, size_t bytes,
                        uint64_t now_ns)
{
    if (repeat_is_same(repeat, level, text, bytes)) {
        repeat_go_on(repeat, now_ns);
        return;
    }
    log_repeat_forget(repeat);
    if (bytes == 0 || bytes > LOG_REPEAT_BYTES)
        return;
    repeat->text = malloc(bytes);
    if (!repeat->text)
        return;
    memcpy(repeat->text, text, bytes);
    repeat->bytes = bytes;
    repeat->level = level;
    repeat->n_written = 1;
    repeat->since_ns = now_ns;
    repeat->window_ns = LOG_REPEAT_NS;
}

/* Returns how many bytes of a text fit, without half a character of UTF-8. */
static size_t repeat_cut(const char *text, size_t bytes, size_t room)
{
    if (bytes <= room)
        return bytes;
    while (room > 0 && fc_utf8_is_inside(text[room]))
        room--;
    return room;
}

size_t log_repeat_report(struct log_repeat *repeat, char *text, size_t room, uint64_t now_ns)
{
    const char *newline = memrchr(repeat->text, '\n', repeat->bytes);
    const char *last = newline ? newline + 1 : repeat->text;
    int bytes = (int)repeat_cut(last, (size_t)(repeat->text + repeat->bytes - last), REPEAT_SHOWN), n;

    if (repeat->n == 1)
        n = snprintf(text, room, "… repeated once: %.*s", bytes, last);
    else
        n = snprintf(text, room, "… repeated %llu times: %.*s", (unsigned long long)repeat->n, bytes, last);
    repeat->n = 0;
    repeat->since_ns = now_ns;
    repeat_widen(repeat);
    return (size_t)n < room ? (size_t)n : room - 1;
}

void log_repeat_forget(struct log_repeat *repeat)
{
    free(repeat->text);
    *repeat = (struct log_repeat){0};
}

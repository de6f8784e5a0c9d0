/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recognises what is said again, one time after the other: a script that fails at each event would otherwise
 * fill the log with the same lines. What is said is a line, or several that belong together. The first time
 * is never held back, nor are the first few times that a script prints something. What comes again soon is
 * counted; how soon that is doubles each time that something was
 * counted, and for warnings and errors each time that something comes again. Pure.
 */
#ifndef BROKER_BASE_LOG_REPEAT_H
#define BROKER_BASE_LOG_REPEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define LOG_REPEAT_NS         FC_NS_PER_S
#define LOG_REPEAT_MAX_NS     (10 * FC_NS_PER_S) /* of what a script prints */
#define LOG_REPEAT_MAX_BAD_NS (60 * FC_NS_PER_S) /* of warnings and errors */
#define LOG_REPEAT_FREE       3                  /* times that the same is printed before it is counted */
#define LOG_REPEAT_BYTES      16384              /* longer ones are not remembered */

/* Zeroed, nothing was said. */
struct log_repeat {
    char *text; /* what was said last; owned, NULL: nothing */
    size_t bytes;
    enum fc_log_level level;
    unsigned n_written; /* times in this window */
    uint64_t since_ns;  /* when the window began: it was written, or the count was */
    uint64_t window_ns;
    uint64_t n; /* times since then */
};

/* Counts a text if it comes again soon. False: it is to be written, after the count of the one before. */
bool log_repeat_counts(struct log_repeat *repeat, enum fc_log_level level, const char *text, size_t bytes,
                       uint64_t now_ns);

/* Notes that a text is written. Without memory for a new one, or if it is empty, nothing is remembered. */
void log_repeat_written(struct log_repeat *repeat, enum fc_log_level level, const char *text, size_t bytes,
                        uint64_t now_ns);

/* When the count should be written, if `n` is not 0. */
static inline uint64_t log_repeat_due_ns(const struct log_repeat *repeat)
{
    return repeat->since_ns + repeat->window_ns;
}

/* Writes what the log says of the count, which begins again: "… repeated 3 times: " and the last line.
 * Returns its length. */
size_t log_repeat_report(struct log_repeat *repeat, char *text, size_t room, uint64_t now_ns);

void log_repeat_forget(struct log_repeat *repeat);

#endif

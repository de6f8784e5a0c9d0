/* SPDX-License-Identifier: BSD-2-Clause */
/* The log's settings, and limits for lines that others cause. firecurtain/log.h is for writing to it. */
#ifndef BROKER_BASE_LOG_H
#define BROKER_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/base/log_source.h"
#include "firecurtain/log.h"

/* Looks at stderr: colour on a terminal, priorities instead of times when it is the systemd journal. */
void log_init(enum fc_log_level level);

/*
 * For a process whose lines the broker copies into its log, which knows the time and the instance: writes all
 * of them, and of each only its priority and text.
 */
void log_init_copied(void);

/* How lines are written. */
enum log_format {
    LOG_TEXT,
    LOG_JSON, /* an object in each line, with `time` (UTC), `level`, `instance` (null: none) and `message` */
    LOG_FORMATS_,
};

/* Chooses the format; before that, it is LOG_TEXT. */
void log_set_format(enum log_format format);

/* `text` or `json`; false if it is neither. */
bool log_parse_format(const char *name, enum log_format *format);

/* `error`, `warning`, `info` or `debug`; false if it is none of them. */
bool log_parse_level(const char *name, enum fc_log_level *level);

/*
 * Writes a line about what somebody did through the control interface, at any level: somebody may have to
 * find out later.
 */
void log_audit(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Gets each line, too. `level` is a literal. Must not log. */
typedef void (*log_tap_fn)(void *userdata, const char *level, const char *instance, const char *text,
                           size_t bytes);

/* Hands each line to `tap` from now on, or with NULL to nobody. */
void log_set_tap(log_tap_fn tap, void *userdata);

/*
 * Writes text that may hold anything in a form that is safe for a terminal: valid UTF-8, with \x1b for what a
 * terminal would obey. Returns the number of bytes written to `out`, at most `room`, which is 16 or more; no
 * NUL is among them.
 */
size_t log_escape(char *out, size_t room, const char *text, size_t bytes);

/*
 * Writes a value for `key=value`, as logfmt has it: as it is if it consists of what is harmless there, else
 * in double quotes, with a backslash before those and itself. Cut to `room` bytes with the NUL, 8 or more.
 * Returns `out`. What a terminal would obey is escaped when the line is written.
 */
const char *log_value(char *out, size_t room, const char *text);

/*
 * Writes what a script or another process has written, if its source may: one line, or several that belong
 * together, with line breaks between them. What the source has said just before is only counted. Of a
 * script's lines, those left out are counted, too, and said before the next one or by log_report_left_out().
 * False: at least one is left out.
 */
bool log_source_lines(struct log_source *source, enum fc_log_level level, const char *text, size_t bytes);
void log_report_left_out(struct log_source *source);

/* Says what has only been counted, and ends the source; it may be initialised again. */
void log_source_end(struct log_source *source);

struct loop;

/* Has counts of what came again written by timers of this loop from now on. NULL: by none. */
void log_set_loop(struct loop *loop);

#endif

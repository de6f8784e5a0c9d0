/* SPDX-License-Identifier: BSD-2-Clause */
/* The log's settings; writing to it is firecurtain/log.h. */
#ifndef BROKER_BASE_LOG_H
#define BROKER_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "firecurtain/log.h"

/* Looks at stderr: colour on a terminal, priorities instead of times when it is the systemd journal. */
void log_init(enum fc_log_level level);

/* `error`, `warning`, `info` or `debug`; false if it is none of them. */
bool log_parse_level(const char *name, enum fc_log_level *level);

/*
 * One line about what somebody did by the control interface; at any level, since somebody may have to find
 * out later.
 */
void log_audit(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Lines go there as well, from now on; NULL: no more. `level` is a literal. `tap` must not log.
 */
typedef void (*log_tap_fn)(void *userdata, const char *level, const char *instance, const char *text,
                           size_t bytes);
void log_set_tap(log_tap_fn tap, void *userdata);

/*
 * Text that may hold anything as a terminal may see it: valid UTF-8, with \x1b for what would be obeyed. The
 * number of bytes written to `out`, of at most `room`, which is 16 or more; no NUL.
 */
size_t log_escape(char *out, size_t room, const char *text, size_t bytes);

/* A token bucket: so many at once, so many per second. */
struct log_limit {
    uint32_t burst;
    uint32_t per_second;
    uint64_t tokens_ns; /* time saved up, in units of one token's worth */
    uint64_t last_ns;
    uint64_t left_out; /* since the last line that was let through */
};

void log_limit_init(struct log_limit *limit, uint32_t burst, uint32_t per_second);

/* True if one more line may be written now; otherwise it is counted in `left_out`. */
bool log_limit_take(struct log_limit *limit, uint64_t now_ns);

#endif

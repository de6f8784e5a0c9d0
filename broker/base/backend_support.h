/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the broker and drivers do alike for backends (firecurtain/backend.h): watches and timers of a loop, of
 * which this file has fc_watch_output(), fc_watch_free(), fc_timer_set() and fc_timer_free(), and lines about
 * malformed input.
 */
#ifndef BROKER_BASE_BACKEND_SUPPORT_H
#define BROKER_BASE_BACKEND_SUPPORT_H

#include <stdarg.h>

#include "broker/base/log_source.h"
#include "firecurtain/backend.h"

struct loop;

/*
 * As fc_watch_new(), in this loop; `what` names it in the account of slow turns, and must last. While
 * `*is_held`, which must last, too, nothing is called; NULL: always.
 */
int backend_watch_new(struct fc_watch **watch, struct loop *loop, const char *what, const bool *is_held,
                      int fd, fc_watch_fn ready, void *userdata);

/* As fc_timer_new(), in the same way. */
int backend_timer_new(struct fc_timer **timer, struct loop *loop, const char *what, fc_timer_fn fn,
                      void *userdata);

/* Malformed input of an instance. Zeroed, there was none. */
struct backend_drops {
    uint64_t n;
    uint64_t n_logged; /* as many were there when the log was told last */
    uint64_t logged_ns;
};

#define BACKEND_DETECTS 100 /* lines a second, and at once */

/* As fc_may_detect(). Zeroed, `limit` is full. */
bool backend_may_detect(struct log_limit *limit, const char *instance);

/* Counts one, and logs it at most once a second; `instance` is as for fc_log(). */
void backend_drop(struct backend_drops *drops, const char *instance, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

#endif

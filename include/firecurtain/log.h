/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: one line per event, `TIME LEVEL INSTANCE MESSAGE`, to stderr. Control characters and invalid
 * UTF-8 are escaped here, so that callers may pass on text from a script or a packet.
 */
#ifndef FIRECURTAIN_LOG_H
#define FIRECURTAIN_LOG_H

#include <stddef.h>

enum fc_log_level {
    FC_LOG_ERROR,
    FC_LOG_WARNING,
    FC_LOG_INFO,
    FC_LOG_DEBUG,
};

/*
 * Writes one line. `instance` names the instance it is about, NULL for the broker itself. Never blocks: a
 * line that stderr cannot take at once is counted and left out.
 */
void fc_log(enum fc_log_level level, const char *instance, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes one line of `bytes` bytes of text, which need not end in a NUL. */
void fc_log_text(enum fc_log_level level, const char *instance, const char *text, size_t bytes);

#endif

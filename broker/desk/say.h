/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines for the broker's log, which reads the desk's stderr. In the desk, in any of its threads. */
#ifndef BROKER_DESK_SAY_H
#define BROKER_DESK_SAY_H

/* Writes one line, at the level warning. */
void say_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

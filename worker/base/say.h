/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes lines to the broker's log, through the pipe on stderr, with priorities as in sd-daemon(3). */
#ifndef WORKER_BASE_SAY_H
#define WORKER_BASE_SAY_H

#define SAY_ERROR   "<3>"
#define SAY_WARNING "<4>"

/*
 * Writes one line, cut at 1 KiB. The format begins with one of the priorities and has no line end. May block
 * on the pipe.
 */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes errors that belong together: a line, and what follows in `text`, whose lines are cut at 1 KiB. */
void say_together(const char *first, const char *text);

#endif

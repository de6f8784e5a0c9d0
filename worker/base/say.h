/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines to the broker's log, through the pipe on stderr, with a priority as systemd's sd-daemon(3) writes it.
 */
#ifndef WORKER_BASE_SAY_H
#define WORKER_BASE_SAY_H

#define SAY_ERROR   "<3>"
#define SAY_WARNING "<4>"
#define SAY_INFO    "<6>"

/*
 * Writes one line, cut at 1 KiB. Begin the format with one of the priorities; no line end. May block on the
 * pipe.
 */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scribe: a process that replaces one small file each time the broker says so, since the broker itself
 * can write no file and waits for no disk. The file has the old content or the new one, whatever happens
 * meanwhile. This is the broker's side, except for what scribe.c says runs in the scribe.
 */
#ifndef BROKER_OS_SCRIBE_H
#define BROKER_OS_SCRIBE_H

#include <stddef.h>

#define SCRIBE_MOST 65536 /* bytes of a file */

struct scribe;

/*
 * Starts the process for the file `name` in `folder`, both of which are only borrowed. Before the broker is
 * confined, and with signals blocked, as they then are in the scribe. 0 or -errno.
 */
int scribe_new(struct scribe **scribe, int folder, const char *name);

/* Lets the scribe finish, but waits for it no longer than a moment. Takes NULL; returns NULL. */
struct scribe *scribe_free(struct scribe *scribe);

/* Returns a descriptor, which is readable when there is an answer. */
int scribe_fd(const struct scribe *scribe);

/* Hands over a new content; not before the last one was answered. 0 or -errno. */
int scribe_write(struct scribe *scribe, const char *bytes, size_t n);

/* Waits at most `ms` for the answer. Sets *result to 0 or -errno. -EAGAIN: none yet; -EPIPE: it has ended. */
int scribe_take(struct scribe *scribe, int ms, int *result);

#endif

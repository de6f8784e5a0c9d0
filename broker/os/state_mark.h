/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notes whose the folders below the state folder are: .shows/NAME there has the path of the configuration
 * that has the private folders in NAME. A broker holds a lock on it for as long as it runs, so that nobody
 * removes them meanwhile. Runs in the broker while it starts, and in `firecurtain state`; may wait for the
 * disk.
 */
#ifndef BROKER_OS_STATE_MARK_H
#define BROKER_OS_STATE_MARK_H

#include <stdbool.h>
#include <stddef.h>

/* Notes a show, and locks its folder for this process and those that it forks. Waits while it is being
 * removed. Returns a descriptor, the caller's, which keeps the lock; or -errno. */
int state_mark_take(const char *state_folder, const char *name, const char *show);

struct state_mark {
    int fd;          /* -1: there is none */
    bool is_running; /* a broker has it */
    char show[4096]; /* the path; empty: unknown */
};

/* Finds out about a folder below the state folder, which is borrowed. */
void state_mark_read(struct state_mark *mark, int state_folder, const char *name);
void state_mark_deinit(struct state_mark *mark);

/* Keeps brokers from starting that show until the mark is closed. False if one runs. True without a mark. */
bool state_mark_lock(struct state_mark *mark);

/* Removes the mark of a folder that is gone. */
void state_mark_remove(int state_folder, const char *name);

#endif

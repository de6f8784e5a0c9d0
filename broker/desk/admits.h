/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may connect: the list that the broker has made of its roles. In the desk. */
#ifndef BROKER_DESK_ADMITS_H
#define BROKER_DESK_ADMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "proto/desk_messages.h"

struct admits {
    struct desk_admit list[DESK_MAX_ADMITS];
    size_t n;
};

/* Reads a list. 0 or -EBADMSG. */
int admits_read(struct admits *admits, const void *bytes, size_t n_bytes);

/* Returns whether a process with these ids has a role. */
bool admits_find(const struct admits *admits, uid_t uid, gid_t gid);

/* Returns whether the uid is root's or the broker's own. */
bool admits_is_owner(const struct admits *admits, uid_t uid);

#endif

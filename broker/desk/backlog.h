/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies that must not be lost while a client is slow: they wait here, in their order, and the broker, which
 * is told of each one that was sent, sends only a few ahead. In the desk.
 */
#ifndef BROKER_DESK_BACKLOG_H
#define BROKER_DESK_BACKLOG_H

#include <stdint.h>

#include "broker/base/loop.h"
#include "proto/desk_messages.h"

#define BACKLOG_MAX 512 /* replies that wait, of all clients */

struct backlog_spec {
    struct loop *loop;
    /* Sends a reply. 0; -EAGAIN to be called again; any other -errno: the client has gone. */
    int (*send)(void *userdata, uint64_t client, const void *bytes, size_t n_bytes);
    /* A reply was sent, or with `is_gone` its client has gone. */
    void (*sent)(void *userdata, uint64_t client, uint64_t id, bool is_gone);
    void *userdata;
};

struct backlog {
    struct backlog_spec spec;
    struct backlog_reply *replies; /* that wait, oldest first */
    unsigned n;
    struct timer retry;
};

void backlog_init(struct backlog *backlog, const struct backlog_spec *spec);
void backlog_deinit(struct backlog *backlog);

/* Sends a reply (DESK_STREAM), or has it wait. -ENOBUFS, -ENOMEM: it is lost. */
int backlog_send(struct backlog *backlog, const struct desk_message *message);

#endif

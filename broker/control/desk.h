/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker's side of the desk (broker/desk/desk.h), the process that meets the clients: starts it through
 * the keeper, starts it again when it has died, and sends it messages. Nothing here waits for it, except the
 * end. What it says is checked like what any stranger says, but for the uid of a caller, which nobody else
 * knows.
 */
#ifndef BROKER_CONTROL_DESK_H
#define BROKER_CONTROL_DESK_H

#include "proto/desk_messages.h"

struct control_desk;
struct runtime;

struct control_desk_spec {
    struct runtime *runtime; /* its control_fd is lent to each desk */
    const struct desk_admit *admits;
    size_t n_admits;
    const char *names; /* of hosts, for browsers */
    /* There may be messages; to be called again until control_desk_receive() has none. */
    void (*ready)(void *userdata);
    /* The desk has died, and all connections with it. Another one is started. */
    void (*lost)(void *userdata);
    void *userdata;
};

/* Starts a desk; if that fails, the log has the reason, and it is tried again. -ENOMEM. */
int control_desk_new(struct control_desk **desk, const struct control_desk_spec *spec);

/*
 * Ends the desk, which has a moment to send what is on its way to clients. Takes NULL; returns NULL.
 */
struct control_desk *control_desk_free(struct control_desk *desk);

/* Has `ready` called when there are messages, or not. */
void control_desk_listen(struct control_desk *desk, bool listens);

/* Receives the next message, as desk_message_receive(). -EAGAIN also while there is no desk. */
int control_desk_receive(struct control_desk *desk, struct desk_message *message);

/* Sends a message. -EAGAIN if the desk does not read; -EPIPE while there is none. */
int control_desk_send(struct control_desk *desk, const struct desk_message *message);

/* Kills a desk that does not behave, for the reason in `why`; `lost` follows. */
void control_desk_kill(struct control_desk *desk, const char *why);

#endif

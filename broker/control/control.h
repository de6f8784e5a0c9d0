/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control interface: what people and programs of this machine ask a running broker, and tell it
 * (docs/protocol.md). The broker's side of it, in its loop; nothing here waits. A client that floods, is
 * silent, or does not read what it asked for costs a fixed amount.
 */
#ifndef BROKER_CONTROL_CONTROL_H
#define BROKER_CONTROL_CONTROL_H

#include <stdbool.h>

struct control;
struct control_roles;
struct journal;
struct runtime;
struct show;

/* Borrowed until control_free(). */
struct control_spec {
    struct runtime *runtime; /* its control_fd is the server's from control_new() on */
    const struct control_roles *roles;
    struct journal *journal;
    bool (*is_changing)(void *userdata); /* the configuration: `reload` would be for later */
    /*
     * As SIGHUP does, or for a user's show alone (her number in users.h, not while it is changing);
     * control_reloaded() follows, maybe from within the call.
     */
    void (*reload)(void *userdata, unsigned account);
    void *userdata;
};

/* Once the curtain is closed; serves as soon as the loop runs. -errno. */
int control_new(struct control **control, const struct control_spec *spec);

/* Hangs up on all clients. Takes NULL; returns NULL. */
struct control *control_free(struct control *control);

/* The show that requests are about from now on. NULL is fine for either. */
void control_set_show(struct control *control, struct show *show);

/*
 * A change of the configuration is over, or did not begin, for the reason in `text`, which may be
 * NULL. NULL is fine for `control`.
 */
void control_reloaded(struct control *control, bool success, const char *text);

#endif

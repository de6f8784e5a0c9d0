/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control interface: what people and programs of this machine ask a running broker, and tell it
 * (docs/protocol.md). They reach the desk, a process of its own (broker/desk), which passes on what is sound;
 * this folder is what the broker does with it, and runs in the broker's loop; nothing here waits. A client
 * that floods, is silent, or does not read what it asked for costs a fixed amount. It must not know how a
 * show is built, nor how the broker reloads it: it is given functions for that.
 *
 * control.c reads requests, desk.c has the desk run, and verbs.c has the table of what can be asked; each
 * verb, or a few that belong together, has a file. scope.c decides what exists for a caller.
 */
#ifndef BROKER_CONTROL_CONTROL_H
#define BROKER_CONTROL_CONTROL_H

#include <stdbool.h>

struct control;
struct console_config;
struct control_roles;
struct journal;
struct token_store;
struct runtime;
struct show;

/* Everything in it is borrowed until control_free(). */
struct control_spec {
    struct runtime *runtime; /* its control_fd listens */
    const struct control_roles *roles;
    struct journal *journal;
    const struct console_config *console;
    struct token_store *token_store;     /* opened; begun here */
    bool (*is_changing)(void *userdata); /* the configuration is being changed: `reload` is for afterwards */
    /*
     * Reads the configuration again, or a user's alone (by number, never while the configuration is being
     * changed); control_reloaded() follows, possibly from within the call.
     */
    void (*reload)(void *userdata, unsigned account);
    void *userdata;
};

/* Begins to serve, as soon as the loop runs; the broker has confined itself before. -errno. */
int control_new(struct control **control, const struct control_spec *spec);

/* Hangs up on all clients. Takes NULL; returns NULL. */
struct control *control_free(struct control *control);

/* Sets the show that requests are about from now on. Both may be NULL. */
void control_set_show(struct control *control, struct show *show);

#endif

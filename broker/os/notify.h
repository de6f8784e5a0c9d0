/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a service manager is told: sd_notify(3)'s protocol, without its library. It is one datagram, and the
 * socket has to be there before the curtain closes; libsystemd opens one at each call.
 *
 * All functions but notify_new() take NULL, which means that nobody asked. None blocks: what the manager
 * cannot take at once is said again a little later.
 */
#ifndef BROKER_OS_NOTIFY_H
#define BROKER_OS_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct notify;

/*
 * Opens the socket that NOTIFY_SOCKET names, and takes it and WATCHDOG_… out of the environment. *notify
 * is NULL if nobody asked, or nobody can be told (a warning in the log). -ENOMEM. The caller owns *notify.
 */
int notify_new(struct notify **notify);

/* Takes NULL; returns NULL. Before the loop is freed. */
struct notify *notify_free(struct notify *notify);

/* From here on the watchdog is fed, for as long as the loop turns. */
void notify_start(struct notify *notify, struct loop *loop);

/* Feeds the watchdog in the midst of a turn that takes long for a reason. */
void notify_alive(struct notify *notify);

/* The configuration is read again: until notify_turn() finds a show that runs. */
void notify_reloading(struct notify *notify);

/* The end has begun; nothing else is said afterwards. */
void notify_stopping(struct notify *notify);

/* How many instances a show has, and how many of them run. */
struct notify_health {
    size_t n;
    size_t n_up;
    size_t n_starting; /* those that were neither up so far nor have failed to be */
};

/*
 * Whether notify_turn() would do something with the health of a running show, in which something has come up
 * or gone down if `has_news`.
 */
bool notify_wants(const struct notify *notify, bool has_news);

/*
 * At the end of a turn in which notify_wants(): says that the show runs once all its instances have run or
 * failed, or after a minute, and then how many run. Returns whether it was; news stay news until then.
 */
bool notify_turn(struct notify *notify, const struct notify_health *health);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tells the service manager how the broker is doing: sd_notify(3)'s protocol, without its library. Each
 * message is one datagram, and the socket has to be opened before the broker confines itself; libsystemd
 * opens one for each call.
 *
 * All functions but notify_new() take NULL, which means that there is no service manager. None blocks:
 * messages that the manager cannot take at once are sent again a little later.
 */
#ifndef BROKER_OS_NOTIFY_H
#define BROKER_OS_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct notify;

/*
 * Opens the socket that NOTIFY_SOCKET names, and removes it and WATCHDOG_… from the environment. *notify,
 * which the caller owns, is NULL if there is no service manager, or if it cannot be reached (a warning in the
 * log). 0 or -ENOMEM.
 */
int notify_new(struct notify **notify);

/* Takes NULL; returns NULL. Before the loop is freed. */
struct notify *notify_free(struct notify *notify);

/* Starts feeding the watchdog, for as long as the loop turns. */
void notify_start(struct notify *notify, struct loop *loop);

/* Feeds the watchdog in a turn of the loop that takes long for a good reason. */
void notify_alive(struct notify *notify);

/* Says that the configuration is being reloaded, which lasts until notify_turn() finds a running show. */
void notify_reloading(struct notify *notify);

/* Says that the broker is shutting down; nothing is sent afterwards. */
void notify_stopping(struct notify *notify);

/* How many instances a show has, and how many of them run. */
struct notify_health {
    size_t n;
    size_t n_up;
    size_t n_starting; /* those that have neither run nor failed yet */
};

/*
 * Returns whether notify_turn() would use the health of a running show. `has_news`: an instance has come up
 * or gone down.
 */
bool notify_wants(const struct notify *notify, bool has_news);

/* Returns whether there is a service manager that waits for the show to run for the first time. */
bool notify_is_awaited(const struct notify *notify);

/*
 * Says that the show is running once all its instances have run or failed, or after a minute, and then how
 * many run; for the end of a turn in which notify_wants(). Returns whether it did; otherwise news remains
 * news.
 */
bool notify_turn(struct notify *notify, const struct notify_health *health);

#endif

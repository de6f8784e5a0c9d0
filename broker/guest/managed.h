/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sockets that a script has registered with manage(). The broker polls duplicates of them, one shot at a
 * time, and tells the script which are ready. It reports a socket whose peer has gone once. If the script
 * keeps that registered, it is unregistered with a warning, since it would be ready for ever.
 */
#ifndef BROKER_GUEST_MANAGED_H
#define BROKER_GUEST_MANAGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANAGED_MAX 256 /* more than a worker lets its script have */

struct loop;
struct managed_set;

struct managed_ops {
    /* A socket has become ready. */
    void (*changed)(void *userdata);
    /* Returns a duplicate of the worker's descriptor, for the set to close; or -errno. -EINPROGRESS: it comes
     * later, by managed_set_replaced(). */
    int (*take)(void *userdata, int fd);
    /* Nothing is managed at this descriptor any more. May be NULL. */
    void (*forgot)(void *userdata, int fd);
};

/* `instance` must outlive the set. -ENOMEM. */
int managed_set_new(struct managed_set **set, struct loop *loop, const char *instance,
                    const struct managed_ops *ops, void *userdata);

/* Takes NULL; returns NULL. */
struct managed_set *managed_set_free(struct managed_set *set);

/*
 * Polls the worker's descriptor `fd` as `id`; a negative `fd` ends that. -EBADF if it is not a socket,
 * -EEXIST, -ENOSPC, or what the kernel says; all but -ENOMEM are the worker's fault.
 */
int managed_set_change(struct managed_set *set, uint32_t id, int fd);

/*
 * The worker has the socket `own` at `fd` now, for example a connection that the gate made for it; the set
 * takes it over. -EBADF, or another -errno, if it cannot be polled, or is such an error itself: then what
 * `take` has promised for `fd` is not managed, with a line in the log.
 */
int managed_set_replaced(struct managed_set *set, int fd, int own);

/* Logs that the worker's descriptor `fd` cannot be managed. */
void managed_warn(const char *instance, int fd, int error);

/* Whether managed_set_take() would return any. */
bool managed_set_is_ready(const struct managed_set *set);

/* Takes the ids that are ready, for a message. Each is polled again only after managed_set_handled(). */
size_t managed_set_take(struct managed_set *set, uint32_t ids[MANAGED_MAX]);

/* The script has handled what managed_set_take() returned. */
void managed_set_handled(struct managed_set *set);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sockets that a script has registered with manage(): the broker polls duplicates of them, one shot at a
 * time, and tells which are ready. A socket whose peer has gone is reported once; a script that keeps it
 * registered all the same loses it, with a warning, so that nothing spins.
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
    /* a socket has become ready */
    void (*changed)(void *userdata);
    /* a duplicate of the worker's descriptor, the set's from then on; or -errno */
    int (*take)(void *userdata, int fd);
};

/* `instance` must outlive the set. -ENOMEM. */
int managed_set_new(struct managed_set **set, struct loop *loop, const char *instance,
                    const struct managed_ops *ops, void *userdata);

/* Takes NULL; returns NULL. */
struct managed_set *managed_set_free(struct managed_set *set);

/*
 * Takes descriptor `fd` of the worker and polls it as `id`; a negative one ends that. -EBADF if it is
 * no socket, -EEXIST, -ENOSPC, or what the kernel says: all of them the worker's fault, save -ENOMEM.
 */
int managed_set_change(struct managed_set *set, uint32_t id, int fd);

/* The worker has another socket at descriptor `fd` now, as after a connection that the broker made for it. */
void managed_set_replaced(struct managed_set *set, int fd);

/* Whether managed_set_take() would give any. */
bool managed_set_is_ready(const struct managed_set *set);

/* The ids that are ready, for a message; each is polled again only after managed_set_handled(). */
size_t managed_set_take(struct managed_set *set, uint32_t ids[MANAGED_MAX]);

/* The script has handled what managed_set_take() gave. */
void managed_set_handled(struct managed_set *set);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* One worker at its gate, as the broker sees it: what the broker tells the gate and hears of it. */
#ifndef BROKER_GATE_LINK_H
#define BROKER_GATE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/gate/policy.h"

struct gate_client;
struct gate_link;

/* What a worker's gate tells. None of these functions may free the link. */
struct gate_link_ops {
    /* Opens the worker's memory, for the gate. A descriptor, or -errno: then the worker has ended. */
    int (*open_memory)(void *userdata);
    /* The same for the list of its mappings, /proc/PID/maps. */
    int (*open_maps)(void *userdata);
    /* The worker has `own` as its descriptor `fd`, which belongs to the callee; or `own` is -errno. */
    void (*placed)(void *userdata, int fd, int own);
    /* The worker cannot be served. */
    void (*failed)(void *userdata, int error);
    /* The worker has made the gate wait for so long lately, and is not served any more. */
    void (*offends)(void *userdata, uint64_t waited_ns);
    /* Files that the worker has deleted and still holds have so many bytes, more than `state_bytes`;
     * UINT64_MAX: that cannot be told. */
    void (*deleted)(void *userdata, uint64_t bytes);
};

struct gate_link_spec {
    const char *instance;        /* borrowed, as the policy, until gate_link_free() */
    const struct policy *policy; /* resolved */
    int pidfd;                   /* borrowed until gate_link_free() */
    uint32_t files;              /* numbers of the worker's descriptors are below this */
    uint64_t state_bytes;        /* of the private folder */
    uint64_t state_device;       /* that it is on; 0: unknown */
    const char *state_folder;    /* borrowed: its path, as the worker sees it; NULL: it has none */
    uint64_t connections;        /* open at once; 0: no limit */
    uint32_t log_rate;           /* lines a second; 0: as many as the gate writes anyway */
};

/*
 * Has the worker served whose notification descriptor is `listener`, which it takes over. 0, -E2BIG if the
 * policy has too many rules, or -ENOMEM.
 */
int gate_link_new(struct gate_link **link, struct gate_client *client, const struct gate_link_spec *spec,
                  int listener, const struct gate_link_ops *ops, void *userdata);

/* The worker has ended. Takes NULL; returns NULL. */
struct gate_link *gate_link_free(struct gate_link *link);

/*
 * Asks for what the worker has as `fd` unless that is the socket with the cookie `cookie` (0: none): `placed`
 * tells it once, now or when it is replaced. -ENOSPC for too many descriptors at the same time.
 */
int gate_link_watch(struct gate_link *link, int fd, uint64_t cookie);

/* Asks no longer. What was asked may still be told. */
void gate_link_forget(struct gate_link *link, int fd);

/* Returns whether it is asked for. */
bool gate_link_is_watching(const struct gate_link *link, int fd);

/* Answers callers that wait with EINTR, because a signal is coming. NULL is fine. */
void gate_link_interrupt(struct gate_link *link);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the broker has counted: sizes of private folders, and memory of workers. The counter (counter.h)
 * counts, and says when a limit is exceeded.
 */
#ifndef BROKER_KEEPER_COUNTER_CLIENT_H
#define BROKER_KEEPER_COUNTER_CLIENT_H

#include <sys/types.h>

#include "broker/keeper/folder_limit.h"
#include "broker/keeper/memory_watch.h"

struct counter_client;
struct counter_quota;
struct keeper;
struct loop;

/*
 * Makes the client, to which all quotas belong. If the counter dies, the broker ends as without its keeper.
 * -errno.
 */
int counter_client_new(struct counter_client **client, struct loop *loop, struct keeper *keeper);

/* Frees the client, all of whose quotas have been freed. Takes NULL; returns NULL. */
struct counter_client *counter_client_free(struct counter_client *client);

struct folder_quota_spec {
    unsigned account;
    const char *path; /* of the private folder; copied */
    struct folder_size max;
    /*
     * called with 0 and `excess` if the folder is over `max`, again at each change that leaves it so; or with
     * -errno if it cannot be counted, after which the quota is to be freed. May free the quota.
     */
    void (*exceeded)(void *userdata, int error, const struct folder_excess *excess);
    void *userdata;
};

/* Has a folder counted. -ENOMEM, -ENAMETOOLONG. */
int folder_quota_new(struct counter_quota **quota, struct counter_client *client,
                     const struct folder_quota_spec *spec);

struct memory_quota_spec {
    pid_t pid; /* of a child of this process */
    uint64_t max_bytes;
    void (*changed)(void *userdata, const struct memory_use *use); /* at most eight times a second */
    /* the process uses more: `use`; called again while it does */
    void (*exceeded)(void *userdata, const struct memory_use *use);
    /* it cannot be watched: -errno */
    void (*failed)(void *userdata, int error);
    void *userdata;
};

/* Has a process's memory watched until the quota is freed. -ENOMEM. */
int memory_quota_new(struct counter_quota **quota, struct counter_client *client,
                     const struct memory_quota_spec *spec);

/* Takes NULL; returns NULL. */
struct counter_quota *counter_quota_free(struct counter_quota *quota);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* See state_limit.h. */
#include "broker/keeper/folder_limit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "broker/base/hash.h"
#include "broker/base/inotify.h"
#include "broker/base/loop.h"
#include "broker/keeper/folder_count.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define FOLDER_COUNT_NS   (100 * FC_NS_PER_MS)
#define FOLDER_COST_TIMES 10 /* of the processor that a count takes: so long until the next */

/* A watched folder below the private one, which is the first of them. */
struct state_folder {
    int wd;
    struct folder_limit *limit;
    UT_hash_handle hh; /* in the monitor, by wd */
};

struct folder_limit {
    struct folder_limits *monitor;
    struct folder_limit_spec spec;
    struct timer count;
    uint64_t counted_ns; /* when, … */
    uint64_t cost_ns;    /* … and what it took of the processor */
    unsigned n_folders;
    struct folder_limit *next; /* of this monitor */
};

struct folder_limits {
    struct inotify inotify;
    struct state_folder *folders; /* hash */
    struct folder_limit *limits;
};

static void state_schedule(struct folder_limit *limit)
{
    uint64_t now_ns = fc_now_ns(), rest_ns = limit->counted_ns + FOLDER_COST_TIMES * limit->cost_ns;

    if (limit->count.position)
        return;
    loop_set_timer(limit->monitor->inotify.loop, &limit->count,
                   rest_ns > now_ns + FOLDER_COUNT_NS ? rest_ns : now_ns + FOLDER_COUNT_NS);
}

static void state_forget(struct folder_limits *monitor, struct state_folder *folder)
{
    folder->limit->n_folders--;
    HASH_DEL(monitor->folders, folder);
    free(folder);
}

static void state_event(void *userdata, const struct inotify_event *event)
{
    struct folder_limits *monitor = userdata;
    struct state_folder *folder;

    HASH_FIND_INT(monitor->folders, &event->wd, folder);
    if (!folder) { /* some were lost: whose, nobody knows */
        for (struct folder_limit *limit = monitor->limits; limit && event->mask & IN_Q_OVERFLOW;
             limit = limit->next)
            state_schedule(limit);
        return;
    }
    if (event->mask & IN_IGNORED)
        state_forget(monitor, folder);
    else
        state_schedule(folder->limit);
}

int folder_limits_new(struct folder_limits **monitorp, struct loop *loop)
{
    struct folder_limits *monitor = calloc(1, sizeof(*monitor));
    int r;

    if (!monitor)
        return -ENOMEM;
    monitor->inotify = (struct inotify){.changed = state_event, .userdata = monitor};
    r = inotify_open(&monitor->inotify, loop);
    if (r < 0) {
        folder_limits_free(monitor);
        return r;
    }
    *monitorp = monitor;
    return 0;
}

struct folder_limits *folder_limits_free(struct folder_limits *monitor)
{
    if (!monitor)
        return NULL;
    inotify_close(&monitor->inotify);
    free(monitor);
    return NULL;
}

/* Watches the folder behind a descriptor. A second time is none: the kernel gives the same number. */
static int state_watch(struct folder_limit *limit, int fd)
{
    struct folder_limits *monitor = limit->monitor;
    struct state_folder *folder;
    char path[64];
    int wd;

    snprintf(path, sizeof(path), "/proc/self/fd/%d/.", fd);
    wd = inotify_add_watch(monitor->inotify.fd, path, FOLDER_COUNT_EVENTS);
    if (wd < 0)
        return -errno;
    HASH_FIND_INT(monitor->folders, &wd, folder);
    if (folder)
        return 0;
    if (limit->n_folders == FOLDER_COUNT_MAX_FOLDERS) {
        inotify_rm_watch(monitor->inotify.fd, wd);
        return -ENOSPC;
    }
    folder = calloc(1, sizeof(*folder));
    if (!folder)
        return -ENOMEM;
    folder->wd = wd;
    folder->limit = limit;
    HASH_ADD_INT(monitor->folders, wd, folder);
    if (!folder->hh.tbl) {
        inotify_rm_watch(monitor->inotify.fd, wd);
        free(folder);
        return -ENOMEM;
    }
    limit->n_folders++;
    return 0;
}

static int state_watch_folder(void *userdata, int fd)
{
    return state_watch(userdata, fd);
}

static uint64_t state_processor_ns(void)
{
    struct timespec used = {0};

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * FC_NS_PER_S + (uint64_t)used.tv_nsec;
}

static void state_look(void *userdata)
{
    struct folder_limit *limit = userdata;
    const struct folder_limit_spec *spec = &limit->spec;
    uint64_t before_ns = state_processor_ns();
    struct folder_count counter = {.limit = {spec->max_bytes, spec->max_files},
                                   .watch = state_watch_folder,
                                   .userdata = limit};

    folder_count(&counter, spec->folder_fd);
    limit->counted_ns = fc_now_ns();
    limit->cost_ns = state_processor_ns() - before_ns;
    if (folder_is_over(&counter.size, &counter.limit))
        spec->exceeded(spec->userdata);
}

int folder_limit_new(struct folder_limit **limitp, struct folder_limits *monitor,
                     const struct folder_limit_spec *spec)
{
    struct folder_limit *limit = calloc(1, sizeof(*limit));

    if (!limit)
        return -ENOMEM;
    limit->monitor = monitor;
    limit->spec = *spec;
    limit->count = (struct timer){.fn = state_look, .userdata = limit};
    limit->next = monitor->limits;
    monitor->limits = limit;
    loop_set_timer(monitor->inotify.loop, &limit->count, fc_now_ns());
    *limitp = limit;
    return 0;
}

struct folder_limit *folder_limit_free(struct folder_limit *limit)
{
    struct state_folder *folder, *next;
    struct folder_limit **slot;

    if (!limit)
        return NULL;
    for (slot = &limit->monitor->limits; *slot != limit; slot = &(*slot)->next)
        ;
    *slot = limit->next;
    loop_cancel_timer(limit->monitor->inotify.loop, &limit->count);
    HASH_ITER(hh, limit->monitor->folders, folder, next)
    {
        if (folder->limit != limit)
            continue;
        inotify_rm_watch(limit->monitor->inotify.fd, folder->wd);
        state_forget(limit->monitor, folder);
    }
    free(limit);
    return NULL;
}

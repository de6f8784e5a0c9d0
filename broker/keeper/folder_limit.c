/* SPDX-License-Identifier: BSD-2-Clause */
/* Watches private folders, and decides when to count them; runs in the counter. */
#include "broker/keeper/folder_limit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "broker/base/hash.h"
#include "broker/base/inotify.h"
#include "broker/base/loop.h"
#include "firecurtain/time.h"

#define LIMIT_EVENTS     (IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR | IN_DONT_FOLLOW)
#define LIMIT_DELAY_NS   (100 * FC_NS_PER_MS) /* from a change to the next count */
#define LIMIT_COST_TIMES 10                   /* a count rests for this many times its processor time */
#define LIMIT_BLIND_NS   FC_NS_PER_S          /* from one count to the next where changes are not told */

/* A folder that is watched: a private folder, or one somewhere below. */
struct limit_folder {
    int wd;
    struct folder_limit *limit;
    UT_hash_handle hh; /* in the set, by wd */
};

struct folder_limit {
    struct folder_limits *set;
    struct folder_limit_spec spec;
    struct timer count;
    uint64_t counted_ns; /* when it was last counted */
    uint64_t cost_ns;    /* processor time that this took */
    unsigned n_folders;
    bool is_blind;             /* some folder could not be watched: the user's watches may be used up */
    struct folder_limit *next; /* in the set */
};

struct folder_limits {
    struct inotify inotify;
    struct limit_folder *folders; /* hash */
    struct folder_limit *first;
};

static void limit_schedule(struct folder_limit *limit, uint64_t delay_ns)
{
    uint64_t soon_ns = fc_now_ns() + delay_ns;
    uint64_t rested_ns = limit->counted_ns + LIMIT_COST_TIMES * limit->cost_ns;

    if (limit->count.position)
        return;
    loop_set_timer(limit->set->inotify.loop, &limit->count, rested_ns > soon_ns ? rested_ns : soon_ns);
}

static void limit_forget(struct folder_limits *set, struct limit_folder *folder)
{
    folder->limit->n_folders--;
    HASH_DEL(set->folders, folder);
    free(folder);
}

static void limit_event(void *userdata, const struct inotify_event *event)
{
    struct folder_limits *set = userdata;
    struct limit_folder *folder;

    HASH_FIND_INT(set->folders, &event->wd, folder);
    if (!folder) { /* events were lost, and nothing says whose */
        for (struct folder_limit *limit = set->first; limit && event->mask & IN_Q_OVERFLOW;
             limit = limit->next)
            limit_schedule(limit, LIMIT_DELAY_NS);
        return;
    }
    if (event->mask & IN_IGNORED)
        limit_forget(set, folder);
    else
        limit_schedule(folder->limit, LIMIT_DELAY_NS);
}

int folder_limits_new(struct folder_limits **limitsp, struct loop *loop)
{
    struct folder_limits *set = calloc(1, sizeof(*set));
    int r;

    if (!set)
        return -ENOMEM;
    set->inotify = (struct inotify){.changed = limit_event, .userdata = set};
    r = inotify_open(&set->inotify, loop);
    if (r < 0) {
        inotify_close(&set->inotify);
        free(set);
        return r;
    }
    *limitsp = set;
    return 0;
}

/* Remembers a folder that the kernel watches as `wd`. 0 or -errno. */
static int limit_add(struct folder_limit *limit, int wd)
{
    struct folder_limits *set = limit->set;
    struct limit_folder *folder;

    if (limit->n_folders == FOLDER_COUNT_MAX_FOLDERS)
        return -ENOSPC;
    folder = calloc(1, sizeof(*folder));
    if (!folder)
        return -ENOMEM;
    folder->wd = wd;
    folder->limit = limit;
    HASH_ADD_INT(set->folders, wd, folder);
    if (!folder->hh.tbl) {
        free(folder);
        return -ENOMEM;
    }
    limit->n_folders++;
    return 0;
}

/* Watches a folder that was found. For one that is watched already the kernel gives the same number. */
static int limit_watch(void *userdata, int fd)
{
    struct folder_limit *limit = userdata;
    struct folder_limits *set = limit->set;
    const struct limit_folder *known;
    char path[64];
    int wd, r;

    snprintf(path, sizeof(path), "/proc/self/fd/%d/.", fd);
    wd = inotify_add_watch(set->inotify.fd, path, LIMIT_EVENTS);
    if (wd < 0) {
        limit->is_blind = true;
        return 0;
    }
    HASH_FIND_INT(set->folders, &wd, known);
    if (known)
        return 0;
    r = limit_add(limit, wd);
    if (r < 0)
        inotify_rm_watch(set->inotify.fd, wd);
    return r;
}

static uint64_t limit_processor_ns(void)
{
    struct timespec used = {0};

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * FC_NS_PER_S + (uint64_t)used.tv_nsec;
}

static enum folder_excess_of limit_excess_of(const struct folder_size *size, const struct folder_size *limit)
{
    if (size->files == UINT64_MAX)
        return FOLDER_SHAPE;
    return size->bytes > limit->bytes ? FOLDER_BYTES : FOLDER_FILES;
}

static void limit_count(void *userdata)
{
    struct folder_limit *limit = userdata;
    uint64_t before_ns = limit_processor_ns();
    struct folder_count count = {.limit = folder_far_limit(&limit->spec.max),
                                 .found = limit_watch,
                                 .userdata = limit};
    struct folder_excess excess = {.is_first = !limit->counted_ns};

    limit->is_blind = false;
    folder_count(&count, limit->spec.folder_fd);
    if (folder_is_over(&count.size, &limit->spec.max) && !folder_is_over(&count.size, &count.limit))
        folder_count(&count,
                     limit->spec.folder_fd); /* a file that another replaced meanwhile counted as both */
    limit->counted_ns = fc_now_ns();
    limit->cost_ns = limit_processor_ns() - before_ns;
    if (limit->is_blind)
        limit_schedule(limit, LIMIT_BLIND_NS);
    excess.is_far = folder_is_over(&count.size, &count.limit);
    excess.of = limit_excess_of(&count.size, excess.is_far ? &count.limit : &limit->spec.max);
    if (folder_is_over(&count.size, &limit->spec.max))
        limit->spec.exceeded(limit->spec.userdata, &excess);
}

int folder_limit_new(struct folder_limit **limitp, struct folder_limits *limits,
                     const struct folder_limit_spec *spec)
{
    struct folder_limit *limit = calloc(1, sizeof(*limit));

    if (!limit)
        return -ENOMEM;
    limit->set = limits;
    limit->spec = *spec;
    limit->count = (struct timer){.fn = limit_count, .what = "sizes of private folders", .userdata = limit};
    limit->next = limits->first;
    limits->first = limit;
    loop_set_timer(limits->inotify.loop, &limit->count, fc_now_ns());
    *limitp = limit;
    return 0;
}

struct folder_limit *folder_limit_free(struct folder_limit *limit)
{
    struct limit_folder *folder, *next;
    struct folder_limit **slot;

    if (!limit)
        return NULL;
    for (slot = &limit->set->first; *slot != limit; slot = &(*slot)->next)
        ;
    *slot = limit->next;
    loop_cancel_timer(limit->set->inotify.loop, &limit->count);
    HASH_ITER(hh, limit->set->folders, folder, next) {
        if (folder->limit != limit)
            continue;
        inotify_rm_watch(limit->set->inotify.fd, folder->wd);
        limit_forget(limit->set, folder);
    }
    free(limit);
    return NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads /proc/PID/status of workers, and decides when to do so; runs in the counter. */
#include "broker/keeper/memory_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/base/loop.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define WATCH_SHORTEST_NS (125 * FC_NS_PER_MS)
#define WATCH_LONGEST_NS  (4 * FC_NS_PER_S)
#define WATCH_TEXT_BYTES  8192 /* the list of groups may be long */
#define WATCH_KIB         1024u

struct memory_watch {
    struct memory_watches *set;
    struct memory_watch_spec spec;
    int status; /* /proc/PID/status, which never comes to stand for another process; -1: it has ended */
    uint64_t seen_bytes;
    uint64_t rest_ns; /* between two looks */
    uint64_t next_ns;
    struct memory_watch *next; /* in the set */
};

struct memory_watches {
    struct loop *loop;
    struct timer look;
    struct memory_watch *first;
};

/* Returns a number of a line such as "VmPTE:    48 kB", or 0. */
static uint64_t watch_find(const char *text, const char *line)
{
    const char *found = strstr(text, line);

    return found ? strtoull(found + strlen(line), NULL, 10) : 0;
}

/* The kernel writes a line break in the process's name as \n, so the name cannot forge a line. */
static int watch_read(const struct memory_watch *watch, char text[WATCH_TEXT_BYTES])
{
    ssize_t n = pread(watch->status, text, WATCH_TEXT_BYTES - 1, 0);

    if (n <= 0)
        return n < 0 ? -errno : -ESRCH;
    text[n] = '\0';
    return 0;
}

/* Others that rest as long look at the same time: one waking is enough. */
static void watch_plan(struct memory_watch *watch, uint64_t now_ns)
{
    watch->next_ns = (now_ns / watch->rest_ns + 1) * watch->rest_ns;
}

static void watch_look(struct memory_watch *watch, uint64_t now_ns)
{
    char text[WATCH_TEXT_BYTES];
    struct memory_use use;
    uint64_t bytes;

    if (watch_read(watch, text) < 0) {
        fc_closep(&watch->status);
        watch->status = -1;
        return;
    }
    use.page_bytes = (watch_find(text, "\nRssAnon:") + watch_find(text, "\nVmSwap:")) * WATCH_KIB;
    use.table_bytes = watch_find(text, "\nVmPTE:") * WATCH_KIB;
    bytes = use.page_bytes + use.table_bytes;
    watch->rest_ns = bytes != watch->seen_bytes               ? WATCH_SHORTEST_NS
                     : watch->rest_ns >= WATCH_LONGEST_NS / 2 ? WATCH_LONGEST_NS
                                                              : 2 * watch->rest_ns;
    if (bytes != watch->seen_bytes)
        watch->spec.changed(watch->spec.userdata, &use);
    watch->seen_bytes = bytes;
    watch_plan(watch, now_ns);
    if (bytes > watch->spec.max_bytes)
        watch->spec.exceeded(watch->spec.userdata, &use);
}

static void watches_set_timer(struct memory_watches *set)
{
    uint64_t next_ns = TIMER_NEVER;

    for (const struct memory_watch *watch = set->first; watch; watch = watch->next) {
        if (watch->status >= 0 && watch->next_ns < next_ns)
            next_ns = watch->next_ns;
    }
    if (next_ns == TIMER_NEVER)
        loop_cancel_timer(set->loop, &set->look);
    else
        loop_set_timer(set->loop, &set->look, next_ns);
}

static void watches_look(void *userdata)
{
    struct memory_watches *set = userdata;
    uint64_t now_ns = fc_now_ns();

    for (struct memory_watch *watch = set->first; watch; watch = watch->next) {
        if (watch->status >= 0 && watch->next_ns <= now_ns)
            watch_look(watch, now_ns);
    }
    watches_set_timer(set);
}

int memory_watches_new(struct memory_watches **watches, struct loop *loop)
{
    struct memory_watches *set = calloc(1, sizeof(*set));

    if (!set)
        return -ENOMEM;
    set->loop = loop;
    set->look = (struct timer){.fn = watches_look, .what = "memory of workers", .userdata = set};
    *watches = set;
    return 0;
}

static int watch_open(struct memory_watch *watch)
{
    char path[32], text[WATCH_TEXT_BYTES];
    int r;

    snprintf(path, sizeof(path), "/proc/%d/status", watch->spec.pid);
    watch->status = open(path, O_RDONLY | O_CLOEXEC);
    if (watch->status < 0)
        return -errno;
    r = watch_read(watch, text);
    if (r < 0)
        return r;
    return watch_find(text, "\nPPid:") == (uint64_t)watch->spec.parent ? 0 : -EPERM;
}

int memory_watch_new(struct memory_watch **watchp, struct memory_watches *watches,
                     const struct memory_watch_spec *spec)
{
    struct memory_watch *watch = calloc(1, sizeof(*watch));
    int r;

    if (!watch)
        return -ENOMEM;
    *watch = (struct memory_watch){.set = watches, .spec = *spec, .rest_ns = WATCH_SHORTEST_NS};
    r = watch_open(watch);
    if (r < 0) {
        fc_closep(&watch->status);
        free(watch);
        return r;
    }
    watch_plan(watch, fc_now_ns());
    watch->next = watches->first;
    watches->first = watch;
    watches_set_timer(watches);
    *watchp = watch;
    return 0;
}

struct memory_watch *memory_watch_free(struct memory_watch *watch)
{
    struct memory_watch **slot;

    if (!watch)
        return NULL;
    for (slot = &watch->set->first; *slot != watch; slot = &(*slot)->next)
        ;
    *slot = watch->next;
    watches_set_timer(watch->set);
    fc_closep(&watch->status);
    free(watch);
    return NULL;
}

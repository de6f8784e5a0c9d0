/* See state_limit.h. */
#include "broker/state_limit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/hash.h"
#include "broker/loop.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define STATE_EVENTS    (IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR | IN_DONT_FOLLOW)
#define STATE_COUNT_NS  (100 * FC_NS_PER_MS)
#define STATE_MAX_DEPTH 16   /* deeper counts as too many files */
#define STATE_MAX_WATCH 1024 /* folders; more count as too many files */
#define STATE_BLOCK     512  /* of st_blocks, see stat(2) */

/* A watched folder below the private one, which is the first of them. */
struct state_folder {
    int wd;
    struct state_limit *limit;
    UT_hash_handle hh; /* in the monitor, by wd */
};

struct state_limit {
    struct state_monitor *monitor;
    struct state_limit_spec spec;
    struct timer count;
    unsigned n_folders;
};

struct state_monitor {
    struct loop *loop;
    struct loop_source *source;
    int fd;
    struct state_folder *folders; /* hash */
};

struct state_usage {
    uint64_t bytes;
    uint64_t files;
};

static void state_schedule(struct state_limit *limit)
{
    if (!limit->count.position)
        loop_set_timer(limit->monitor->loop, &limit->count, fc_now_ns() + STATE_COUNT_NS);
}

static void state_forget(struct state_monitor *monitor, struct state_folder *folder)
{
    folder->limit->n_folders--;
    HASH_DEL(monitor->folders, folder);
    free(folder);
}

static void state_event(struct state_monitor *monitor, const struct inotify_event *event)
{
    struct state_folder *folder, *next;

    if (event->mask & IN_Q_OVERFLOW) { /* some were lost: whose, nobody knows */
        HASH_ITER(hh, monitor->folders, folder, next)
        state_schedule(folder->limit);
        return;
    }
    HASH_FIND_INT(monitor->folders, &event->wd, folder);
    if (!folder)
        return;
    if (event->mask & IN_IGNORED)
        state_forget(monitor, folder);
    else
        state_schedule(folder->limit);
}

static void state_monitor_ready(void *userdata, uint32_t events)
{
    struct state_monitor *monitor = userdata;
    _Alignas(struct inotify_event) char bytes[4096];
    ssize_t n = read(monitor->fd, bytes, sizeof(bytes));

    (void)events;
    for (ssize_t i = 0; i < n;) {
        const struct inotify_event *event = (const struct inotify_event *)(bytes + i);

        state_event(monitor, event);
        i += (ssize_t)(sizeof(*event) + event->len);
    }
}

int state_monitor_new(struct state_monitor **monitorp, struct loop *loop)
{
    struct state_monitor *monitor = calloc(1, sizeof(*monitor));
    int r;

    if (!monitor)
        return -ENOMEM;
    monitor->loop = loop;
    monitor->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    r = monitor->fd < 0
            ? -errno
            : loop_add(loop, &monitor->source, monitor->fd, EPOLLIN, state_monitor_ready, monitor);
    if (r < 0) {
        state_monitor_free(monitor);
        return r;
    }
    *monitorp = monitor;
    return 0;
}

struct state_monitor *state_monitor_free(struct state_monitor *monitor)
{
    if (!monitor)
        return NULL;
    loop_remove(monitor->source);
    fc_closep(&monitor->fd);
    free(monitor);
    return NULL;
}

/* Watches the folder behind a descriptor. A second time is none: the kernel gives the same number. */
static int state_watch(struct state_limit *limit, int fd)
{
    struct state_monitor *monitor = limit->monitor;
    struct state_folder *folder;
    char path[64];
    int wd;

    snprintf(path, sizeof(path), "/proc/self/fd/%d/.", fd);
    wd = inotify_add_watch(monitor->fd, path, STATE_EVENTS);
    if (wd < 0)
        return -errno;
    HASH_FIND_INT(monitor->folders, &wd, folder);
    if (folder)
        return 0;
    if (limit->n_folders == STATE_MAX_WATCH) {
        inotify_rm_watch(monitor->fd, wd);
        return -ENOSPC;
    }
    folder = calloc(1, sizeof(*folder));
    if (!folder)
        return -ENOMEM;
    folder->wd = wd;
    folder->limit = limit;
    HASH_ADD_INT(monitor->folders, wd, folder);
    if (!folder->hh.tbl) {
        inotify_rm_watch(monitor->fd, wd);
        free(folder);
        return -ENOMEM;
    }
    limit->n_folders++;
    return 0;
}

static bool state_is_over(const struct state_limit *limit, const struct state_usage *usage)
{
    return usage->bytes > limit->spec.max_bytes || usage->files > limit->spec.max_files;
}

/* Adds up a folder; stops as soon as the limit is passed, so the work is bounded by the limit. */
static void state_count_folder(struct state_limit *limit, int parent, const char *name, unsigned depth,
                               struct state_usage *usage)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (!folder) {
        fc_closep(&fd);
        return;
    }
    if (depth > STATE_MAX_DEPTH || state_watch(limit, fd) == -ENOSPC)
        usage->files = UINT64_MAX;
    while (!state_is_over(limit, usage) && (entry = readdir(folder))) {
        struct stat st;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        usage->files++;
        usage->bytes += (uint64_t)st.st_blocks * STATE_BLOCK;
        if (S_ISDIR(st.st_mode))
            state_count_folder(limit, fd, entry->d_name, depth + 1, usage);
    }
    closedir(folder);
}

static void state_count(void *userdata)
{
    struct state_limit *limit = userdata;
    struct state_usage usage = {0};

    state_count_folder(limit, limit->spec.folder_fd, ".", 0, &usage);
    if (state_is_over(limit, &usage))
        limit->spec.exceeded(limit->spec.userdata, usage.bytes, usage.files);
}

int state_limit_new(struct state_limit **limitp, struct state_monitor *monitor,
                    const struct state_limit_spec *spec)
{
    struct state_limit *limit = calloc(1, sizeof(*limit));

    if (!limit)
        return -ENOMEM;
    limit->monitor = monitor;
    limit->spec = *spec;
    limit->count = (struct timer){.fn = state_count, .userdata = limit};
    loop_set_timer(monitor->loop, &limit->count, fc_now_ns());
    *limitp = limit;
    return 0;
}

struct state_limit *state_limit_free(struct state_limit *limit)
{
    struct state_folder *folder, *next;

    if (!limit)
        return NULL;
    loop_cancel_timer(limit->monitor->loop, &limit->count);
    HASH_ITER(hh, limit->monitor->folders, folder, next)
    {
        if (folder->limit != limit)
            continue;
        inotify_rm_watch(limit->monitor->fd, folder->wd);
        state_forget(limit->monitor, folder);
    }
    free(limit);
    return NULL;
}

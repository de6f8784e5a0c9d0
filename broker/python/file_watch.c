/* SPDX-License-Identifier: BSD-2-Clause */
/* Watches script files by inotify. */
#include "broker/python/file_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/base/hash.h"
#include "broker/base/inotify.h"
#include "broker/base/loop.h"
#include "broker/keeper/client.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

/* After these of the events that the keeper asks for, a file is complete; after the others, more is to come.
 */
#define FILE_COMPLETE (IN_CLOSE_WRITE | IN_MOVED_TO)

#define FILE_MAX_REFUSED 16

#define FILE_SETTLE_NS    (30 * FC_NS_PER_MS) /* after a file was closed or renamed; others may follow */
#define FILE_UNSETTLED_NS FC_NS_PER_S         /* after a change that is not complete */
#define FILE_LATEST_NS    (3 * FC_NS_PER_S)   /* after the first change, whatever follows */

/* A name that matters: of a loaded file, or of a folder on the way to one. */
struct file_name {
    UT_hash_handle hh;
    unsigned generation; /* of the loading that added it last */
    char path[];         /* below the script's folder; the key */
};

struct file_folder {
    struct file_folder *next; /* of the same watch */
    struct file_folder *same; /* of other watches, with the same descriptor */
    struct file_watch *watch;
    int wd;
    char path[]; /* below the script's folder: "", or with a slash at the end */
};

/* All instances that watch one folder. */
struct file_descriptor {
    UT_hash_handle hh;
    int wd;
    struct file_folder *folders;
};

struct file_monitor {
    struct inotify inotify;
    struct keeper *keeper;
    struct file_descriptor *descriptors; /* hash */
};

struct file_watch {
    struct file_monitor *monitor;
    struct file_watch_spec spec;
    struct file_folder *folders;
    unsigned n_folders;
    struct file_name *names; /* hash */
    unsigned generation;
    bool any; /* every Python file matters */
    bool stale;
    bool warned;
    unsigned n_refused; /* since loading began: each costs time, and the worker chooses the paths */
    uint64_t first_ns;  /* of the first change that was not reported yet */
    struct timer settle;
};

static void file_settled(void *userdata)
{
    struct file_watch *watch = userdata;

    watch->first_ns = 0;
    watch->spec.changed(watch->spec.userdata);
}

static void file_touched(struct file_watch *watch, bool complete)
{
    uint64_t now_ns = fc_now_ns(), due_ns = now_ns + (complete ? FILE_SETTLE_NS : FILE_UNSETTLED_NS);

    watch->stale = true;
    if (!watch->first_ns)
        watch->first_ns = now_ns;
    if (due_ns > watch->first_ns + FILE_LATEST_NS)
        due_ns = watch->first_ns + FILE_LATEST_NS;
    loop_set_timer(watch->monitor->inotify.loop, &watch->settle, due_ns);
}

static bool file_is_python(const char *name)
{
    size_t n = strlen(name);

    return n > 3 && (strcmp(name + n - 3, ".py") == 0 || strcmp(name + n - 3, ".so") == 0);
}

static void file_drop_folder(struct file_monitor *monitor, struct file_folder *folder)
{
    struct file_descriptor *descriptor;
    struct file_folder **link;

    HASH_FIND_INT(monitor->descriptors, &folder->wd, descriptor);
    for (link = &descriptor->folders; *link != folder;)
        link = &(*link)->same;
    *link = folder->same;
    if (!descriptor->folders) {
        inotify_rm_watch(monitor->inotify.fd, descriptor->wd);
        HASH_DEL(monitor->descriptors, descriptor);
        free(descriptor);
    }
    free(folder);
}

/* Forgets what is watched below a folder, which was replaced. */
static void file_drop_below(struct file_watch *watch, const char *path)
{
    size_t n = strlen(path);

    for (struct file_folder **link = &watch->folders; *link;) {
        struct file_folder *folder = *link;

        if (strncmp(folder->path, path, n) != 0 || folder->path[n] != '/') {
            link = &folder->next;
            continue;
        }
        *link = folder->next;
        watch->n_folders--;
        file_drop_folder(watch->monitor, folder);
    }
}

static void file_event(const struct file_folder *folder, const struct inotify_event *event)
{
    struct file_watch *watch = folder->watch;
    struct file_name *name = NULL;
    char path[PATH_MAX];

    if (!event->len || snprintf(path, sizeof(path), "%s%s", folder->path, event->name) >= (int)sizeof(path))
        return;
    HASH_FIND_STR(watch->names, path, name);
    if (name || (watch->any && file_is_python(event->name)))
        file_touched(watch, event->mask & FILE_COMPLETE);
    if (name && (event->mask & IN_ISDIR))
        file_drop_below(watch, path);
}

/* Forgets a folder that is gone. What appears under its name is watched when it is loaded. */
static void file_forget(struct file_monitor *monitor, struct file_descriptor *descriptor)
{
    for (struct file_folder *folder = descriptor->folders, *next; folder; folder = next) {
        struct file_watch *watch = folder->watch;
        struct file_folder **link = &watch->folders;

        next = folder->same;
        while (*link != folder)
            link = &(*link)->next;
        *link = folder->next;
        watch->n_folders--;
        file_touched(watch, false);
        free(folder);
    }
    HASH_DEL(monitor->descriptors, descriptor);
    free(descriptor);
}

/* Some events were lost: everything may have changed. */
static void file_lost(struct file_monitor *monitor)
{
    struct file_descriptor *descriptor, *next;

    HASH_ITER(hh, monitor->descriptors, descriptor, next) {
        for (struct file_folder *folder = descriptor->folders; folder; folder = folder->same)
            file_touched(folder->watch, false);
    }
}

static void file_monitor_event(void *userdata, const struct inotify_event *event)
{
    struct file_monitor *monitor = userdata;
    struct file_descriptor *descriptor;

    if (event->mask & IN_Q_OVERFLOW) {
        file_lost(monitor);
        return;
    }
    HASH_FIND_INT(monitor->descriptors, &event->wd, descriptor);
    if (!descriptor)
        return;
    if (event->mask & IN_IGNORED) {
        file_forget(monitor, descriptor);
        return;
    }
    for (struct file_folder *folder = descriptor->folders; folder; folder = folder->same)
        file_event(folder, event);
}

int file_monitor_new(struct file_monitor **monitorp, struct loop *loop, struct keeper *keeper)
{
    struct file_monitor *monitor = calloc(1, sizeof(*monitor));
    int r;

    if (!monitor)
        return -ENOMEM;
    monitor->keeper = keeper;
    monitor->inotify = (struct inotify){.changed = file_monitor_event, .userdata = monitor};
    r = inotify_open(&monitor->inotify, loop);
    if (r < 0) {
        file_monitor_free(monitor);
        return r;
    }
    *monitorp = monitor;
    return 0;
}

struct file_monitor *file_monitor_free(struct file_monitor *monitor)
{
    if (!monitor)
        return NULL;
    inotify_close(&monitor->inotify);
    free(monitor);
    return NULL;
}

static struct file_descriptor *file_get_descriptor(struct file_monitor *monitor, int wd)
{
    struct file_descriptor *descriptor;

    HASH_FIND_INT(monitor->descriptors, &wd, descriptor);
    if (descriptor)
        return descriptor;
    descriptor = calloc(1, sizeof(*descriptor));
    if (!descriptor)
        return NULL;
    descriptor->wd = wd;
    HASH_ADD_INT(monitor->descriptors, wd, descriptor);
    if (descriptor->hh.tbl)
        return descriptor;
    free(descriptor);
    return NULL;
}

/* Watches a folder below the script's own, named by the first `n` bytes of `path`, which end with a slash; 0:
 * the script's own. */
static int file_watch_folder(struct file_watch *watch, const char *path, size_t n)
{
    struct file_monitor *monitor = watch->monitor;
    struct file_descriptor *descriptor;
    struct file_folder *folder;
    int wd;

    for (folder = watch->folders; folder; folder = folder->next) {
        if (strncmp(folder->path, path, n) == 0 && !folder->path[n])
            return 0;
    }
    if (watch->n_folders == FILE_WATCH_MAX_FOLDERS)
        return -ENOSPC;
    folder = calloc(1, sizeof(*folder) + n + 1);
    if (!folder)
        return -ENOMEM;
    memcpy(folder->path, path, n);
    wd = keeper_watch(monitor->keeper, watch->spec.account, monitor->inotify.fd, watch->spec.folder,
                      folder->path);
    descriptor = wd < 0 ? NULL : file_get_descriptor(monitor, wd);
    if (!descriptor) {
        free(folder);
        return wd < 0 ? wd : -ENOMEM;
    }
    folder->watch = watch;
    folder->wd = wd;
    folder->same = descriptor->folders;
    descriptor->folders = folder;
    folder->next = watch->folders;
    watch->folders = folder;
    watch->n_folders++;
    return 0;
}

int file_watch_new(struct file_watch **watchp, struct file_monitor *monitor,
                   const struct file_watch_spec *spec)
{
    struct file_watch *watch = calloc(1, sizeof(*watch));
    int r;

    if (!watch)
        return -ENOMEM;
    watch->monitor = monitor;
    watch->spec = *spec;
    watch->settle = (struct timer){.fn = file_settled, .what = "changed files", .userdata = watch};
    watch->any = true;
    r = file_watch_folder(watch, "", 0);
    if (r < 0) {
        file_watch_free(watch);
        return r;
    }
    *watchp = watch;
    return 0;
}

/* Forgets the names that were not added in this generation; all of them if `all`. */
static void file_drop_names(struct file_watch *watch, bool all)
{
    struct file_name *name, *next;

    HASH_ITER(hh, watch->names, name, next) {
        if (!all && name->generation == watch->generation)
            continue;
        HASH_DEL(watch->names, name);
        free(name);
    }
}

struct file_watch *file_watch_free(struct file_watch *watch)
{
    if (!watch)
        return NULL;
    loop_cancel_timer(watch->monitor->inotify.loop, &watch->settle);
    for (struct file_folder *folder = watch->folders, *next; folder; folder = next) {
        next = folder->next;
        file_drop_folder(watch->monitor, folder);
    }
    file_drop_names(watch, true);
    free(watch);
    return NULL;
}

void file_watch_begin(struct file_watch *watch)
{
    if (!watch)
        return;
    watch->generation++;
    watch->any = true;
    watch->stale = false;
    watch->first_ns = 0;
    watch->n_refused = 0;
    loop_cancel_timer(watch->monitor->inotify.loop, &watch->settle);
    file_watch_folder(watch, "", 0); /* again, if it has been replaced by another one */
}

static int file_add_name(struct file_watch *watch, const char *path, size_t n)
{
    struct file_name *name = NULL;

    HASH_FIND(hh, watch->names, path, n, name);
    if (!name && HASH_COUNT(watch->names) >= FILE_WATCH_MAX_FILES)
        return -ENOSPC;
    if (!name) {
        name = calloc(1, sizeof(*name) + n + 1);
        if (!name)
            return -ENOMEM;
        memcpy(name->path, path, n);
        HASH_ADD_KEYPTR(hh, watch->names, name->path, n, name);
        if (!name->hh.tbl) {
            free(name);
            return -ENOMEM;
        }
    }
    name->generation = watch->generation;
    return 0;
}

void file_watch_add(struct file_watch *watch, const char *path, const char *instance)
{
    const char *slash = path;
    int r = 0;

    if (!watch || watch->n_refused == FILE_MAX_REFUSED)
        return;
    while (r == 0 && (slash = strchr(slash, '/'))) {
        r = file_add_name(watch, path, (size_t)(slash - path));
        slash++;
        if (r == 0)
            r = file_watch_folder(watch, path, (size_t)(slash - path));
    }
    if (r == 0)
        r = file_add_name(watch, path, strlen(path));
    if (r == 0)
        return;
    watch->n_refused++;
    if (watch->warned)
        return;
    watch->warned = true;
    fc_log(FC_LOG_WARNING, instance, "changes to %s, and perhaps to other files, will not be noticed: %s",
           path, strerror(-r));
}

void file_watch_end(struct file_watch *watch, bool success)
{
    if (!watch)
        return;
    watch->any = !success;
    watch->stale = watch->stale || !success; /* what runs is older than the files */
    if (success)
        file_drop_names(watch, false);
}

bool file_watch_is_stale(const struct file_watch *watch)
{
    return watch && watch->stale;
}

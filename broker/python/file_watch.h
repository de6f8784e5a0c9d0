/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files that scripts were loaded from: whether they have changed, and when they have settled again.
 * Editors write in several steps, by rename, or leave half of a file for a moment; so a change is told only
 * once nothing has happened for a while.
 *
 * One inotify descriptor for all. The broker's own curtain may keep it from a script's folder, so the keeper
 * adds the watches. On file systems that other machines write to, inotify(7) does not see that.
 */
#ifndef BROKER_PYTHON_FILE_WATCH_H
#define BROKER_PYTHON_FILE_WATCH_H

#include <stdbool.h>

struct file_monitor;
struct file_watch;
struct keeper;
struct loop;

#define FILE_WATCH_MAX_FILES   1024 /* of an instance; changes of more are not noticed */
#define FILE_WATCH_MAX_FOLDERS 64

/* `loop` and `keeper` outlive it. -errno. */
int file_monitor_new(struct file_monitor **monitor, struct loop *loop, struct keeper *keeper);

/* All watches must have been freed. Takes NULL; returns NULL. */
struct file_monitor *file_monitor_free(struct file_monitor *monitor);

struct file_watch_spec {
    unsigned account;   /* whose, see runtime.h */
    const char *folder; /* of the scripts; borrowed */
    /* files that matter are not what they were, and have settled; called once per change */
    void (*changed)(void *userdata);
    void *userdata;
};

/* -errno: changes will not be noticed. */
int file_watch_new(struct file_watch **watch, struct file_monitor *monitor,
                   const struct file_watch_spec *spec);

/* Takes NULL; returns NULL. */
struct file_watch *file_watch_free(struct file_watch *watch);

/*
 * Loading begins: until it is over, nobody knows which files matter, and a change of any Python file in the
 * watched folders counts.
 */
void file_watch_begin(struct file_watch *watch);

/*
 * A file was loaded, given as a path below the folder; hostile input. What cannot be watched is ignored, with
 * a line in the log for `instance` the first time.
 */
void file_watch_add(struct file_watch *watch, const char *path, const char *instance);

/*
 * Loading is over. With success, the files that were added since the beginning are those that matter; after a
 * failure any Python file may be the remedy.
 */
void file_watch_end(struct file_watch *watch, bool success);

/* Whether files have changed since the last beginning, or loading has failed. */
bool file_watch_is_stale(const struct file_watch *watch);

#endif

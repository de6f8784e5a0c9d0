/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watches the files that scripts were loaded from, and tells when they have changed. Editors write in several
 * steps, by rename, or leave half a file for a moment; so a change is reported only once nothing more has
 * happened for a while.
 *
 * There is one inotify descriptor for all. The broker, which is confined, may not see a script's folder, so
 * the keeper adds the watches. What other machines write to a shared file system remains unnoticed, see
 * inotify(7).
 */
#ifndef BROKER_PYTHON_FILE_WATCH_H
#define BROKER_PYTHON_FILE_WATCH_H

#include <stdbool.h>

struct file_monitor;
struct file_watch;
struct keeper;
struct loop;

#define FILE_WATCH_MAX_FILES   1024 /* of an instance; changes to more are not noticed */
#define FILE_WATCH_MAX_FOLDERS 64

/* `loop` and `keeper` outlive it. -errno. */
int file_monitor_new(struct file_monitor **monitor, struct loop *loop, struct keeper *keeper);

/* All watches must have been freed. Takes NULL; returns NULL. */
struct file_monitor *file_monitor_free(struct file_monitor *monitor);

struct file_watch_spec {
    unsigned account;   /* an index of struct runtime's accounts */
    const char *folder; /* of the scripts; borrowed */
    /* Files that matter have changed and settled. Called once for each change. */
    void (*changed)(void *userdata);
    void *userdata;
};

/* Begins to watch. -errno: changes will not be noticed. */
int file_watch_new(struct file_watch **watch, struct file_monitor *monitor,
                   const struct file_watch_spec *spec);

/* Takes NULL; returns NULL. */
struct file_watch *file_watch_free(struct file_watch *watch);

/*
 * Loading begins. Until it is over, it is not known which files matter, and a change to any Python file in
 * the watched folders counts.
 */
void file_watch_begin(struct file_watch *watch);

/*
 * A file was loaded; `path`, which is hostile, is below the folder. What cannot be watched is ignored, with a
 * warning for `instance` the first time.
 */
void file_watch_add(struct file_watch *watch, const char *path, const char *instance);

/*
 * Loading is over. If it succeeded, the files that were added since the beginning matter; if it failed, a
 * change to any Python file may repair it.
 */
void file_watch_end(struct file_watch *watch, bool success);

/* Whether files have changed since the last beginning, or loading has failed. */
bool file_watch_is_stale(const struct file_watch *watch);

#endif

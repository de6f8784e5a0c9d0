/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a running broker has beside its show: the loop, the links' context, folders, and the zygote. Made
 * once; shows come and go with the configuration.
 */
#ifndef BROKER_RUNTIME_RUNTIME_H
#define BROKER_RUNTIME_RUNTIME_H

#include <limits.h>
#include <sys/types.h>

#include "broker/base/loop.h"
#include "proto/codec.h"
#include "proto/link.h"

struct cgroups;
struct file_monitor;
struct keeper;
struct notify;
struct path_set;
struct spawner;
struct start_queue;
struct users;
struct state_watcher;

/* Whose workers there are; 0 is the house, then the users. */
struct runtime_account {
    uid_t uid; /* the broker's own, or as root somebody unprivileged */
    gid_t gid;
    char *link_folder; /* below the runtime folder, this broker's own */
    int link_folder_fd;
    char state_show[NAME_MAX + 1]; /* the folder of the private folders; "": any that is no user's */
    struct spawner *spawner;
};

struct runtime {
    struct loop *loop;
    struct notify *notify; /* NULL: nobody wants to know */
    struct link_context *links;
    struct codec *codec; /* for all workers: one thread encodes or decodes one message at a time */
    struct keeper *keeper;
    struct loop_source *keeper_source;
    struct start_queue *starts;
    struct cgroups *cgroups;
    struct file_monitor *files;
    struct state_watcher *states;
    char *runtime_folder; /* may be set before runtime_init(), allocated: --runtime-dir */
    int lock_fd;          /* of the runtime folder; with is_exclusive */
    int control_fd;       /* with is_controlled: listens in the runtime folder; -1 if another broker does */
    char *link_parent;    /* the folder that the link folders are in */
    struct runtime_account *accounts;
    unsigned n_accounts;
    char *state_folder;
    char worker_path[PATH_MAX]; /* the program */
    bool is_root;
    bool is_exclusive;  /* set before runtime_init(): no other broker with this runtime folder */
    bool is_controlled; /* set before runtime_init(): there is to be a control socket */
    bool is_replay;     /* set before runtime_init(): workers have no intervals of their own */
    bool no_sandbox;    /* set before runtime_init(): workers are not confined, for debugging */
};

#define RUNTIME_NONE                                                                                         \
    {                                                                                                        \
        .control_fd = -1, .lock_fd = -1                                                                      \
    }

/*
 * Makes everything. Blocks briefly. Negative errno with the reason in the log; -EADDRINUSE if another broker
 * has the runtime folder. `runtime` must be RUNTIME_NONE but for what is to be set before, and stays where it
 * is. This process must have one thread. Workers of the house may see what is in `shown`; `users` were fixed,
 * and outlive the runtime, or there are none (NULL).
 */
int runtime_init(struct runtime *runtime, const struct path_set *shown, struct users *users);

/* Whom workers of the house are, when the broker is root. -ENOENT if there is no such account. */
int runtime_find_workers(uid_t *uid, gid_t *gid);

/*
 * Closes the broker's own curtain (curtain.h): before anything is started that could be told anything. What
 * is in `readable` can be read afterwards. Negative errno with the reason in the log.
 */
int runtime_confine(const struct runtime *runtime, const struct path_set *readable);

/* All instances must have been freed. Survives a half-made runtime. */
void runtime_deinit(struct runtime *runtime);

/*
 * The private folder of an instance of an account, made if it is missing: `state_folder`/SHOW/INSTANCE, where
 * SHOW tells shows apart by the path of their configuration. A descriptor (O_PATH) of it, or -errno.
 */
int runtime_state_folder(const struct runtime *runtime, unsigned account, const char *show,
                         const char *instance, char *path, size_t bytes);

/* Where the runtime folder of the calling user is: an allocated path, or NULL. */
char *runtime_find_folder(void);

/* Removes a folder and the files in it. */
void runtime_empty_folder(const char *path);

#endif

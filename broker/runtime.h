/*
 * What a running broker has beside its show: the loop, the links' context, folders, and the zygote. Made
 * once; shows come and go with the configuration.
 */
#ifndef BROKER_RUNTIME_H
#define BROKER_RUNTIME_H

#include <limits.h>
#include <sys/types.h>

#include "broker/loop.h"
#include "proto/codec.h"
#include "proto/link.h"

struct cgroups;
struct file_monitor;
struct keeper;
struct notify;
struct path_set;
struct spawner;
struct start_queue;
struct state_monitor;

struct runtime {
    struct loop *loop;
    struct notify *notify; /* NULL: nobody wants to know */
    struct link_context *links;
    struct codec *codec; /* for all workers: one thread encodes or decodes one message at a time */
    struct keeper *keeper;
    struct loop_source *keeper_source;
    struct spawner *spawner;
    struct start_queue *starts;
    struct cgroups *cgroups;
    struct state_monitor *states;
    struct file_monitor *files;
    char *runtime_folder; /* may be set before runtime_init(), allocated: --runtime-dir */
    int lock_fd;          /* of the runtime folder; with is_exclusive */
    int control_fd;       /* with is_controlled: listens in the runtime folder; -1 if another broker does */
    char *link_parent;    /* the folder that it is in */
    char *link_folder;    /* below it, this broker's own */
    int link_folder_fd;
    char *state_folder;
    int state_folder_fd;
    char worker_path[PATH_MAX]; /* the program */
    uid_t worker_uid;           /* the broker's own, or as root somebody unprivileged */
    gid_t worker_gid;
    bool is_root;
    bool is_exclusive;  /* set before runtime_init(): no other broker with this runtime folder */
    bool is_controlled; /* set before runtime_init(): there is to be a control socket */
    bool no_sandbox;    /* set before runtime_init(): workers are not confined, for debugging */
};

#define RUNTIME_NONE                                                                                         \
    {                                                                                                        \
        .control_fd = -1, .lock_fd = -1, .link_folder_fd = -1, .state_folder_fd = -1                         \
    }

/*
 * Makes everything. Blocks briefly. Negative errno with the reason in the log; -EADDRINUSE if another broker
 * has the runtime folder. `runtime` must be RUNTIME_NONE but for what is to be set before, and stays where it
 * is. This process must have one thread. Workers may see what is in `shown`.
 */
int runtime_init(struct runtime *runtime, const struct path_set *shown);

/*
 * Closes the broker's own curtain (curtain.h): before anything is started that could be told anything. What
 * is in `readable` can be read afterwards. Negative errno with the reason in the log.
 */
int runtime_confine(const struct runtime *runtime, const struct path_set *readable);

/* All instances must have been freed. Survives a half-made runtime. */
void runtime_deinit(struct runtime *runtime);

/*
 * The private folder of an instance, made if it is missing: `state_folder`/SHOW/INSTANCE, where SHOW tells
 * shows apart by the path of their configuration. A descriptor (O_PATH) of it, or -errno.
 */
int runtime_state_folder(const struct runtime *runtime, const char *show, const char *instance, char *path,
                         size_t bytes);

/* Where the runtime folder of the calling user is: an allocated path, or NULL. */
char *runtime_find_folder(void);

/* Removes a folder and the files in it. */
void runtime_empty_folder(const char *path);

#endif

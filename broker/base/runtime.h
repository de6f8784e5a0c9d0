/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a running broker has besides its show: the loop, the links' context, folders, and the zygotes. Only
 * the structures: runtime/ makes and unmakes them, and every folder may look something up here.
 */
#ifndef BROKER_BASE_RUNTIME_H
#define BROKER_BASE_RUNTIME_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct cgroups;
struct codec;
struct file_monitor;
struct keeper;
struct link_context;
struct loop;
struct loop_source;
struct notify;
struct spawner;
struct start_queue;
struct folder_quotas;

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
    struct folder_quotas *folder_quotas;
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

#endif

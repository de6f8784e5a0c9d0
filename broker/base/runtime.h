/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a running broker has in addition to its show: the loop, the buffers of its links, folders, and the
 * zygotes. These are only the structures, in which every folder may look something up; runtime/ makes and
 * unmakes them.
 */
#ifndef BROKER_BASE_RUNTIME_H
#define BROKER_BASE_RUNTIME_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroups;
struct codec;
struct file_monitor;
struct keeper;
struct link_buffers;
struct loop;
struct loop_source;
struct lookup_service;
struct notify;
struct reaper;
struct spawner;
struct start_queue;
struct counter_client;
struct gate_client;

#define RUNTIME_MAX_ACCOUNTS 65 /* the house, and users */

/* An account under which workers run: number 0 is the house's, then come the users'. */
struct runtime_account {
    uid_t uid; /* the broker's own or, if that is root, an unprivileged one */
    gid_t gid;
    char state_show[NAME_MAX + 1]; /* the folder of the private folders; "": any that is not a user's */
    struct spawner *spawner;
    struct gate_client *gate;
    unsigned n_tampered; /* links on which a process of the account has passed descriptors */
    int mark_fd;         /* says that its show runs (os/state_mark.h); -1: nothing does */
};

struct runtime {
    struct loop *loop;
    struct notify *notify;             /* of the service manager; NULL: there is none */
    struct link_buffers *link_buffers; /* for all workers: one message each way at a time */
    struct codec *codec; /* for all workers: one thread encodes or decodes one message at a time */
    struct keeper *keeper;
    struct loop_source *keeper_source;
    struct start_queue *starts;
    struct lookup_service *lookups; /* of names */
    struct reaper *reaper;          /* of children that end */
    struct cgroups *cgroups;
    struct file_monitor *files;
    struct counter_client *counter; /* counts folders, and memory */
    char *runtime_folder;           /* may be set before runtime_init(), allocated: --runtime-dir */
    int lock_fd;                    /* of the runtime folder, if is_service */
    int control_fd; /* listens in the runtime folder, if is_service; -1: it could not be opened */
    int console_fd; /* listens for browsers; -1: there is no console */
    struct runtime_account *accounts;
    unsigned n_accounts;
    char *state_folder;         /* may be set before runtime_init(), allocated */
    uint8_t identity[16];       /* of this installation: random, and kept in the state folder */
    char worker_path[PATH_MAX]; /* the programs */
    char desk_path[PATH_MAX];
    bool is_root;
    bool is_service; /* set before runtime_init(): no other broker with this folder; a control socket in it */
    bool is_replay;  /* set before runtime_init(): workers have no intervals of their own */
    bool is_crowded; /* more events wait to be routed than a turn is for: backends read no more */
    bool no_sandbox; /* set before runtime_init(): workers are not confined, for debugging */
};

#define RUNTIME_NONE                                                                                         \
    {                                                                                                        \
        .control_fd = -1, .console_fd = -1, .lock_fd = -1                                                    \
    }

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keeper: a small process, forked from the broker before the broker has heard anybody, that does for it
 * what its own curtain forbids. It knows a handful of requests, all of them about workers, and checks each
 * against what was fixed when it was forked: a broker that somebody has taken over gets workers, and what
 * belongs to workers, and nothing else. It parses nothing that is hostile.
 *
 * All calls wait for the answer, which takes some microseconds; a start takes a millisecond, and a lookup as
 * long as the name servers take. If the keeper is gone, nobody is left to end workers: the broker says so and
 * ends, and all workers with it.
 */
#ifndef BROKER_KEEPER_CLIENT_H
#define BROKER_KEEPER_CLIENT_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "broker/os/cgroup.h"
#include "proto/spawn_paths.h"

struct keeper;

#define KEEPER_MAX_ACCOUNTS 65 /* the house, and users */

/* Whose workers there are. 0 is the house, the others are users. */
struct keeper_account {
    struct spawn_paths paths;
    const char *link_folder; /* removed by the keeper when the broker has gone */
    int link_folder_fd;
    uid_t uid; /* as root: of the workers */
    gid_t gid;
};

/* Borrowed during keeper_new(). */
struct keeper_spec {
    const struct keeper_account *accounts;
    unsigned n_accounts;
    const char *worker_path; /* the only program that it ever starts */
    const char
        *link_parent; /* of the link folders, removed if it is empty at the end; NULL: somebody else's */
    const char *runtime_folder;
    int control_fd; /* the broker's control socket, whose file there is removed then, too; -1: none */
    bool is_root;
    struct cgroups *cgroups; /* the keeper's from keeper_new() on */
};

/* Forks. This process must have one thread. -errno. */
int keeper_new(struct keeper **keeper, const struct keeper_spec *spec);

/* Ends the keeper and waits until it has cleaned up. Takes NULL; returns NULL. */
struct keeper *keeper_free(struct keeper *keeper);

/* A descriptor for poll: it hangs up when the keeper has gone. */
int keeper_fd(const struct keeper *keeper);

/* The counter's socket (counter.h), borrowed: for state_watch.h. */
int keeper_counter_fd(const struct keeper *keeper);

/* Whether a path is a private folder of this account, and not one of another's. */
bool keeper_may_have_state_folder(const struct keeper_spec *spec, unsigned account, const char *path);

/* Says that the keeper has gone, and ends this process. */
_Noreturn void keeper_lost(void);

/* Starts a zygote, this process's own child, with its socket and its log's pipe. Its pid, or -errno. */
pid_t keeper_start(struct keeper *keeper, unsigned account, int socket, int log);

/* What a new worker needs: descriptors, or -errno. */
struct keeper_place {
    int listener;    /* a socket that listens in the link folder, and that workers may connect to */
    int script_tree; /* as by keeper_open_shown() */
    int state_tree;  /* a detached mount of the instance's private folder */
};

/*
 * All of it at once; without the trees if the folders are NULL. The descriptors are the caller's, also if
 * others are missing.
 */
void keeper_open_place(struct keeper *keeper, unsigned account, const char *name, const char *script_folder,
                       const char *state_folder, struct keeper_place *place);

/* Removes its file. */
void keeper_remove(struct keeper *keeper, unsigned account, const char *name);

/* Makes the private folder of an instance, if it is missing; a descriptor (O_PATH) of it, or -errno. */
int keeper_make_state_folder(struct keeper *keeper, unsigned account, const char *path);

/* A detached mount, read-only, of what workers may see. -errno. */
int keeper_open_shown(struct keeper *keeper, unsigned account, const char *path);

/*
 * Has an inotify descriptor of this process watch `below`, a path below `folder`, which is one that workers
 * may see. The watch's number, or -errno.
 */
int keeper_watch(struct keeper *keeper, unsigned account, int inotify, const char *folder, const char *below);

/*
 * Opens a file of a user's for reading, with her rights, if it is in a folder that her workers may see. A
 * regular file, or -errno as file_as_open().
 */
int keeper_read(struct keeper *keeper, unsigned account, const char *path);

/*
 * A duplicate of the descriptor `fd` of a child of this process; or -errno, -EPERM for other processes and
 * for a unix socket that could be connected to anything.
 */
int keeper_take_descriptor(struct keeper *keeper, pid_t pid, int fd);

/*
 * Whether a process is a child of this one with the uid of an account's workers. A user can make her zygote
 * say what she likes: it is hers.
 */
bool keeper_owns(struct keeper *keeper, unsigned account, pid_t pid);

/*
 * keeper_take_descriptor() and keeper_open_memory() at once, for the filter of a new worker. Both are the
 * caller's, or -errno.
 */
void keeper_open_gate(struct keeper *keeper, pid_t pid, int notify_fd, int *filter, int *memory);

/*
 * Whether a process is a worker, a zygote, or what one of these has started: a child of this process, or in a
 * process namespace below this one's. True also if nothing can be learnt, as of one that has ended.
 */
bool keeper_confines(struct keeper *keeper, pid_t pid);

/* The memory of a child of this process, for pread(); it stays that of this process. -errno. */
int keeper_open_memory(struct keeper *keeper, pid_t pid);

/*
 * How many of the descriptors below `n_files` of a child of this process are internet sockets in this
 * process's network; of numbers above 4096 none is looked at. Or -errno.
 */
int keeper_count_sockets(struct keeper *keeper, pid_t pid, uint32_t n_files);

/* What a process uses. */
struct keeper_usage {
    uint64_t
        memory_bytes; /* resident and backed by no file; what it still shares with the zygote counts too */
    uint64_t cpu_ns;  /* of all its threads so far */
};

/* Of a child of this process. The kernel keeps the figures: nothing waits for the process. 0 or -errno. */
int keeper_usage(struct keeper *keeper, pid_t pid, struct keeper_usage *usage);

/* As in cgroup.h, for a running instance. */
int keeper_make_cgroup(struct keeper *keeper, unsigned account, const char *instance,
                       const struct cgroup_limits *limits);
int keeper_open_memory_events(struct keeper *keeper, unsigned account, const char *instance);
void keeper_remove_cgroup(struct keeper *keeper, unsigned account, const char *instance);

/* SIGKILL, SIGALRM or SIGABRT to a child of this process. 0 or -errno. */
int keeper_signal(struct keeper *keeper, pid_t pid, int signal);

/* getaddrinfo() in a process of its own; its result, and a list for fc_lookup_free(). */
int keeper_lookup(struct keeper *keeper, const char *host, const char *port, const struct addrinfo *hints,
                  struct addrinfo **list);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keeper: a small process, forked from the broker before anybody can reach the broker, that does for it
 * what the broker's self-confinement forbids (a monitor, in the terms of privilege separation). It knows a
 * fixed set of requests: to start the other processes of a show, about the broker's children, about the
 * folders, files and cgroups of workers, and to look up names. It checks each against what was fixed when it
 * was forked: an attacker who has taken the broker over gets those processes and what belongs to them, and
 * nothing else. The keeper parses nothing that is hostile.
 *
 * This is the broker's side, and the file to read first. fork.c starts the keeper; in its process run serve.c
 * and the operations in operations.c, files.c, cgroups.c, processes.c, start.c, gates.c and lookup.c. Sizes
 * of private folders, and memory of workers, are counted in a second process, the counter (counter.c,
 * folder_limit.c, folder_count.c, memory_watch.c), whose answers the broker gets through counter_client.c.
 * Nothing here knows configurations, shows or policies.
 *
 * All calls wait for the answer, which takes some microseconds; a start takes a millisecond. Nobody waits for
 * a lookup of a name: what the broker gets at once is a pipe. Without the keeper nobody could end workers, so
 * if it dies the broker says so and ends, and all workers with it.
 */
#ifndef BROKER_KEEPER_CLIENT_H
#define BROKER_KEEPER_CLIENT_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "broker/os/cgroup.h"

struct keeper;

/* Ends the keeper and waits until it has cleaned up. Takes NULL; returns NULL. */
struct keeper *keeper_free(struct keeper *keeper);

/* Returns a descriptor for poll(): it hangs up when the keeper has died. */
int keeper_fd(const struct keeper *keeper);

/* Returns the counter's socket (counter.h), borrowed: for counter_client.h. */
int keeper_counter_fd(const struct keeper *keeper);

/* Logs that the keeper has died, and ends this process. */
_Noreturn void keeper_lost(void);

/* Starts a zygote, this process's own child, with its socket and its log's pipe. Its pid, or -errno. */
pid_t keeper_start(struct keeper *keeper, unsigned account, int socket, int log);

/*
 * Starts the desk likewise, with its end of the link, the listening control socket, and that of the console
 * or -1. Its pid, or -errno.
 */
pid_t keeper_start_desk(struct keeper *keeper, int link, int log, int listener, int console);

/* Starts the driver of this name likewise, with its end of the link. Its pid, or -errno. */
pid_t keeper_start_driver(struct keeper *keeper, const char *name, int link, int log);

/* What a new worker needs: descriptors, or -errno. */
struct keeper_place {
    int script_tree; /* as by keeper_open_shown() */
    int state_tree;  /* a detached mount of the instance's private folder */
};

/*
 * Opens all of it at once, without the trees if the folders are NULL. Each descriptor is the caller's, even
 * if others are missing.
 */
void keeper_open_place(struct keeper *keeper, unsigned account, const char *script_folder,
                       const char *state_folder, struct keeper_place *place);

/*
 * Makes the private folder of an instance if it is missing. Returns a descriptor (O_PATH) of it, or -errno.
 */
int keeper_make_state_folder(struct keeper *keeper, unsigned account, const char *path);

/* Returns a detached, read-only mount of a folder or file that workers may see, or -errno. */
int keeper_open_shown(struct keeper *keeper, unsigned account, const char *path);

/*
 * Makes an inotify descriptor of this process watch `below`, a path below `folder`, which workers may see.
 * Returns the watch's number, or -errno.
 */
int keeper_watch(struct keeper *keeper, unsigned account, int inotify, const char *folder, const char *below);

/*
 * Opens a user's file for reading with the user's rights, if it is in a folder that the user's workers may
 * see. A regular file, or -errno as file_as_open().
 */
int keeper_read(struct keeper *keeper, unsigned account, const char *path);

/*
 * Returns a duplicate of the descriptor `fd` of a child of this process, or -errno: -EPERM for other
 * processes, for a unix socket that could still be connected to anything, and where workers are confined.
 */
int keeper_take_descriptor(struct keeper *keeper, pid_t pid, int fd);

/*
 * Returns whether a process is a child of this one with the uid of an account's workers. A user can make a
 * zygote of that account claim anything.
 */
bool keeper_owns(struct keeper *keeper, unsigned account, pid_t pid);

/* As keeper_take_descriptor(), if it is a notification descriptor of a filter (seccomp_unotify(2)); -EBADF.
 */
int keeper_take_listener(struct keeper *keeper, pid_t pid, int fd);

/*
 * Starts an account's gate with its end of a socket pair and its memory of calls under way, in place of the
 * one that there was. 0 or -errno.
 */
int keeper_start_gate(struct keeper *keeper, unsigned account, int socket, int flight);

/*
 * Returns whether a process is a worker, a zygote, or something that one of these has started: a child of
 * this process, or in a process namespace below this one's. True also if nothing can be found out, as when it
 * has ended.
 */
bool keeper_confines(struct keeper *keeper, pid_t pid);

/*
 * Opens a pidfd of a child of this process, to wait for it, and for its gate. Returns a descriptor, or
 * -errno. The broker cannot open any itself: a gate takes descriptors of processes whose pidfds it is given.
 */
int keeper_open_process(struct keeper *keeper, pid_t pid);

/* Opens the memory of a child of this process, for pread(). Returns a descriptor, or -errno. */
int keeper_open_memory(struct keeper *keeper, pid_t pid);

/* Opens the list of its mappings, /proc/PID/maps. Returns a descriptor, or -errno. */
int keeper_open_maps(struct keeper *keeper, pid_t pid);

/* Makes the cgroup of a running instance, as cgroup_make_instance(). A descriptor, or -errno. */
int keeper_make_cgroup(struct keeper *keeper, unsigned account, const char *instance,
                       const struct cgroup_limits *limits);

/* Opens its memory.events, as cgroup_open_memory_events(). A descriptor, or -errno. */
int keeper_open_memory_events(struct keeper *keeper, unsigned account, const char *instance);

/* Removes it, as cgroup_remove_instance(). */
void keeper_remove_cgroup(struct keeper *keeper, unsigned account, const char *instance);

/* Sends SIGKILL, SIGALRM or SIGQUIT to a child of this process. 0 or -errno. */
int keeper_signal(struct keeper *keeper, pid_t pid, int signal);

/*
 * Begins to call getaddrinfo() in a process of its own. Returns the reading end of a pipe, as a lookup_fn
 * (broker/os/lookup.h): nobody waits for the answer. -EAGAIN if the account has too many under way.
 */
int keeper_lookup(struct keeper *keeper, unsigned account, const char *host, const char *port,
                  const struct addrinfo *hints);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker's self-confinement. The broker parses what hostile workers say and what arrives from the
 * network. Once it is confined, a mistake in that gives an attacker the sockets of the show, but not the
 * machine: no program, no process, no file to write, few to read, no service of this machine that listens on
 * a unix socket. The keeper (keeper/client.h) does what takes more. docs/sandbox.md says what holds where.
 *
 * Runs in a process with one thread, since identity, capabilities and Landlock apply to the calling thread
 * only: in the broker, the keeper, the counter, gates, the desk, drivers, and processes that look up a name.
 */
#ifndef BROKER_OS_CONFINE_H
#define BROKER_OS_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct confine_spec {
    const char *const *readable; /* folders with configurations, which may be reloaded */
    size_t n_readable;
    uid_t uid; /* the broker's from then on, if it runs as root */
    gid_t gid;
    bool is_root;
    bool has_users;      /* if it runs as root: there are workers with other uids */
    pid_t keeper;        /* of a driver: it and its gates may take descriptors of the driver */
    const gid_t *groups; /* of a driver of a broker that runs as root: that it keeps */
    size_t n_groups;
};

/*
 * Confines the broker for good. 0, or -errno with the reason in the log. Without Landlock in the kernel it
 * logs a warning and returns 0.
 */
int confine_broker(const struct confine_spec *spec);

/*
 * Confines a gate, in the same way: `spec` says whose it is. It has no Landlock, since a process that has
 * it may not take descriptors of workers; the filter lets it open no file at all. 0, or -errno with the
 * reason in the log.
 */
int confine_gate(const struct confine_spec *spec);

/*
 * Confines the desk for good: no file, no program, no process, no new socket, bounded memory. Of `spec` the
 * identity counts. 0, or -errno with the reason in the log. Goes on without Landlock, as confine_broker().
 */
int confine_desk(const struct confine_spec *spec);

/* What a driver may open. */
struct confine_path {
    const char *path;
    bool is_device; /* read, written and controlled; otherwise only read */
};

struct confine_paths {
    struct confine_path *list;
    size_t n;
    bool connects; /* to hosts: its gate decides to which */
};

/* Which layers of a driver this kernel has, and what came of them. */
struct confine_found {
    bool is_apart; /* it has namespaces of its own, */
    bool has_root; /* and a private root */
    bool has_landlock;
    uid_t uid;
    gid_t gid;
    /* if it connects to hosts: the notification descriptor (seccomp_unotify(2)) of that; or -1 */
    int listener;
};

/*
 * Confines a driver for good: no program, no process, bounded memory, a network of its own, and of all files
 * and devices those in `paths`. Of `spec` the identity counts. 0, or -errno with the reason in the log. Goes
 * on without Landlock, as confine_broker(), and without namespaces, as workers do.
 */
int confine_driver(const struct confine_spec *spec, const struct confine_paths *paths,
                   struct confine_found *found);

/*
 * Confines a process that looks up a name: it can read the system's settings and libraries, and write
 * nothing. 0 or -errno.
 */
int confine_lookup(void);

enum confine_role {
    CONFINE_BROKER,
    CONFINE_BROKER_OF_USERS,
    CONFINE_KEEPER,
    CONFINE_COUNTER,
    CONFINE_GATE,
    CONFINE_DESK,
    CONFINE_DRIVER,
    CONFINE_SCRIBE,
};

/* Drops all capabilities but those that the role needs. 0 or -errno. */
int confine_keep_capabilities(enum confine_role role);

#endif

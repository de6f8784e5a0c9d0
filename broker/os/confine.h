/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker's self-confinement. The broker parses what hostile workers say and what arrives from the
 * network. Once it is confined, a mistake in that gives an attacker the sockets of the show, but not the
 * machine: no program, no process, no file to write, few to read, no service of this machine that listens on
 * a unix socket. The keeper (keeper/client.h) does what takes more. docs/sandbox.md says what holds where.
 *
 * Runs in a process with one thread, since identity, capabilities and Landlock apply to the calling thread
 * only: in the broker, the keeper, the counter, gates, the desk, and processes that look up a name.
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
    bool has_users; /* if it runs as root: there are workers with other uids */
};

/*
 * Confines the broker for good. 0, or -errno with the reason in the log. Without Landlock in the kernel it
 * logs a warning and returns 0.
 */
int confine_broker(const struct confine_spec *spec);

/*
 * Confines a gate, in the same way: `confine` says whose it is. It has no Landlock, since a process that has
 * it may not take descriptors of workers; the filter lets it open no file at all. 0, or -errno with the
 * reason in the log.
 */
int confine_gate(const struct confine_spec *spec);

/*
 * Confines the desk for good: no file, no program, no process, no new socket, bounded memory. Of `spec` the
 * identity counts. 0, or -errno with the reason in the log. Goes on without Landlock, as confine_broker().
 */
int confine_desk(const struct confine_spec *spec);

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
};

/* Drops all capabilities but those that the role needs. 0 or -errno. */
int confine_keep_capabilities(enum confine_role role);

#endif

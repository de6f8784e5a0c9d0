/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker's own curtain. A broker parses what hostile workers say and what arrives from the network; once
 * it is closed, a mistake in that gives an attacker the sockets of the show, and not the machine: no program,
 * no process, no file to write, few to read, no service of this machine that listens on a unix socket. What
 * it needs beyond that the keeper does (keeper.h). docs/sandbox.md says what holds where.
 *
 * Runs while there is one thread: identity, capabilities and Landlock are a thread's own.
 */
#ifndef BROKER_OS_CONFINE_H
#define BROKER_OS_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct confine_spec {
    const char *const *readable; /* folders with configurations, for reading them again */
    size_t n_readable;
    uid_t uid; /* as root: who to become */
    gid_t gid;
    bool is_root;
    bool has_users; /* as root: there are workers with other uids */
};

/* For ever. 0 or -errno, with the reason in the log. A kernel without Landlock is a warning. */
int confine_broker(const struct confine_spec *spec);

/* For a process that looks up a name: reads the system's settings and libraries, writes nothing. -errno. */
int confine_lookup(void);

enum confine_role {
    CONFINE_BROKER,
    CONFINE_BROKER_OF_USERS,
    CONFINE_KEEPER,
    CONFINE_COUNTER,
};

/* Drops all capabilities but those that the role needs. 0 or -errno. */
int confine_keep_capabilities(enum confine_role role);

#endif

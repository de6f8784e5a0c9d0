/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts the keeper (client.h), with everything that it will ever allow. */
#ifndef BROKER_KEEPER_FORK_H
#define BROKER_KEEPER_FORK_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/spawn_paths.h"

struct cgroups;
struct confine_spec;
struct keeper;

/* One account, and what its workers may have. Number 0 is the house, the others are users. */
struct keeper_account {
    struct spawn_paths paths;
    uid_t uid; /* of the workers, when the broker runs as root */
    gid_t gid;
};

/* Borrowed during keeper_new(). */
struct keeper_spec {
    const struct keeper_account *accounts;
    unsigned n_accounts;
    /* these two and drivers are the only programs that the keeper ever starts */
    const char *worker_path;
    const char *desk_path;
    const char *runtime_folder; /* where the control socket's file is */
    int control_fd;             /* the control socket, whose file is removed at the end; -1: none */
    /* what a gate's process does until it ends: gate_serve(); NULL: there are no gates */
    void (*run_gate)(int socket, int flight, const struct confine_spec *confine);
    bool is_root;
    bool no_sandbox; /* workers have no filter and no gates: only then descriptors are taken from them */
    struct cgroups *cgroups; /* the keeper's after keeper_new() */
};

/* Forks the keeper. This process must have one thread. 0 or -errno. */
int keeper_new(struct keeper **keeper, const struct keeper_spec *spec);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sandbox, which prose calls the curtain: inert data (struct sandbox), and the ordered steps that turn it
 * into confinement. Each step is a layer in a file of its own. If one fails, the worker ends before the
 * script's first line, with the layer's name in the log. docs/sandbox.md says what each layer is for.
 *
 * Runs in zygotes and in the new processes that become workers, with one thread, before there is a script;
 * only the system call filter is loaded later. Knows nothing of Python, of scripts or of the link.
 */
#ifndef WORKER_SANDBOX_SANDBOX_H
#define WORKER_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "worker/sandbox/fail.h"

#define SANDBOX_HOSTNAME "firecurtain"
#define SANDBOX_TMP_MIB  16 /* size of /tmp */

struct sandbox {
    bool namespaces; /* false where the kernel refuses them: then only Landlock keeps files apart */
    bool none;       /* no layer at all: run --insecure-no-sandbox */
    bool host_network;
    bool is_prepared; /* by sandbox_prepare() */
    int old_root;     /* after sandbox_prepare(): O_PATH, or -1 if nothing of it is left */
    uid_t outer_uid;
    gid_t outer_gid;
    const char *script_folder;
    const char *state_folder;
    const char *hosts; /* text of /etc/hosts, without host_network */
    const char *reads; /* paths of `n_reads` folders and files to show unchanged, each with its NUL */
    unsigned n_reads;
    const int *read_trees; /* detached mounts of these, each -1 where the path is to be opened */
    int script_tree;       /* the same for the script's folder */
    int state_tree;        /* and for the private folder */
    uint64_t file_bytes;
    uint64_t memory_bytes;
    uint32_t threads;
    uint32_t files;
    /* called with each layer of sandbox_enter() that is up; may be NULL */
    void (*passed)(const struct sandbox *sandbox, const char *layer);
};

/*
 * Sets up ahead of need what is the same for all workers of a zygote: identity, and the private root without
 * what an instance shows. Runs in a new process, as sandbox_enter() does, which continues from here. Needs
 * `namespaces`, `outer_uid` and `outer_gid`. With `leave`, nothing of the old root is left, and whatever is
 * shown later has to come as a detached mount. 0, or -errno with `error` filled in; then the process must
 * end.
 */
int sandbox_prepare(struct sandbox *sandbox, bool leave, struct sandbox_error *error);

/*
 * Sets up everything but the system call filter: identity, limits, private root, capabilities, Landlock, in
 * this order. Runs in a new process that has one thread and is in its new namespaces. With `none`, only what
 * does not confine: a process group, the options' limits, and ending with the broker. 0, or -errno with
 * `error` filled in.
 */
int sandbox_enter(const struct sandbox *sandbox, struct sandbox_error *error);

#endif

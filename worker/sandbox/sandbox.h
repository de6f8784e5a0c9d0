/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The curtain: inert data (struct sandbox) and the ordered steps that turn it into confinement. Each step is
 * one layer in a file of its own; the first that fails ends the worker before the script's first line, with
 * the layer's name in the log. docs/sandbox.md lists the layers and what each is for.
 */
#ifndef WORKER_SANDBOX_SANDBOX_H
#define WORKER_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SANDBOX_SCRIPT_FOLDER "/show"
#define SANDBOX_STATE_FOLDER  "/state"

struct sandbox {
    bool namespaces; /* false where the kernel has none for us: then Landlock must hold alone */
    bool none;       /* no layer at all: run --insecure-no-sandbox */
    bool host_network;
    bool is_prepared; /* by sandbox_prepare() */
    int old_root;     /* of what was prepared: O_PATH, or -1 if it was left for good */
    uid_t outer_uid;
    gid_t outer_gid;
    const char *script_folder;
    const char *state_folder;
    const char *hosts; /* text of /etc/hosts, without host_network */
    const char *reads; /* paths of `n_reads` folders and files to show as they are, each with its NUL */
    unsigned n_reads;
    const int *read_trees; /* as the two below */
    uint64_t file_bytes;
    uint64_t memory_bytes;
    uint32_t threads;
    uint32_t files;
    int script_tree; /* detached mounts of the two, or -1: then the paths are opened */
    int state_tree;
    /* if not NULL: told of each layer of sandbox_enter() that is up */
    void (*passed)(const struct sandbox *sandbox, const char *layer);
};

/* Why a layer could not be set up. */
struct sandbox_error {
    const char *layer;
    char what[256];
    int error; /* positive errno */
};

/* Fills the error from errno, and returns -errno. */
int sandbox_fail(struct sandbox_error *error, const char *layer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Ahead of need, what is the same for all workers of a zygote: identity, and the private root without what an
 * instance shows. Runs in a new process as sandbox_enter() does, which goes on from here; needs `namespaces`,
 * `outer_uid` and `outer_gid`. With `leave`, everything that is shown later has to come as a detached mount,
 * and nothing of the old root is left. 0 or -errno with `error` filled; then the process must end.
 */
int sandbox_prepare(struct sandbox *sandbox, bool leave, struct sandbox_error *error);

/* The namespaces that every worker gets, as flags for clone3. */
uint64_t sandbox_namespaces(const struct sandbox *sandbox);

/*
 * Everything but the system call filter: identity, limits, private root, capabilities, Landlock, in this
 * order. Runs in a new process that has one thread and is in its new namespaces. With `none`, only what does
 * not confine: a session, the options' limits, the end with the broker. 0 or -errno with `error` filled.
 */
int sandbox_enter(const struct sandbox *sandbox, struct sandbox_error *error);

/* The layers, called by sandbox_enter(). */
int sandbox_identity(const struct sandbox *sandbox, struct sandbox_error *error);
int sandbox_limits(const struct sandbox *sandbox, struct sandbox_error *error);
int sandbox_root(const struct sandbox *sandbox, struct sandbox_error *error);

/* The first part of sandbox_root(): *old_root is the caller's, -1 with `leave`. */
int sandbox_root_prepare(const struct sandbox *sandbox, bool leave, int *old_root,
                         struct sandbox_error *error);
int sandbox_capabilities(const struct sandbox *sandbox, struct sandbox_error *error);
int sandbox_landlock(const struct sandbox *sandbox, struct sandbox_error *error);

/*
 * The system call filter. Compiled once, in the zygote (sandbox_seccomp_compile; `namespaces` as all workers
 * will have it), and loaded in the worker for all of its threads (sandbox_seccomp_load), which returns the
 * notification descriptor or -errno with `error` filled.
 */
int sandbox_seccomp_compile(bool namespaces);
int sandbox_seccomp_load(const struct sandbox *sandbox, struct sandbox_error *error);

#endif

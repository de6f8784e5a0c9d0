/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of the broker to a zygote, and its replies: one SOCK_SEQPACKET message each way per worker, in
 * order. Both sides are of the same build, so these are plain structures, with descriptors attached. Requests
 * are checked nevertheless: they have the lengths, strings and descriptors that they claim.
 */
#ifndef PROTO_SPAWN_REQUEST_H
#define PROTO_SPAWN_REQUEST_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Exit status of a worker whose sandbox could not be set up: EX_OSERR of sysexits. */
#define SPAWN_EXIT_SANDBOX 71

/* The uid and gid that a script sees: not 0, and mapped to the zygote's, which are never the host's root. */
#define SPAWN_INNER_ID 1000u

/* The variable by which a worker, and its script, know of the option `directory`; the last one counts. */
#define SPAWN_DIRECTORY "FIRECURTAIN_DIRECTORY="

#define SPAWN_MAX_READS      16
#define SPAWN_MAX_READ_BYTES 8192

/* A worker's threads in addition to the script's: the main one. */
#define SPAWN_OWN_THREADS 1

/* Where a worker with a root of its own sees its folders. */
#define SPAWN_SCRIPT_FOLDER "/show"
#define SPAWN_STATE_FOLDER  "/state"

/* A worker's descriptors in addition to the script's: the link's, standard output and so on. */
#define SPAWN_OWN_FILES 16

/*
 * What a worker may have beyond the option `memory`, of which the kernel counts what is writable at the
 * moment (RLIMIT_DATA): pages that the script made read-only, page tables, its first thread's stack, and
 * where there are cgroups also /tmp and the buffers of sockets and pipes.
 */
#define SPAWN_MEMORY_ALLOWANCE (UINT64_C(48) << 20)

/*
 * What of its address space may be beyond the option `memory` (RLIMIT_AS): the interpreter, libraries, files
 * that are mapped read-only, and what malloc() reserves for later.
 */
#define SPAWN_ADDRESS_ALLOWANCE (UINT64_C(512) << 20)

#define SPAWN_FD 3 /* the zygote's end of the pair */

#define SPAWN_SPARES 2 /* processes of a zygote that wait to become workers; the oldest is used first */

enum spawn_network {
    SPAWN_NETWORK_NONE, /* an empty network namespace; the gate does what the policy allows */
    SPAWN_NETWORK_HOST, /* the host's: option `insecure-network = host` */
};

enum spawn_flag {
    SPAWN_PROBE = 1,      /* no script: worker/probe.h writes a line per layer to stdout */
    SPAWN_NO_SANDBOX = 2, /* nothing confines the script; a broker that is root never asks for this */
    SPAWN_COMPILE = 8,    /* with SPAWN_PROBE: the modules are compiled and looked at, not imported */
    SPAWN_IN_CGROUP = 4,  /* the worker is born in the group of SPAWN_CGROUP */
};

/* Descriptors of a request, in this order. The trees are sent only if `has_trees`. */
enum spawn_descriptor {
    SPAWN_STDOUT, /* pipes to the log */
    SPAWN_STDERR,
    SPAWN_LINK,        /* the worker's end of its link, see proto/link.h */
    SPAWN_PROGRESS,    /* the memory that it shares with the broker, see proto/progress.h */
    SPAWN_SCRIPT_TREE, /* detached mounts, from a broker that may make them (root) */
    SPAWN_STATE_TREE,
    SPAWN_READ_TREES,                                  /* `n_reads` of them */
    SPAWN_CGROUP = SPAWN_READ_TREES + SPAWN_MAX_READS, /* folder of a cgroup, with SPAWN_IN_CGROUP */
    SPAWN_DESCRIPTORS_,
};

struct spawn_request {
    uint32_t network; /* enum spawn_network */
    uint32_t flags;   /* enum spawn_flag, or-ed */
    uint32_t has_trees;
    char script_folder[PATH_MAX];
    char state_folder[PATH_MAX];
    uint64_t file_bytes;
    uint64_t memory_bytes; /* this, file_bytes, threads and files are limits */
    uint32_t threads;
    uint32_t files;
    uint32_t n_reads;
    uint32_t n_environment;
    char reads[SPAWN_MAX_READ_BYTES];       /* paths visible to the worker, each ending with a NUL */
    char environment[SPAWN_MAX_READ_BYTES]; /* NAME=value, each ending with a NUL */
    char hosts[16384];                      /* /etc/hosts of the worker, unless SPAWN_NETWORK_HOST */
};

struct spawn_reply {
    int32_t pid;            /* or -errno of clone3 */
    uint32_t in_namespaces; /* the worker has its own namespaces: the kernel does not refuse them */
    uint32_t is_spare;      /* not a reply: `pid` is a new spare, which the broker has to reap one day */
};

/*
 * Tells whether every string of a request is terminated and every number in its range, as the zygote and the
 * worker rely on. spawn_receive_request() returns no others.
 */
bool spawn_is_sound(const struct spawn_request *request);

/* Sends without blocking; the descriptors remain the caller's. 0 or -errno (-EAGAIN: the zygote is behind).
 */
int spawn_send_request(int socket, const struct spawn_request *request, const int *descriptors);

/*
 * Waits for a request. Its descriptors, close-on-exec, become the caller's; missing ones are -1. 0, -EPIPE
 * when the broker is gone, or another -errno.
 */
int spawn_receive_request(int socket, struct spawn_request *request, int descriptors[SPAWN_DESCRIPTORS_]);

/* Send and receive a reply. 0 or -errno. Receiving does not block (-EAGAIN); -EPIPE: the zygote is gone. */
int spawn_send_reply(int socket, const struct spawn_reply *reply);
int spawn_receive_reply(int socket, struct spawn_reply *reply);

#endif

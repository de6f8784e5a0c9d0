/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the broker tells a zygote, and what it answers: one SOCK_SEQPACKET message each way per worker, in
 * order. Both sides are one build, so plain structures do; descriptors travel beside them. A request is
 * checked all the same: it has the lengths, strings and descriptors that it says.
 */
#ifndef PROTO_SPAWN_REQUEST_H
#define PROTO_SPAWN_REQUEST_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How a worker ends when the curtain could not be closed: EX_OSERR of sysexits. */
#define SPAWN_EXIT_SANDBOX 71

/* Whom a script believes to be: never 0, and mapped to the zygote's uid, which is never the host's root. */
#define SPAWN_INNER_ID 1000u

#define SPAWN_MAX_READS      16
#define SPAWN_MAX_READ_BYTES 8192

/* A worker's threads beside the script's: the main one and libzmq's two. */
#define SPAWN_OWN_THREADS 3

/* Its descriptors beside the script's: the link's, standard output and so on. */
#define SPAWN_OWN_FILES 16

#define SPAWN_FD 3 /* the zygote's end of the pair */

#define SPAWN_SPARES 2 /* processes of a zygote's that wait to become workers; the oldest is used first */

enum spawn_network {
    SPAWN_NETWORK_NONE, /* an empty network namespace; the broker lets through what the policy allows */
    SPAWN_NETWORK_HOST, /* the host's: option `insecure-network = host` */
};

enum spawn_flag {
    SPAWN_PROBE = 1,      /* no script: stdout gets a line per layer, see worker/probe.h */
    SPAWN_NO_SANDBOX = 2, /* nothing confines the script; never from a broker that is root */
    SPAWN_IN_CGROUP = 4,  /* the worker is born in the group of SPAWN_CGROUP */
};

/* Descriptors of a request, in this order. The trees are there only if `has_trees`. */
enum spawn_descriptor {
    SPAWN_STDOUT, /* pipes to the log */
    SPAWN_STDERR,
    SPAWN_LINK_FOLDER, /* O_PATH: where `link` is */
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
    char link[64]; /* the endpoint's name in the link folder */
    char script_folder[PATH_MAX];
    char state_folder[PATH_MAX];
    uint64_t file_bytes;
    uint64_t memory_bytes; /* limits, see docs/configuration.md */
    uint32_t threads;
    uint32_t files;
    uint32_t n_reads; /* paths that are shown as they are, each with its NUL */
    uint32_t n_environment;
    char reads[SPAWN_MAX_READ_BYTES];
    char environment[SPAWN_MAX_READ_BYTES]; /* NAME=value, each with its NUL */
    char hosts[16384];                      /* /etc/hosts of the worker, without SPAWN_NETWORK_HOST */
};

struct spawn_reply {
    int32_t pid;            /* or -errno of clone3 */
    uint32_t in_namespaces; /* of its own; without, the kernel refuses them */
    uint32_t is_spare; /* no answer: this process waits for a request of the zygote's, and is to be reaped */
};

/*
 * Whether every string of a request has its end and every number is in its range: what the zygote and the
 * worker rely on when they walk through it. spawn_receive_request() returns no other.
 */
bool spawn_is_sound(const struct spawn_request *request);

/* Sends without blocking; the descriptors stay the caller's. 0 or -errno (-EAGAIN: the zygote is behind). */
int spawn_send_request(int socket, const struct spawn_request *request, const int *descriptors);

/*
 * Waits for a request. Its descriptors, close-on-exec, become the caller's; unused ones are -1. 0, -EPIPE
 * when the broker has gone, or another -errno.
 */
int spawn_receive_request(int socket, struct spawn_request *request, int descriptors[SPAWN_DESCRIPTORS_]);

/* 0 or -errno; receiving does not block (-EAGAIN), and -EPIPE says that the zygote has gone. */
int spawn_send_reply(int socket, const struct spawn_reply *reply);
int spawn_receive_reply(int socket, struct spawn_reply *reply);

#endif

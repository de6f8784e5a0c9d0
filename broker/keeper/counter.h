/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The counter: a child of the keeper that counts what is in private folders (folder_limit.h) and what workers
 * take of the memory (memory_watch.h). A folder with ten thousand files takes milliseconds, and longer if the
 * disk is busy; neither the broker nor the keeper waits for that. The counter trusts what the keeper was
 * forked with and no request: paths must be private folders, and processes children of the broker.
 */
#ifndef BROKER_KEEPER_COUNTER_H
#define BROKER_KEEPER_COUNTER_H

#include <limits.h>
#include <stdint.h>

#include "broker/keeper/folder_count.h"
#include "broker/keeper/folder_limit.h"
#include "broker/keeper/memory_watch.h"

struct keeper_spec;

enum counter_kind {
    COUNTER_FOLDER, /* count a folder */
    COUNTER_MEMORY, /* watch the memory of a process */
    COUNTER_END,    /* stop either; not answered */
};

/* A request of the broker's; one message over SOCK_SEQPACKET. */
struct counter_request {
    uint64_t id;   /* the broker's choice */
    uint32_t kind; /* enum counter_kind */
    uint32_t account;
    int32_t pid;
    struct folder_size limit; /* of a process, its bytes */
    char path[PATH_MAX];      /* of the private folder */
};

/* Answers a request, and comes again each time when what it is about is found to be over its limit, or when a
 * process is seen to use more or less. */
struct counter_reply {
    uint64_t id;
    int32_t error; /* -errno: it is not counted */
    uint32_t is_over;
    struct folder_excess excess; /* of a folder that is over */
    struct memory_use use;       /* of a process; 0 in the answer to a request */
};

/* Runs the process until the broker or the keeper has ended; their pids. */
_Noreturn void counter_serve(int socket, const struct keeper_spec *spec, pid_t keeper, pid_t broker);

#endif

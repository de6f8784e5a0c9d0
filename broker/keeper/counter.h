/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The counter: a process of the keeper's that counts what is in the scripts' private folders (state_limit.h).
 * A folder with ten thousand files takes milliseconds, and longer if the disk is busy: neither the broker nor
 * the keeper waits for that. It trusts what the keeper was forked with: paths must be private folders.
 */
#ifndef BROKER_KEEPER_COUNTER_H
#define BROKER_KEEPER_COUNTER_H

#include <limits.h>
#include <stdint.h>

#include "broker/keeper/folder_count.h"

struct keeper_spec;

/* One message each, over SOCK_SEQPACKET. */
struct counter_request {
    uint64_t id; /* the broker's choice */
    uint32_t account;
    uint32_t is_end; /* no further counts of this one; not answered */
    struct folder_size limit;
    char path[PATH_MAX]; /* of the private folder */
};

/* The answer to a request, and what comes later: each time when the folder is found to be over its limit. */
struct counter_reply {
    uint64_t id;
    int32_t error; /* -errno: it is not counted */
    uint32_t is_over;
};

/* What the process does until the broker has gone, or the keeper. `keeper` is its pid. */
_Noreturn void counter_serve(int socket, const struct keeper_spec *spec, int keeper);

#endif

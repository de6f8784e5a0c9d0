/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The counter: a child of the keeper that counts what is in private folders (folder_limit.h). A folder with
 * ten thousand files takes milliseconds, and longer if the disk is busy; neither the broker nor the keeper
 * waits for that. The counter trusts what the keeper was forked with and no request: paths must be private
 * folders.
 */
#ifndef BROKER_KEEPER_COUNTER_H
#define BROKER_KEEPER_COUNTER_H

#include <limits.h>
#include <stdint.h>

#include "broker/keeper/folder_count.h"

struct keeper_spec;

/* A request of the broker's; one message over SOCK_SEQPACKET. */
struct counter_request {
    uint64_t id; /* the broker's choice */
    uint32_t account;
    uint32_t is_end; /* stop counting this one; not answered */
    struct folder_size limit;
    char path[PATH_MAX]; /* of the private folder */
};

/* Answers a request, and comes again each time when the folder is found to be over its limit. */
struct counter_reply {
    uint64_t id;
    int32_t error; /* -errno: the folder is not counted */
    uint32_t is_over;
};

/* Runs the process until the broker or the keeper, whose pid is `keeper`, has ended. */
_Noreturn void counter_serve(int socket, const struct keeper_spec *spec, int keeper);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The messages between the broker and its keeper, one each way per request, and how the keeper sees one. */
#ifndef BROKER_KEEPER_PRIVATE_H
#define BROKER_KEEPER_PRIVATE_H

#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "broker/keeper/client.h"
#include "broker/keeper/fork.h"

#define KEEPER_MAX_DESCRIPTORS 4

/* The broker's side. */
struct keeper {
    int socket;
    int counter; /* a socket, too */
    pid_t pid;
};

/* Each has a row in operations.c. */
enum keeper_operation {
    KEEPER_START,
    KEEPER_START_GATE,
    KEEPER_START_DESK,
    KEEPER_START_DRIVER,
    KEEPER_MAKE_STATE_FOLDER,
    KEEPER_OPEN_STATE_FOLDER,
    KEEPER_OPEN_SHOWN,
    KEEPER_WATCH,
    KEEPER_TAKE_DESCRIPTOR,
    KEEPER_TAKE_LISTENER,
    KEEPER_OPEN_MEMORY,
    KEEPER_OPEN_MAPS,
    KEEPER_OPEN_PROCESS,
    KEEPER_SIGNAL,
    KEEPER_MAKE_CGROUP,
    KEEPER_OPEN_MEMORY_EVENTS,
    KEEPER_REMOVE_CGROUP,
    KEEPER_READ,
    KEEPER_OWNS,
    KEEPER_CONFINES,
    KEEPER_LOOKUP,
    KEEPER_OPERATIONS_,
};

struct keeper_request {
    int32_t operation; /* enum keeper_operation */
    uint32_t account;
    int32_t pid;
    int32_t fd;       /* or a signal, or the number of descriptors */
    int32_t hints[4]; /* of a lookup: flags, family, socket type, protocol */
    char port[32];    /* of a lookup, "" for none */
    struct cgroup_limits limits;
    char below[256];     /* of a watch: a path below `text` */
    char text[PATH_MAX]; /* a name or a path */
};

struct keeper_reply {
    int32_t result; /* as the operation returned it */
    int32_t pid;    /* of a start, also of one that failed: to be waited for */
};

/* The number of its socket to the broker in the keeper's process, where nothing but the log is open besides.
 */
#define KEEPER_SOCKET 3

/* One request, in the keeper's process. */
struct keeper_call {
    const struct keeper_spec *spec;
    pid_t broker;
    const struct keeper_request *request; /* its account exists, and its strings end */
    const int *descriptors;               /* KEEPER_MAX_DESCRIPTORS that came with it, or -1; borrowed */
    struct keeper_reply *reply;           /* what operations answer besides their result */
    int fd;                               /* handed out if the result is 0; -1: none */
};

/* Carries out one request. Returns 0, a number that is the answer, or a negative error. */
typedef int (*keeper_operation_fn)(struct keeper_call *call);

/* Returns the account whose workers a request is about. */
static inline const struct keeper_account *keeper_account_of(const struct keeper_call *call)
{
    return &call->spec->accounts[call->request->account];
}

/* Returns whether a text can name a file or cgroup in a folder, and nothing elsewhere. */
static inline bool keeper_is_name(const char *text)
{
    return text[0] && text[0] != '.' && !strchr(text, '/');
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What keeper.c (the broker's side) and keeper_serve.c (the process) share: one message each way per request.
 */
#ifndef BROKER_KEEPER_PRIVATE_H
#define BROKER_KEEPER_PRIVATE_H

#include <limits.h>
#include <stddef.h>
#include <sys/socket.h>

#include "broker/keeper/client.h"

#define KEEPER_MAX_ADDRESSES   64
#define KEEPER_MAX_DESCRIPTORS 2

enum keeper_operation {
    KEEPER_START,
    KEEPER_LISTEN,
    KEEPER_REMOVE,
    KEEPER_MAKE_STATE_FOLDER,
    KEEPER_OPEN_STATE_FOLDER,
    KEEPER_OPEN_SHOWN,
    KEEPER_WATCH,
    KEEPER_TAKE_DESCRIPTOR,
    KEEPER_OPEN_MEMORY,
    KEEPER_SIGNAL,
    KEEPER_MAKE_CGROUP,
    KEEPER_OPEN_MEMORY_EVENTS,
    KEEPER_REMOVE_CGROUP,
    KEEPER_READ,
    KEEPER_COUNT_SOCKETS,
    KEEPER_OWNS,
    KEEPER_CONFINES,
    KEEPER_LOOKUP,
    KEEPER_USAGE,
};

struct keeper_request {
    int32_t operation; /* enum keeper_operation */
    uint32_t account;
    int32_t pid;
    int32_t fd;       /* or a signal, or the number of descriptors */
    int32_t hints[4]; /* of a lookup: flags, family, socket type, protocol */
    char port[32];    /* of a lookup, "" for none */
    struct cgroup_limits limits;
    char below[256];     /* of a watch: a path below that */
    char text[PATH_MAX]; /* a name or a path */
};

struct keeper_address {
    int32_t family;
    int32_t type;
    int32_t protocol;
    uint32_t bytes;
    struct sockaddr_storage storage;
};

struct keeper_reply {
    int32_t result; /* 0, -errno, of a watch its number, of a count that, or of a lookup what getaddrinfo()
                       says */
    int32_t pid;    /* of a start, also of one that failed: to be waited for */
    uint32_t n_addresses;
    struct keeper_usage usage;
    struct keeper_address addresses[KEEPER_MAX_ADDRESSES];
};

/* With descriptors that travel beside the bytes. 0 or -errno. */
int keeper_send(int socket, const void *bytes, size_t n_bytes, const int *descriptors, size_t n_descriptors);

/* The number of bytes, 0 if the other side has gone, or -errno. Descriptors become the caller's; others -1.
 */
ssize_t keeper_receive(int socket, void *bytes, size_t n_bytes, int descriptors[KEEPER_MAX_DESCRIPTORS]);

/* keeper_serve.c: what the process does until the broker has gone; `counter` is a socket for its child. */
_Noreturn void keeper_serve(int socket, int counter, const struct keeper_spec *spec);

/* Where the process has its own descriptors; the link folders follow each other, one for each account. */
#define KEEPER_SOCKET      3
#define KEEPER_LINK_FOLDER 4

struct keeper_state {
    const struct keeper_spec *spec;
    pid_t broker;
};

/* The answer to a request: 0 or -errno, and a descriptor in *fd if there is one. */
typedef int (*keeper_operation_fn)(const struct keeper_state *state, const struct keeper_request *request,
                                   int *fd);

/* Whose workers a request is about. */
static inline const struct keeper_account *keeper_account_of(const struct keeper_state *state,
                                                             const struct keeper_request *request)
{
    return &state->spec->accounts[request->account];
}

/* keeper_files.c: private folders, and what workers may see. */
int keeper_do_make_state_folder(const struct keeper_state *state, const struct keeper_request *request,
                                int *fd);
int keeper_do_open_state_folder(const struct keeper_state *state, const struct keeper_request *request,
                                int *fd);
int keeper_do_open_shown(const struct keeper_state *state, const struct keeper_request *request, int *fd);
int keeper_do_read(const struct keeper_state *state, const struct keeper_request *request, int *fd);
/* A watch's number, or -errno. */
int keeper_do_watch(const struct keeper_state *state, const struct keeper_request *request, int inotify);

/* keeper_start.c: makes a zygote, a child of the broker. 0 or -errno; *pid as in the reply. */
int keeper_start_zygote(const struct keeper_spec *spec, unsigned account, int socket, int log, int32_t *pid);

/* keeper_lookup.c: sends the answer. */
void keeper_answer_lookup(int socket, const struct keeper_spec *spec, const struct keeper_request *request);

#endif

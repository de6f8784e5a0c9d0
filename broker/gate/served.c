/* SPDX-License-Identifier: BSD-2-Clause */
/* A gate's workers. Runs in the gate. */
#include "broker/gate/served.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/base/hash.h"
#include "broker/gate/connect.h"
#include "broker/gate/flight.h"
#include "broker/gate/lend.h"
#include "broker/gate/socket.h"
#include "broker/os/network.h"
#include "firecurtain/cleanup.h"

struct served {
    uint64_t id;
    struct served_set *set;
    struct gate_worker *worker;
    struct policy policy;
    int memory;
    int maps;
    int pidfd;
    char instance[sizeof(((struct gate_add *)0)->instance)];
    char *state_folder;        /* NULL: it has none */
    int armed[GATE_MAX_ARMED]; /* descriptors that the broker polls as they are now */
    size_t n_armed;
    UT_hash_handle hh;
};

static struct served *served_find(const struct served_set *set, uint64_t id)
{
    struct served *served;

    HASH_FIND(hh, set->list, &id, sizeof(id), served);
    return served;
}

static void served_tell(const struct served *served, struct gate_notice *notice, int fd)
{
    notice->id = served->id;
    served->set->tell(served->set->userdata, notice, fd);
}

static void served_log(void *userdata, const char *text)
{
    struct gate_notice notice = {.kind = GATE_LOG};

    snprintf(notice.text, sizeof(notice.text), "%s", text);
    served_tell(userdata, &notice, -1);
}

static void served_offends(void *userdata, uint64_t waited_ns)
{
    served_tell(userdata, &(struct gate_notice){.kind = GATE_OFFENDS, .waited_ns = waited_ns}, -1);
}

static void served_deleted(void *userdata, uint64_t bytes)
{
    served_tell(userdata, &(struct gate_notice){.kind = GATE_DELETED, .bytes = bytes}, -1);
}

static bool served_disarm(struct served *served, int fd)
{
    for (size_t i = 0; i < served->n_armed; i++) {
        if (served->armed[i] != fd)
            continue;
        served->armed[i] = served->armed[--served->n_armed];
        return true;
    }
    return false;
}

/* Returns a duplicate of a socket that the broker may have, or -errno. */
static int served_duplicate(const struct served *served, int fd)
{
    FC_AUTO_CLOSE int own = gate_take(served->worker, fd);
    int type;
    socklen_t bytes = sizeof(type);

    if (own < 0)
        return own;
    if (getsockopt(own, SOL_SOCKET, SO_TYPE, &type, &bytes) < 0)
        return -EBADF;
    return network_may_hand_out(own) ? fc_steal_fd(&own) : -EPERM;
}

static void served_tell_placed(struct served *served, int fd, int own)
{
    struct gate_notice notice = {.kind = GATE_PLACED, .fd = fd, .error = own < 0 ? own : 0};

    served_tell(served, &notice, own);
}

/* The broker is told once, and watches again if it still polls that. */
static void served_placed(void *userdata, int fd)
{
    struct served *served = userdata;
    FC_AUTO_CLOSE int own = served_disarm(served, fd) ? served_duplicate(served, fd) : -EBADF;

    if (own >= 0)
        served_tell_placed(served, fd, own);
}

/* Looks among the workers of the same script that came before. */
static int served_borrow(void *userdata, const struct gate_name *name)
{
    struct served *served = userdata, *other, *next;
    int fd = -EADDRINUSE;

    HASH_ITER(hh, served->set->list, other, next) {
        if (fd < 0 && other->id < served->id && strcmp(other->instance, served->instance) == 0)
            fd = gate_lend(other->worker, name);
    }
    return fd;
}

static const struct gate_ops served_ops = {
    .log = served_log,
    .placed = served_placed,
    .borrow = served_borrow,
    .offends = served_offends,
    .deleted = served_deleted,
};

static void served_free(struct served *served)
{
    if (served->hh.tbl)
        HASH_DEL(served->set->list, served);
    gate_worker_free(served->worker);
    policy_deinit(&served->policy);
    fc_closep(&served->memory);
    fc_closep(&served->maps);
    fc_closep(&served->pidfd);
    free(served->state_folder);
    free(served);
}

static void served_resume(struct served *served)
{
    struct flight *flight = served->set->flight;
    struct flight_call *left;
    size_t from = 0;

    while ((left = flight_next(flight, served->id, &from)))
        gate_worker_resume(served->worker, left);
}

static int served_open(struct served *served, struct gate_spec *spec, const struct gate_add *add,
                       int *descriptors)
{
    int r = gate_read_rules(&served->policy, add);

    if (r == 0 && *add->state_folder && !(served->state_folder = strdup(add->state_folder)))
        r = -ENOMEM;
    HASH_ADD(hh, served->set->list, id, sizeof(served->id), served);
    if (r == 0 && !served->hh.tbl)
        r = -ENOMEM;
    spec->state_folder = served->state_folder;
    return r < 0 ? r : gate_worker_new(&served->worker, spec, fc_steal_fd(&descriptors[GATE_LISTENER]));
}

static void served_add(struct served_set *set, const struct gate_add *add, int *descriptors)
{
    struct served *served = calloc(1, sizeof(*served));
    struct gate_spec spec = {
        .loop = set->loop,
        .flight = set->flight,
        .n_served = &set->n_served,
        .id = add->head.id,
        .files = add->files,
        .connections = add->connections,
        .state_bytes = add->state_bytes,
        .state_device = add->state_device,
        .log_rate = add->log_rate,
        .ops = &served_ops,
        .userdata = served,
    };
    int r;

    if (!served) {
        set->tell(set->userdata,
                  &(struct gate_notice){.kind = GATE_FAILED, .id = add->head.id, .error = -ENOMEM}, -1);
        return;
    }
    served->id = add->head.id;
    served->set = set;
    served->memory = spec.memory = fc_steal_fd(&descriptors[GATE_MEMORY]);
    served->maps = spec.maps = fc_steal_fd(&descriptors[GATE_MAPS]);
    served->pidfd = spec.pidfd = fc_steal_fd(&descriptors[GATE_PIDFD]);
    spec.policy = &served->policy;
    snprintf(served->instance, sizeof(served->instance), "%s", add->instance);
    r = served_open(served, &spec, add, descriptors);
    if (r == 0) {
        served_resume(served);
        return;
    }
    served_tell(served, &(struct gate_notice){.kind = GATE_FAILED, .error = r}, -1);
    served_free(served);
}

/* The broker is told of what it does not have yet, and otherwise when that is replaced. */
static void served_watch(struct served *served, const struct gate_request *request)
{
    FC_AUTO_CLOSE int own = served_duplicate(served, request->fd);

    served_disarm(served, request->fd);
    if (own < 0 || !request->cookie || network_cookie(own) != request->cookie)
        served_tell_placed(served, request->fd, own);
    else if (served->n_armed < GATE_MAX_ARMED)
        served->armed[served->n_armed++] = request->fd;
}

static bool served_is_known(void *userdata, uint64_t id)
{
    return served_find(userdata, id) != NULL;
}

static void served_remove(struct served_set *set, struct served *served)
{
    flight_forget(set->flight, served->id);
    served_free(served);
}

static void served_carry_out(struct served_set *set, const struct gate_request *request)
{
    struct served *served = served_find(set, request->id);

    if (request->kind == GATE_KNOWN)
        flight_forget_unknown(set->flight, served_is_known, set);
    if (!served)
        return;
    if (request->kind == GATE_REMOVE)
        served_remove(set, served);
    else if (request->kind == GATE_INTERRUPT)
        gate_interrupt(served->worker);
    else if (request->kind == GATE_WATCH)
        served_watch(served, request);
}

int served_handle(struct served_set *set, const struct gate_add *request, size_t bytes, int *descriptors)
{
    size_t n = 0;
    int r = 0;

    while (n < GATE_DESCRIPTORS_ && descriptors[n] >= 0)
        n++;
    if (!gate_request_is_sound(request, bytes, n) ||
        (request->head.kind == GATE_ADD && served_find(set, request->head.id)))
        r = -EPROTO;
    else if (request->head.kind == GATE_ADD)
        served_add(set, request, descriptors);
    else
        served_carry_out(set, &request->head);
    for (size_t i = 0; i < GATE_DESCRIPTORS_; i++)
        fc_closep(&descriptors[i]);
    return r;
}

void served_free_all(struct served_set *set)
{
    struct served *served, *next;

    HASH_ITER(hh, set->list, served, next) {
        served_free(served);
    }
}

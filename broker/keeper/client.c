/* SPDX-License-Identifier: BSD-2-Clause */
/* The broker's side of the keeper: a function per request. */
#include "broker/keeper/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/keeper/private.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "proto/pass.h"

struct keeper *keeper_free(struct keeper *keeper)
{
    if (!keeper)
        return NULL;
    close(keeper->counter);
    close(keeper->socket);
    if (keeper->pid > 0)
        waitpid(keeper->pid, NULL, 0); /* it ends by itself */
    free(keeper);
    return NULL;
}

int keeper_fd(const struct keeper *keeper)
{
    return keeper->socket;
}

int keeper_counter_fd(const struct keeper *keeper)
{
    return keeper->counter;
}

_Noreturn void keeper_lost(void)
{
    fc_log(FC_LOG_ERROR, NULL, "the keeper has died; without it no worker can be started or ended");
    _exit(EX_OSERR); /* all workers end with this process */
}

static void keeper_post(struct keeper *keeper, const struct keeper_request *request, const int *descriptors,
                        size_t n_descriptors)
{
    if (pass_send(keeper->socket, request, sizeof(*request), descriptors, n_descriptors, 0) < 0)
        keeper_lost();
}

/* Receives the answer to the oldest request; its descriptor, or -1, in *fd. */
static void keeper_await(struct keeper *keeper, struct keeper_reply *reply, int *fd)
{
    int received[KEEPER_MAX_DESCRIPTORS];
    ssize_t n = pass_receive(keeper->socket, reply, sizeof(*reply), received, KEEPER_MAX_DESCRIPTORS, NULL);

    if (n != sizeof(*reply))
        keeper_lost();
    *fd = received[0];
}

static void keeper_ask(struct keeper *keeper, const struct keeper_request *request, const int *descriptors,
                       size_t n_descriptors, struct keeper_reply *reply, int *fd)
{
    keeper_post(keeper, request, descriptors, n_descriptors);
    keeper_await(keeper, reply, fd);
}

static int keeper_do(struct keeper *keeper, enum keeper_operation operation, unsigned account,
                     const char *text, int *received)
{
    struct keeper_request request = {.operation = (int32_t)operation, .account = account, .fd = -1};
    struct keeper_reply reply;

    if (text && snprintf(request.text, sizeof(request.text), "%s", text) >= (int)sizeof(request.text))
        return -ENAMETOOLONG;
    keeper_ask(keeper, &request, NULL, 0, &reply, received);
    return reply.result < 0 ? reply.result : 0;
}

/*
 * Returns the descriptor that a request was for. The kernel drops it silently if this process has no number
 * left.
 */
static int keeper_got(int r, int received)
{
    return r < 0 ? r : received >= 0 ? received : -EMFILE;
}

static int keeper_get(struct keeper *keeper, enum keeper_operation operation, unsigned account,
                      const char *text)
{
    int received = -1;
    int r = keeper_do(keeper, operation, account, text, &received);

    return keeper_got(r, received);
}

/* Asks about a child of this process. */
static int keeper_do_child(struct keeper *keeper, enum keeper_operation operation, pid_t pid, int fd,
                           int *received)
{
    struct keeper_request request = {.operation = (int32_t)operation, .pid = pid, .fd = fd};
    struct keeper_reply reply;

    keeper_ask(keeper, &request, NULL, 0, &reply, received);
    return reply.result < 0 ? reply.result : 0;
}

/* Asks for a descriptor about a child, which it returns, or -errno. */
static int keeper_get_of_child(struct keeper *keeper, enum keeper_operation operation, pid_t pid, int fd)
{
    int received = -1;
    int r = keeper_do_child(keeper, operation, pid, fd, &received);

    return keeper_got(r, received);
}

static pid_t keeper_start_program(struct keeper *keeper, const struct keeper_request *request,
                                  const int *descriptors, size_t n_descriptors)
{
    struct keeper_reply reply;
    int none;

    keeper_ask(keeper, request, descriptors, n_descriptors, &reply, &none);
    if (reply.result < 0 && reply.pid > 0)
        waitpid(reply.pid, NULL, __WALL);
    return reply.result < 0 ? reply.result : reply.pid;
}

pid_t keeper_start(struct keeper *keeper, unsigned account, int socket, int log)
{
    const struct keeper_request request = {.operation = KEEPER_START, .account = account};

    return keeper_start_program(keeper, &request, (int[]){socket, log}, 2);
}

pid_t keeper_start_desk(struct keeper *keeper, int link, int log, int listener, int console)
{
    const struct keeper_request request = {.operation = KEEPER_START_DESK};

    return keeper_start_program(keeper, &request, (int[]){link, log, listener, console}, console < 0 ? 3 : 4);
}

pid_t keeper_start_driver(struct keeper *keeper, const char *name, int link, int log)
{
    struct keeper_request request = {.operation = KEEPER_START_DRIVER};

    snprintf(request.text, sizeof(request.text), "%s", name);
    return keeper_start_program(keeper, &request, (int[]){link, log}, 2);
}

/* Returns the descriptor that a posted request was for, or -errno. */
static int keeper_await_descriptor(struct keeper *keeper)
{
    struct keeper_reply reply;
    int received;

    keeper_await(keeper, &reply, &received);
    return keeper_got(reply.result < 0 ? reply.result : 0, received);
}

/* Posts all requests first: the keeper and this process each wake once, not once per request. */
void keeper_open_place(struct keeper *keeper, unsigned account, const char *script_folder,
                       const char *state_folder, struct keeper_place *place)
{
    const struct {
        enum keeper_operation operation;
        const char *text;
        int *answer;
    } wanted[] = {
        {KEEPER_OPEN_SHOWN, script_folder, &place->script_tree},
        {KEEPER_OPEN_STATE_FOLDER, state_folder, &place->state_tree},
    };
    bool is_posted[FC_ARRAY_SIZE(wanted)] = {false};

    for (size_t i = 0; i < FC_ARRAY_SIZE(wanted); i++) {
        struct keeper_request request = {.operation = (int32_t)wanted[i].operation,
                                         .account = account,
                                         .fd = -1};

        *wanted[i].answer = -ENAMETOOLONG;
        if (!wanted[i].text ||
            snprintf(request.text, sizeof(request.text), "%s", wanted[i].text) >= (int)sizeof(request.text))
            continue;
        keeper_post(keeper, &request, NULL, 0);
        is_posted[i] = true;
    }
    for (size_t i = 0; i < FC_ARRAY_SIZE(wanted); i++) {
        if (is_posted[i])
            *wanted[i].answer = keeper_await_descriptor(keeper);
    }
}

int keeper_make_state_folder(struct keeper *keeper, unsigned account, const char *path)
{
    return keeper_get(keeper, KEEPER_MAKE_STATE_FOLDER, account, path);
}

int keeper_open_shown(struct keeper *keeper, unsigned account, const char *path)
{
    return keeper_get(keeper, KEEPER_OPEN_SHOWN, account, path);
}

int keeper_watch(struct keeper *keeper, unsigned account, int inotify, const char *folder, const char *below)
{
    struct keeper_request request = {.operation = KEEPER_WATCH, .account = account};
    struct keeper_reply reply;
    int none;

    if (snprintf(request.text, sizeof(request.text), "%s", folder) >= (int)sizeof(request.text) ||
        snprintf(request.below, sizeof(request.below), "%s", below) >= (int)sizeof(request.below))
        return -ENAMETOOLONG;
    keeper_ask(keeper, &request, &inotify, 1, &reply, &none);
    return reply.result;
}

int keeper_read(struct keeper *keeper, unsigned account, const char *path)
{
    return keeper_get(keeper, KEEPER_READ, account, path);
}

int keeper_take_descriptor(struct keeper *keeper, pid_t pid, int fd)
{
    return keeper_get_of_child(keeper, KEEPER_TAKE_DESCRIPTOR, pid, fd);
}

int keeper_take_listener(struct keeper *keeper, pid_t pid, int fd)
{
    return keeper_get_of_child(keeper, KEEPER_TAKE_LISTENER, pid, fd);
}

int keeper_start_gate(struct keeper *keeper, unsigned account, int socket, int flight)
{
    struct keeper_request request = {.operation = KEEPER_START_GATE, .account = account};
    int none, descriptors[] = {socket, flight};
    struct keeper_reply reply;

    keeper_ask(keeper, &request, descriptors, FC_ARRAY_SIZE(descriptors), &reply, &none);
    return reply.result;
}

int keeper_open_process(struct keeper *keeper, pid_t pid)
{
    return keeper_get_of_child(keeper, KEEPER_OPEN_PROCESS, pid, -1);
}

int keeper_open_memory(struct keeper *keeper, pid_t pid)
{
    return keeper_get_of_child(keeper, KEEPER_OPEN_MEMORY, pid, -1);
}

int keeper_open_maps(struct keeper *keeper, pid_t pid)
{
    return keeper_get_of_child(keeper, KEEPER_OPEN_MAPS, pid, -1);
}

int keeper_signal(struct keeper *keeper, pid_t pid, int signal)
{
    int none;

    return keeper_do_child(keeper, KEEPER_SIGNAL, pid, signal, &none);
}

bool keeper_owns(struct keeper *keeper, unsigned account, pid_t pid)
{
    struct keeper_request request = {.operation = KEEPER_OWNS, .account = account, .pid = pid, .fd = -1};
    struct keeper_reply reply;
    int none;

    keeper_ask(keeper, &request, NULL, 0, &reply, &none);
    return reply.result == 0;
}

bool keeper_confines(struct keeper *keeper, pid_t pid)
{
    int none;

    return keeper_do_child(keeper, KEEPER_CONFINES, pid, -1, &none) != 0;
}

int keeper_make_cgroup(struct keeper *keeper, unsigned account, const char *instance,
                       const struct cgroup_limits *limits)
{
    struct keeper_request request = {.operation = KEEPER_MAKE_CGROUP,
                                     .account = account,
                                     .fd = -1,
                                     .limits = *limits};
    struct keeper_reply reply;
    int received;

    snprintf(request.text, sizeof(request.text), "%s", instance);
    keeper_ask(keeper, &request, NULL, 0, &reply, &received);
    return keeper_got(reply.result, received);
}

int keeper_open_memory_events(struct keeper *keeper, unsigned account, const char *instance)
{
    return keeper_get(keeper, KEEPER_OPEN_MEMORY_EVENTS, account, instance);
}

void keeper_remove_cgroup(struct keeper *keeper, unsigned account, const char *instance)
{
    int none;

    keeper_do(keeper, KEEPER_REMOVE_CGROUP, account, instance, &none);
}

int keeper_lookup(struct keeper *keeper, unsigned account, const char *host, const char *port,
                  const struct addrinfo *hints)
{
    struct keeper_request request = {
        .operation = KEEPER_LOOKUP,
        .account = account,
        .hints = {hints->ai_flags, hints->ai_family, hints->ai_socktype, hints->ai_protocol},
    };
    struct keeper_reply reply;
    int received;

    if (snprintf(request.text, sizeof(request.text), "%s", host) >= (int)sizeof(request.text) ||
        snprintf(request.port, sizeof(request.port), "%s", port ? port : "") >= (int)sizeof(request.port))
        return -ENAMETOOLONG;
    keeper_ask(keeper, &request, NULL, 0, &reply, &received);
    return keeper_got(reply.result, received);
}

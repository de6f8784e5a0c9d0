/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keeper's process: its descriptors, its loop, and what it cleans up at the end. It trusts what it was
 * forked with and no request: paths must be among those that were fixed, and processes must be children of
 * the broker.
 */
#include "broker/keeper/serve.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/keeper/counter.h"
#include "broker/keeper/gates.h"
#include "broker/keeper/lookup.h"
#include "broker/keeper/operations.h"
#include "broker/os/confine.h"
#include "broker/os/control_socket.h"
#include "firecurtain/cleanup.h"
#include "proto/kernel.h"
#include "proto/pass.h"

/* Keeps the log as stderr, and closes everything else that the broker had. */
static void serve_keep_descriptors(int socket)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int own = fcntl(socket, F_DUPFD_CLOEXEC, KEEPER_SOCKET + 1); /* not to be overwritten */

    if (null < 0 || own < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        dup3(own, KEEPER_SOCKET, O_CLOEXEC) < 0)
        _exit(1);
    kernel_close_from(KEEPER_SOCKET + 1);
}

static pid_t serve_start_counter(int socket, const struct keeper_spec *spec)
{
    pid_t self = getpid(), broker = getppid(), pid = fork();

    if (pid < 0)
        _exit(1);
    if (pid == 0)
        counter_serve(socket, spec, self, broker);
    return pid;
}

/* Answers one request; the strings in it end. */
static void serve_answer(struct keeper_call *call)
{
    struct keeper_reply reply = {.result = 0};
    FC_AUTO_CLOSE int fd = -1;

    call->reply = &reply;
    call->fd = -1;
    reply.result = keeper_carry_out(call);
    fd = call->fd;
    pass_send(KEEPER_SOCKET, &reply, sizeof(reply), &fd, reply.result == 0 && fd >= 0, 0);
}

static void serve_requests(const struct keeper_spec *spec, pid_t broker)
{
    struct keeper_request request;
    int descriptors[KEEPER_MAX_DESCRIPTORS];
    struct keeper_call call = {
        .spec = spec,
        .broker = broker,
        .request = &request,
        .descriptors = descriptors,
    };

    while (pass_receive(KEEPER_SOCKET, &request, sizeof(request), descriptors, KEEPER_MAX_DESCRIPTORS,
                        NULL) == sizeof(request)) {
        request.text[sizeof(request.text) - 1] = '\0';
        request.port[sizeof(request.port) - 1] = '\0';
        request.below[sizeof(request.below) - 1] = '\0';
        serve_answer(&call);
        for (size_t i = 0; i < KEEPER_MAX_DESCRIPTORS; i++)
            fc_closep(&descriptors[i]);
    }
}

/* Removes what the broker and its workers leave. */
static void serve_clean_up(const struct keeper_spec *spec, const struct control_socket *control,
                           pid_t counter, pid_t broker)
{
    control_socket_unlink(control);
    gates_end();
    keeper_end_lookups();
    kill(counter, SIGKILL); /* which empties its cgroup */
    waitpid(counter, NULL, 0);
    cgroups_end(spec->cgroups, broker);
}

_Noreturn void keeper_serve(int socket, int counter, const struct keeper_spec *spec)
{
    pid_t broker = getppid(), counting = serve_start_counter(counter, spec);
    struct control_socket control;

    control_socket_remember(&control, spec->control_fd >= 0 ? spec->runtime_folder : NULL);
    prctl(PR_SET_NAME, "fc-keeper");
    serve_keep_descriptors(socket);
    /* not dumpable: other processes of the same user can neither read nor trace it */
    if (cgroups_take_over(spec->cgroups) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
        (spec->is_root && confine_keep_capabilities(CONFINE_KEEPER) < 0))
        _exit(1);
    keeper_reap_lookups();
    serve_requests(spec, broker);
    serve_clean_up(spec, &control, counting, broker);
    _exit(0);
}

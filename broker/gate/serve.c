/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A gate's process: its descriptors, its loop, and its socket to the broker. It may wait for the broker,
 * which never waits for it.
 */
#include "broker/gate/serve.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/base/loop.h"
#include "broker/gate/flight.h"
#include "broker/gate/served.h"
#include "broker/os/confine.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "proto/pass.h"

struct gate_process {
    int socket;
    struct loop *loop;
    struct loop_source *source;
    struct served_set set;
};

static void serve_tell(void *userdata, const struct gate_notice *notice, int fd)
{
    const struct gate_process *process = userdata;

    if (pass_send(process->socket, notice, sizeof(*notice), &fd, fd >= 0, 0) < 0)
        _exit(0); /* the broker has ended */
}

static void serve_ready(void *userdata, uint32_t events)
{
    static struct gate_add request;
    struct gate_process *process = userdata;
    int descriptors[GATE_DESCRIPTORS_];
    ssize_t n =
        pass_receive(process->socket, &request, sizeof(request), descriptors, GATE_DESCRIPTORS_, NULL);

    (void)events;
    if (n <= 0)
        _exit(0);
    if (served_handle(&process->set, &request, (size_t)n, descriptors) < 0) {
        fc_log(FC_LOG_ERROR, NULL, "gate: the broker sent a malformed request");
        _exit(1);
    }
}

static void serve_turn_ended(void *userdata)
{
    struct gate_process *process = userdata;

    process->set.n_served = 0;
}

_Noreturn void gate_serve(int socket, int flight, const struct confine_spec *confine)
{
    static struct gate_process process;

    process.socket = socket;
    process.set = (struct served_set){.tell = serve_tell, .userdata = &process};
    if (flight_map(&process.set.flight, flight) < 0 || loop_new(&process.loop) < 0 ||
        confine_gate(confine) < 0)
        _exit(1);
    close(flight);
    process.set.loop = process.loop;
    loop_set_after(process.loop, serve_turn_ended, &process);
    if (loop_add(process.loop, &process.source, socket, EPOLLIN, serve_ready, &process) == 0)
        loop_run(process.loop);
    _exit(1);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* How the state of an instance is described. */
#include "broker/python/status.h"

#include <inttypes.h>
#include <stdio.h>

#include "broker/python/private.h"
#include "broker/python/start.h"
#include "broker/python/state.h"
#include "firecurtain/time.h"

static void status_of_guest(const struct python *python, struct python_status *status, uint64_t now_ns)
{
    status->state = guest_is_running(python->guest) ? "running" : "starting";
    status->pid = guest_pid(python->guest);
    status->uptime_ms = (now_ns - python->started_ns) / FC_NS_PER_MS;
    status->layers = guest_layers(python->guest);
}

void python_status_read(const struct fc_instance *instance, struct python_status *status)
{
    const struct python *python = instance->self;
    uint64_t now_ns = fc_now_ns(), due_ns = python->restart_timer.deadline_ns;

    *status = (struct python_status){.state = "waiting"};
    if (python->guest)
        status_of_guest(python, status, now_ns);
    else if (python_is_failed(python))
        status->state = "failed";
    else if (python->restart_timer.position && due_ns > now_ns)
        snprintf(status->detail, sizeof(status->detail), "restart in %.1f s",
                 (double)(due_ns - now_ns) / (double)FC_NS_PER_S);
    if (python_is_stopping(python))
        snprintf(status->detail, sizeof(status->detail), "is stopping");
}

bool python_start_now(const struct fc_instance *instance)
{
    struct python *python = instance->self;

    if (python->guest || python_is_stopping(python))
        return false;
    python_start_over(python);
    return true;
}

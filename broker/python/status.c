/* SPDX-License-Identifier: BSD-2-Clause */
/* How the state of an instance is described. */
#include "broker/python/status.h"

#include <inttypes.h>
#include <stdio.h>

#include "broker/python/failure.h"
#include "broker/python/private.h"
#include "broker/python/start.h"
#include "broker/python/state.h"
#include "broker/python/stats.h"
#include "firecurtain/time.h"

#define STATUS_HANGING_NS FC_NS_PER_S /* for less, a call just takes a while */

/* Returns for how long the script has been in one call, as far as can be seen from here. */
static uint64_t status_stuck_ns(const struct python *python, uint64_t now_ns)
{
    uint64_t sent_ns = python->counters.sent_ns;

    if (python->handler_ms)
        return guest_stuck_ns(python->guest, now_ns);
    return guest_is_busy(python->guest) && sent_ns ? now_ns - sent_ns : 0; /* without a limit nobody looks */
}

static void status_of_running(const struct python *python, struct python_status *status, uint64_t now_ns)
{
    uint64_t stuck_ns = status_stuck_ns(python, now_ns);

    status->state = "running";
    if (stuck_ns >= STATUS_HANGING_NS) {
        status->state = "hanging";
        snprintf(status->detail, sizeof(status->detail), "for %" PRIu64 " s", stuck_ns / FC_NS_PER_S);
    } else if (python_is_raising(python, now_ns)) {
        status->state = "raising";
    }
}

static void status_of_guest(const struct python *python, struct python_status *status, uint64_t now_ns)
{
    uint64_t up_ns = now_ns - python->started_ns;

    status->pid = guest_pid(python->guest);
    status->uptime_ms = up_ns / FC_NS_PER_MS;
    status->layers = guest_layers(python->guest);
    if (guest_is_running(python->guest)) {
        status_of_running(python, status, now_ns);
        return;
    }
    status->state = "starting";
    if (guest_is_importing(python->guest) && up_ns >= STATUS_HANGING_NS)
        snprintf(status->detail, sizeof(status->detail), "importing for %" PRIu64 " s", up_ns / FC_NS_PER_S);
}

static void status_of_failed(const struct python *python, struct python_status *status, uint64_t now_ns)
{
    status->state = "failed";
    if (restart_is_exhausted(&python->restart, now_ns))
        snprintf(status->detail, sizeof(status->detail), "%s; %" PRIu64 " restarts reached restart-limit",
                 python->fate, python->restart.limit);
    else
        snprintf(status->detail, sizeof(status->detail), "%s; not started again (option restart)",
                 python->fate);
}

void python_status_read(const struct fc_instance *instance, struct python_status *status)
{
    const struct python *python = instance->self;
    uint64_t now_ns = fc_now_ns(), due_ns = python->restart_timer.deadline_ns;

    *status = (struct python_status){.state = "waiting"};
    if (python->guest)
        status_of_guest(python, status, now_ns);
    else if (python_is_failed(python))
        status_of_failed(python, status, now_ns);
    else if (python->restart_timer.position && due_ns > now_ns)
        snprintf(status->detail, sizeof(status->detail), "%s; restart %sin %.1f s", python->fate,
                 python_waits_for_files(python) ? "when a file changes, or " : "",
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

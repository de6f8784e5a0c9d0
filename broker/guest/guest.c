/* SPDX-License-Identifier: BSD-2-Clause */
/* What others may ask of a guest at any time. */
#include "broker/guest/guest.h"

#include <stdio.h>
#include <sys/epoll.h>

#include "broker/base/runtime.h"
#include "broker/guest/private.h"
#include "broker/guest/send.h"
#include "broker/guest/spawn.h"
#include "broker/keeper/client.h"
#include "firecurtain/log.h"

bool guest_is_idle(const struct guest *guest)
{
    return guest && guest->state == ORDER_IDLE && !guest_is_gone(guest) && !tick_set_is_overdue(guest->ticks);
}

bool guest_is_busy(const struct guest *guest)
{
    return guest && guest->state == ORDER_BUSY;
}

bool guest_is_running(const struct guest *guest)
{
    return guest && (guest->state == ORDER_IDLE || guest->state == ORDER_BUSY) && !guest_is_gone(guest);
}

bool guest_is_importing(const struct guest *guest)
{
    return guest && (guest->state == ORDER_LOCKING || guest->state == ORDER_IMPORTING);
}

bool guest_has_ticks(const struct guest *guest)
{
    return guest && tick_set_is_under_way(guest->ticks);
}

unsigned guest_n_sent(const struct guest *guest)
{
    return guest->n_sent;
}

uint32_t guest_missing_handlers(const struct guest *guest)
{
    return guest->missing_handlers;
}

int guest_pid(const struct guest *guest)
{
    return guest ? guest->pid : 0;
}

unsigned guest_layers(const struct guest *guest)
{
    if (!guest_is_running(guest) || guest->runtime->no_sandbox)
        return 0;
    return (spawner_has_namespaces(guest_account(guest)->spawner) ? GUEST_NAMESPACES : 0u) |
           (guest->gate ? GUEST_FILTER : 0u) | (guest->cgroup[0] ? GUEST_CGROUP : 0u);
}

void guest_usage(const struct guest *guest, struct keeper_usage *usage)
{
    *usage = (struct keeper_usage){0};
    if (guest && guest_is_gone(guest))
        usage->cpu_ns = guest->cpu_ns;
    else if (guest && guest->pid)
        keeper_usage(guest->runtime->keeper, guest->pid, usage); /* nothing, if it has just ended */
}

uint64_t guest_begins_unseen(void *userdata, enum guest_phase phase, const struct message_batch *batch)
{
    (void)userdata, (void)phase, (void)batch;
    return 0;
}

void guest_set_ops(struct guest *guest, const struct guest_ops *ops, void *userdata)
{
    guest->ops = ops;
    guest->userdata = userdata;
}

void guest_resume(struct guest *guest)
{
    guest_poll(guest, guest->link_events & ~(uint32_t)EPOLLET);
}

void guest_dismiss(struct guest *guest, const char *why)
{
    snprintf(guest->fate, sizeof(guest->fate), "%s", why);
    guest->is_dismissed = true;
    guest_leave(guest);
    guest_kill(guest);
}

void guest_end(struct guest *guest, const char *why)
{
    fc_log(FC_LOG_ERROR, guest->spec.instance, "killed: %s", why);
    guest_leave(guest);
    guest_kill(guest);
}

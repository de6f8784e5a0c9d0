/* SPDX-License-Identifier: BSD-2-Clause */
/* What others may ask of a guest at any time. */
#include "broker/guest/guest.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>

#include "broker/base/runtime.h"
#include "broker/guest/private.h"
#include "broker/guest/send.h"
#include "broker/guest/spawn.h"
#include "broker/guest/watchdog.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

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

bool guest_is_starting(const struct guest *guest)
{
    return guest && (guest->state == ORDER_CONNECTING || guest_is_importing(guest)) && !guest_is_gone(guest);
}

bool guest_is_importing(const struct guest *guest)
{
    return guest && (guest->state == ORDER_LOCKING || guest->state == ORDER_IMPORTING);
}

bool guest_has_ticks(const struct guest *guest)
{
    return guest && tick_set_is_under_way(guest->ticks);
}

uint64_t guest_stuck_ns(const struct guest *guest, uint64_t now_ns)
{
    return guest ? watchdog_stuck_ns(guest, now_ns) : 0;
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

bool guest_was_refused(const struct guest *guest)
{
    return guest->is_refused;
}

bool guest_was_confined(const struct guest *guest)
{
    return guest->is_locked;
}

unsigned guest_layers(const struct guest *guest)
{
    if (!guest_is_running(guest) || guest->runtime->no_sandbox)
        return 0;
    return (spawner_has_namespaces(guest_account(guest)->spawner) ? GUEST_NAMESPACES : 0u) |
           (guest->gate ? GUEST_FILTER : 0u) | (guest->cgroup[0] ? GUEST_CGROUP : 0u);
}

/* The clock of a process; the kernel's MAKE_PROCESS_CPUCLOCK (linux/posix-timers_types.h). Unlike
 * clock_getcpuclockid(3), does not ask whether there is such a process. */
static clockid_t guest_clock(const struct guest *guest)
{
    enum { CPUCLOCK_SCHED = 2 };

    return (clockid_t)(~(unsigned)guest->pid << 3 | CPUCLOCK_SCHED);
}

void guest_usage(const struct guest *guest, struct guest_usage *usage)
{
    struct timespec used;

    *usage = (struct guest_usage){0};
    if (!guest)
        return;
    usage->cpu_ns = guest->cpu_ns;
    if (guest_is_gone(guest) || !guest->pid)
        return;
    usage->memory_bytes = guest->memory_bytes;
    if (clock_gettime(guest_clock(guest), &used) == 0)
        usage->cpu_ns = (uint64_t)used.tv_sec * FC_NS_PER_S + (uint64_t)used.tv_nsec;
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
    child_link_poll(&guest->link, guest->link.events & ~(uint32_t)EPOLLET);
}

void guest_dismiss(struct guest *guest, const char *why)
{
    snprintf(guest->fate, sizeof(guest->fate), "%s", why);
    guest->is_dismissed = true;
    guest_leave(guest);
    guest_kill(guest);
}

void guest_end(struct guest *guest, const char *format, ...)
{
    char why[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    fc_log(FC_LOG_ERROR, guest->spec.instance, "killed: %s", why);
    guest_leave(guest);
    guest_kill(guest);
}

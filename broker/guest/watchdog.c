/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See guest_private.h: the watchdog. A script that takes too long gets an exception where it is (SIGALRM, see
 * worker/base/interpreter.c); one that does not return after that either says where it is (SIGABRT,
 * faulthandler) and is killed.
 *
 * What counts is a single call, not a batch of a thousand. So the worker counts its calls, and while a batch
 * is not done, or an interval that was told not called, the broker looks at the counter, in the worker's
 * memory, eight times in the time that a call may take. A worker that lies there harms nobody but itself.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "broker/base/runtime.h"
#include "broker/guest/private.h"
#include "broker/keeper/client.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define WATCH_LOOKS         8u
#define WATCH_MIN_MS        10u
#define WATCH_HELD_SHARE    8u   /* of the time in which the option rate keeps it waiting, one part counts */
#define WATCH_LAST_WORDS_MS 300u /* from SIGABRT to SIGKILL: faulthandler writes the stack */

static uint64_t watch_read_calls(const struct guest *guest)
{
    uint64_t calls = 0;

    if (guest->memory < 0 ||
        pread(guest->memory, &calls, sizeof(calls), (off_t)guest->calls_address) != sizeof(calls))
        return 0;
    return calls;
}

/* Whether something has moved since the last look, which this one is from now on. */
static bool watch_look(struct guest *guest, uint64_t now_ns)
{
    uint64_t calls = watch_read_calls(guest);
    bool moved = guest->watched_batch != guest->n_batches || guest->watched_calls != calls;

    if (guest_link_is_held(guest)) /* it is we who keep it waiting */
        guest->watched_ns += (now_ns - guest->looked_ns) / WATCH_HELD_SHARE * (WATCH_HELD_SHARE - 1);
    guest->looked_ns = now_ns;
    guest->watched_batch = guest->n_batches;
    guest->watched_calls = calls;
    if (moved) {
        guest->watched_ns = now_ns;
        guest->watch = GUEST_IN_TIME;
    }
    return moved;
}

static void watch_next_look(struct guest *guest)
{
    uint64_t ms = guest->watch_ms / WATCH_LOOKS;

    guest_set_deadline(guest, ms > WATCH_MIN_MS ? ms : WATCH_MIN_MS);
}

void guest_watch(struct guest *guest, uint64_t limit_ms)
{
    guest->watch = GUEST_IN_TIME;
    guest->watch_ms = limit_ms;
    if (limit_ms)
        guest_set_deadline(guest, limit_ms);
    else
        loop_cancel_timer(guest->runtime->loop, &guest->deadline);
}

/* The timer runs on while batches come and go: setting it for each would cost more than it is worth. */
void guest_watch_batch(struct guest *guest)
{
    guest->n_batches++;
    if (!guest->spec.handler_ms || guest->deadline.position)
        return;
    guest->watch_ms = guest->spec.handler_ms;
    watch_look(guest, fc_now_ns());
    watch_next_look(guest);
}

static const char *watch_option(const struct guest *guest)
{
    return guest->state == ORDER_IMPORTING  ? "start-timeout"
           : guest->state == ORDER_STOPPING ? "stop-timeout"
                                            : "handler-timeout";
}

static void watch_interrupt(struct guest *guest)
{
    fc_log(FC_LOG_WARNING, guest->spec.instance, "takes longer than %.1f s (option %s): interrupted",
           (double)guest->watch_ms / 1000, watch_option(guest));
    guest->watch = GUEST_INTERRUPTED;
    /* in this order: a call that returns EINTR before the signal came would be gone on with */
    keeper_signal(guest->runtime->keeper, guest->pid, SIGALRM);
    gate_interrupt(guest->gate);
}

static void watch_end(struct guest *guest)
{
    snprintf(guest->fate, sizeof(guest->fate), "did not return within %.1f s (option %s)",
             (double)guest->watch_ms * 2 / 1000, watch_option(guest));
    fc_log(FC_LOG_ERROR, guest->spec.instance, "%s; this is where it is:", guest->fate);
    guest->watch = GUEST_DYING;
    guest->state = ORDER_CLOSED;
    guest->late = true;
    keeper_signal(guest->runtime->keeper, guest->pid, SIGABRT);
    guest_set_deadline(guest, WATCH_LAST_WORDS_MS);
}

/* While something is not done. */
static void watch_busy(struct guest *guest)
{
    uint64_t limit_ns = guest->watch_ms * FC_NS_PER_MS;
    uint64_t now_ns = fc_now_ns();

    if (!watch_look(guest, now_ns)) {
        if (guest->watch == GUEST_INTERRUPTED && now_ns - guest->watched_ns >= 2 * limit_ns) {
            watch_end(guest);
            return;
        }
        if (guest->watch == GUEST_IN_TIME && now_ns - guest->watched_ns >= limit_ns)
            watch_interrupt(guest);
    }
    watch_next_look(guest);
}

bool guest_is_overdue(struct guest *guest)
{
    if (guest->watch == GUEST_DYING) {
        guest_kill(guest);
        return true;
    }
    switch (guest->state) {
    case ORDER_IDLE:
        if (tick_set_is_under_way(guest->ticks))
            watch_busy(guest);
        return true; /* or left over from what is done */
    case ORDER_BUSY:
        watch_busy(guest);
        return true;
    case ORDER_IMPORTING:
    case ORDER_STOPPING:
        if (guest_link_is_held(guest)) {
            guest_set_deadline(guest, guest->watch_ms);
            return true;
        }
        if (guest->watch == GUEST_INTERRUPTED) {
            watch_end(guest);
            return true;
        }
        watch_interrupt(guest);
        guest_set_deadline(guest, guest->watch_ms);
        return true;
    default:
        return false;
    }
}

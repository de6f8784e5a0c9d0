/* SPDX-License-Identifier: BSD-2-Clause */
/* How the watchdog looks, and what it does. */
#include "broker/guest/watchdog.h"

#include <signal.h>
#include <stdio.h>

#include "broker/base/runtime.h"
#include "broker/guest/private.h"
#include "broker/keeper/client.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define WATCHDOG_LOOKS         8u
#define WATCHDOG_MIN_MS        10u
#define WATCHDOG_HELD_SHARE    8u /* one part of the time in which the option rate keeps it waiting counts */
#define WATCHDOG_LAST_WORDS_MS 300u /* between SIGQUIT and SIGKILL, for faulthandler to write the stack */

/* Returns how many calls the worker has begun. */
static uint64_t watchdog_read_calls(const struct guest *guest)
{
    struct progress_state state = progress_read(&guest->progress);

    return state.calls + state.begun;
}

/* The script has returned, or begins something new. */
static void watchdog_forgive(struct guest *guest)
{
    if (guest->life == GUEST_INTERRUPTED)
        guest_set_life(guest, GUEST_ALIVE);
}

/* Looks, and returns whether the script has made progress since the last look. */
static bool watchdog_look(struct guest *guest, uint64_t now_ns)
{
    uint64_t calls = watchdog_read_calls(guest);
    bool moved = guest->watched_batch != guest->n_batches || guest->watched_calls != calls;

    if (guest_is_held(guest)) /* it is the broker that keeps it waiting */
        guest->watched_ns += (now_ns - guest->looked_ns) / WATCHDOG_HELD_SHARE * (WATCHDOG_HELD_SHARE - 1);
    guest->looked_ns = now_ns;
    guest->watched_batch = guest->n_batches;
    guest->watched_calls = calls;
    if (moved) {
        guest->watched_ns = now_ns;
        watchdog_forgive(guest);
    }
    return moved;
}

uint64_t watchdog_stuck_ns(const struct guest *guest, uint64_t now_ns)
{
    bool is_called = guest->state == ORDER_BUSY || (guest->state == ORDER_IDLE && !guest_is_gone(guest) &&
                                                    tick_set_is_overdue(guest->ticks));

    if (!is_called || !guest->spec.handler_ms || guest_is_held(guest) || now_ns < guest->watched_ns ||
        guest->watched_batch != guest->n_batches || guest->watched_calls != watchdog_read_calls(guest))
        return 0;
    return now_ns - guest->watched_ns;
}

static void watchdog_next_look(struct guest *guest)
{
    uint64_t ms = guest->watch_ms / WATCHDOG_LOOKS;

    guest_set_deadline(guest, ms > WATCHDOG_MIN_MS ? ms : WATCHDOG_MIN_MS);
}

void watchdog_start(struct guest *guest, uint64_t limit_ms)
{
    watchdog_forgive(guest);
    guest->watch_ms = limit_ms;
    if (limit_ms)
        guest_set_deadline(guest, limit_ms);
    else
        loop_cancel_timer(guest->runtime->loop, &guest->deadline);
}

/* The timer goes on running while batches come and go: setting it for each of them would cost too much. */
void watchdog_start_batch(struct guest *guest)
{
    guest->n_batches++;
    if (!guest->spec.handler_ms || guest->deadline.position)
        return;
    guest->watch_ms = guest->spec.handler_ms;
    watchdog_look(guest, fc_now_ns());
    watchdog_next_look(guest);
}

static const char *watchdog_option(const struct guest *guest)
{
    return guest->state == ORDER_IMPORTING  ? "start-timeout"
           : guest->state == ORDER_STOPPING ? "stop-timeout"
                                            : "handler-timeout";
}

static void watchdog_interrupt(struct guest *guest)
{
    fc_log(FC_LOG_WARNING, guest->spec.instance, "takes longer than %.1f s (option %s): interrupted",
           (double)guest->watch_ms / 1000, watchdog_option(guest));
    guest_set_life(guest, GUEST_INTERRUPTED);
    /* in this order: a call that returned EINTR before the signal arrived would be restarted */
    keeper_signal(guest->runtime->keeper, guest->pid, SIGALRM);
    gate_link_interrupt(guest->gate);
}

static void watchdog_end(struct guest *guest)
{
    snprintf(guest->fate, sizeof(guest->fate), "did not return within %.1f s (option %s)",
             (double)guest->watch_ms * 2 / 1000, watchdog_option(guest));
    fc_log(FC_LOG_ERROR, guest->spec.instance, "%s; this is where it is:", guest->fate);
    guest_set_life(guest, GUEST_ABORTED);
    guest_leave(guest);
    guest_set_ending(guest, GUEST_OVERDUE);
    keeper_signal(guest->runtime->keeper, guest->pid, SIGQUIT);
    guest_set_deadline(guest, WATCHDOG_LAST_WORDS_MS);
}

/* Looks again while something is not done, and judges. */
static void watchdog_busy(struct guest *guest)
{
    uint64_t limit_ns = guest->watch_ms * FC_NS_PER_MS;
    uint64_t now_ns = fc_now_ns();

    if (!watchdog_look(guest, now_ns)) {
        if (guest->life == GUEST_INTERRUPTED && now_ns - guest->watched_ns >= 2 * limit_ns) {
            watchdog_end(guest);
            return;
        }
        if (guest->life == GUEST_ALIVE && now_ns - guest->watched_ns >= limit_ns)
            watchdog_interrupt(guest);
    }
    watchdog_next_look(guest);
}

bool watchdog_handle(struct guest *guest)
{
    if (guest->life == GUEST_ABORTED) {
        guest_kill(guest);
        return true;
    }
    switch (guest->state) {
    case ORDER_IDLE:
        if (tick_set_is_under_way(guest->ticks))
            watchdog_busy(guest);
        return true; /* else the deadline is left over from something that is done */
    case ORDER_BUSY:
        watchdog_busy(guest);
        return true;
    case ORDER_IMPORTING:
    case ORDER_STOPPING:
        if (guest_is_held(guest)) {
            guest_set_deadline(guest, guest->watch_ms);
            return true;
        }
        if (guest->life == GUEST_INTERRUPTED) {
            watchdog_end(guest);
            return true;
        }
        watchdog_interrupt(guest);
        guest_set_deadline(guest, guest->watch_ms);
        return true;
    default:
        return false;
    }
}

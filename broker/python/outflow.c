/* SPDX-License-Identifier: BSD-2-Clause */
/* How what a script puts out is held back. */
#include "broker/python/outflow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/python/private.h"
#include "broker/show/show.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define OUTFLOW_STEPS_PER_SECOND 100u /* what waits goes out in so many steps */
#define OUTFLOW_STEP_NS          (FC_NS_PER_S / OUTFLOW_STEPS_PER_SECOND)
#define OUTFLOW_TOO_MANY         49152u /* events without allowance, after which the worker has to wait */
#define OUTFLOW_SLICE            16u    /* events of a user's script in a turn of the loop */
#define OUTFLOW_SLICE_TARGETS    256u   /* and what they lead to, unless a single one leads to more */

bool python_is_congested(void *userdata)
{
    const struct python *python = userdata;

    return python->instance->show->router.n_events > ROUTE_TURN_BUDGET;
}

static uint64_t outflow_step(const struct python *python)
{
    uint64_t step = python->outflow.per_second / OUTFLOW_STEPS_PER_SECOND;

    if (python->instance->owner && step > OUTFLOW_SLICE)
        step = OUTFLOW_SLICE;
    return step ? step : 1;
}

/* The allowance at which reading goes on: large enough that not every event needs the clock and the timer. */
static uint64_t outflow_enough(const struct python_outflow *outflow)
{
    uint64_t half = outflow->rate.burst / 2;

    return half ? half : 1;
}

static uint64_t outflow_fill(struct python_outflow *outflow, uint64_t now_ns)
{
    if (outflow->rate.per_second != outflow->per_second) /* this is the first time */
        rate_init(&outflow->rate, outflow->per_second, now_ns);
    return rate_fill(&outflow->rate, now_ns);
}

static bool outflow_take(struct python_outflow *outflow)
{
    if (rate_take(&outflow->rate, 1))
        return true;
    return outflow_fill(outflow, fc_now_ns()) >= outflow_enough(outflow) && rate_take(&outflow->rate, 1);
}

static void outflow_emit(struct python *python, uint64_t n)
{
    struct python_outflow *outflow = &python->outflow;
    const uint32_t *channels;
    const double *values;
    size_t found;

    while (n && (found = queue_peek(&outflow->held, &channels, &values))) {
        size_t taken = found < n ? found : (size_t)n;

        router_emit(&python->instance->show->router, ROUTE_SCRIPT, python->instance, channels, values, taken);
        python->counters.out += taken;
        queue_consume(&outflow->held, taken);
        n -= taken;
    }
}

static void outflow_slice(struct python *python, size_t most)
{
    struct python_outflow *outflow = &python->outflow;
    size_t left = outflow->sliced.n - outflow->sliced_at, n = left < most ? left : most;

    router_emit(&python->instance->show->router, ROUTE_SCRIPT, python->instance,
                outflow->sliced.channels + outflow->sliced_at, outflow->sliced.values + outflow->sliced_at,
                n);
    outflow->sliced_at += n;
    if (outflow->sliced_at == outflow->sliced.n)
        outflow->sliced_at = outflow->sliced.n = 0;
}

/* How many of the events that wait make the next slice. */
static size_t outflow_next(const struct python *python)
{
    const struct queue_list *sliced = &python->outflow.sliced;
    const uint32_t *channels = sliced->channels + python->outflow.sliced_at;
    size_t left = sliced->n - python->outflow.sliced_at, n = 0, targets = 0;

    while (n < left && n < OUTFLOW_SLICE && targets < OUTFLOW_SLICE_TARGETS)
        targets += python->instance->channels[channels[n++]].n_targets;
    return n;
}

static void outflow_next_slice(void *userdata)
{
    struct python *python = userdata;

    outflow_slice(python, outflow_next(python));
    if (python->outflow.sliced.n)
        loop_defer(python_runtime(python)->loop, &python->outflow.slicing);
    else if (!python->outflow.is_used_up && python->guest)
        guest_resume(python->guest);
}

static void outflow_finish_slices(struct python *python)
{
    if (!python->outflow.sliced.n)
        return;
    loop_cancel_task(&python->outflow.slicing);
    outflow_slice(python, SIZE_MAX);
}

/* Emits events for which there is allowance: at once, or those of a user in slices. */
static void outflow_pass(struct python *python, const uint32_t *channels, const double *values, size_t n)
{
    struct python_outflow *outflow = &python->outflow;

    if (!python->instance->owner || n <= OUTFLOW_SLICE ||
        queue_list_add(&outflow->sliced, channels, values, n) < 0) {
        router_emit(&python->instance->show->router, ROUTE_SCRIPT, python->instance, channels, values, n);
        return;
    }
    outflow->slicing =
        (struct loop_task){.fn = outflow_next_slice, .what = "a rate limit", .userdata = python};
    outflow_next_slice(python);
}

/* Logs that values gave way, at most once a second. */
static void outflow_warn(struct python *python)
{
    struct python_outflow *outflow = &python->outflow;

    if (!fc_once_a_second(&outflow->warned_ns))
        return;
    fc_log(FC_LOG_WARNING, python->instance->name,
           "puts out more than %llu events a second (option rate) and is held back: %llu values gave way to "
           "newer ones of the same channel",
           (unsigned long long)outflow->per_second,
           (unsigned long long)(outflow->held.replaced - outflow->warned));
    outflow->warned = outflow->held.replaced;
}

static void outflow_wait(struct python *python, uint64_t not_before_ns)
{
    struct python_outflow *outflow = &python->outflow;
    uint64_t wanted = queue_length(&outflow->held) ? outflow_step(python) : outflow_enough(outflow);
    uint64_t when_ns = rate_when_ns(&outflow->rate, wanted);

    loop_set_timer(python_runtime(python)->loop, &outflow->timer,
                   when_ns > not_before_ns ? when_ns : not_before_ns);
}

static void outflow_due(void *userdata)
{
    struct python *python = userdata;
    struct python_outflow *outflow = &python->outflow;
    uint64_t now_ns = fc_now_ns();
    uint64_t n = outflow_fill(outflow, now_ns), held = queue_length(&outflow->held);

    outflow_warn(python);
    if (python_is_congested(python)) {
        outflow_wait(python, now_ns + OUTFLOW_STEP_NS);
        return;
    }
    n = n < held ? n : held;
    if (python->instance->owner && n > OUTFLOW_SLICE)
        n = OUTFLOW_SLICE;
    rate_take(&outflow->rate, n);
    outflow_emit(python, n);
    outflow->is_used_up =
        queue_length(&outflow->held) || outflow_fill(outflow, now_ns) < outflow_enough(outflow);
    if (outflow->is_used_up)
        outflow_wait(python, 0);
    else if (python->guest && !outflow->sliced.n)
        guest_resume(python->guest);
}

/* Emits an event or lets it wait, when there is no allowance for all of a report. */
static void outflow_emit_or_hold(struct python *python, uint32_t channel, double value)
{
    struct python_outflow *outflow = &python->outflow;

    if (!outflow->is_used_up && outflow_take(outflow)) {
        router_emit(&python->instance->show->router, ROUTE_SCRIPT, python->instance, &channel, &value, 1);
        python->counters.out++;
        return;
    }
    if (queue_push(&outflow->held, channel, value) < 0) {
        python->counters.dropped++;
        fc_log(FC_LOG_ERROR, python->instance->name, "out of memory: an event was lost");
    }
    if (outflow->is_used_up) {
        outflow->n_too_many++;
        return;
    }
    outflow->is_used_up = true;
    outflow->n_too_many = 1;
    outflow->timer.fn = outflow_due;
    outflow->timer.what = "a rate limit";
    outflow->timer.userdata = python;
    outflow_wait(python, 0);
}

/* Takes the allowance for all of them, or none. */
static bool outflow_take_many(struct python_outflow *outflow, size_t n)
{
    if (outflow->is_used_up)
        return false;
    if (rate_take(&outflow->rate, n))
        return true;
    return outflow_fill(outflow, fc_now_ns()) >= n && rate_take(&outflow->rate, n);
}

/* Takes the allowance for as many of them as possible. */
static size_t outflow_take_some(struct python_outflow *outflow, size_t n)
{
    uint64_t found;

    if (outflow->is_used_up)
        return 0;
    found = outflow_fill(outflow, fc_now_ns());
    n = found < n ? (size_t)found : n;
    return rate_take(&outflow->rate, n) ? n : 0;
}

bool python_outflow_is_full(const struct python *python)
{
    const struct python_outflow *outflow = &python->outflow;

    return outflow->sliced.n || (outflow->is_used_up && outflow->n_too_many >= OUTFLOW_TOO_MANY);
}

void python_outflow_emit(struct python *python, const uint32_t *channels, const double *values, size_t n)
{
    size_t most;

    outflow_finish_slices(python); /* what comes now follows them */
    if (outflow_take_many(&python->outflow, n)) {
        outflow_pass(python, channels, values, n);
        python->counters.out += n;
        return;
    }
    most = outflow_take_some(&python->outflow, n);
    if (most) {
        outflow_pass(python, channels, values, most);
        python->counters.out += most;
    }
    for (size_t i = most; i < n; i++)
        outflow_emit_or_hold(python, channels[i], values[i]);
}

void python_outflow_finish(struct python *python)
{
    outflow_finish_slices(python);
    outflow_emit(python, UINT64_MAX);
}

void python_outflow_stop(struct python *python)
{
    struct python_outflow *outflow = &python->outflow;

    if (python->instance->show->runtime) {
        loop_cancel_timer(python_runtime(python)->loop, &outflow->timer);
        loop_cancel_task(&outflow->slicing);
    }
    outflow->is_used_up = false;
    outflow->sliced.n = outflow->sliced_at = 0;
    queue_clear(&outflow->held);
}

/*
 * See python_private.h: how much a script may put out (option rate). What comes too early waits here, each
 * channel with its newest value, and until all of that has gone and there is allowance again, nothing more is
 * read from the worker: its socket fills, and it waits in its own output(). Others notice nothing.
 */
#include <stdlib.h>

#include "broker/python_private.h"
#include "broker/show.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define OUTFLOW_STEPS_PER_SECOND 100u /* in which what waits goes out */
#define OUTFLOW_STEP_NS          (FC_NS_PER_S / OUTFLOW_STEPS_PER_SECOND)

static uint64_t outflow_step(const struct python_outflow *outflow)
{
    uint64_t step = outflow->per_second / OUTFLOW_STEPS_PER_SECOND;

    return step ? step : 1;
}

/* Enough to go on reading: neither the clock nor the timer is asked for each single event. */
static uint64_t outflow_enough(const struct python_outflow *outflow)
{
    uint64_t half = rate_burst(&outflow->rate) / 2;

    return half ? half : 1;
}

static uint64_t outflow_fill(struct python_outflow *outflow, uint64_t now_ns)
{
    if (outflow->rate.per_second != outflow->per_second) /* the first time */
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

        router_emit_many(&python->instance->show->router, python->instance, channels, values, taken);
        python->counters.out += taken;
        queue_consume(&outflow->held, taken);
        n -= taken;
    }
}

/* Once a second at most. */
static void outflow_warn(struct python *python, uint64_t now_ns)
{
    struct python_outflow *outflow = &python->outflow;

    if (outflow->warned_ns && now_ns - outflow->warned_ns < FC_NS_PER_S)
        return;
    fc_log(FC_LOG_WARNING, python->instance->name,
           "puts out more than %llu events a second (option rate) and is held back: %llu values gave way to "
           "newer ones of the same channel",
           (unsigned long long)outflow->per_second,
           (unsigned long long)(outflow->held.replaced - outflow->warned));
    outflow->warned = outflow->held.replaced;
    outflow->warned_ns = now_ns;
}

static void outflow_wait(struct python *python, uint64_t not_before_ns)
{
    struct python_outflow *outflow = &python->outflow;
    uint64_t wanted = queue_length(&outflow->held) ? outflow_step(outflow) : outflow_enough(outflow);
    uint64_t when_ns = rate_when_ns(&outflow->rate, wanted);

    loop_set_timer(python->instance->show->runtime->loop, &outflow->timer,
                   when_ns > not_before_ns ? when_ns : not_before_ns);
}

static void outflow_due(void *userdata)
{
    struct python *python = userdata;
    struct python_outflow *outflow = &python->outflow;
    uint64_t now_ns = fc_now_ns();
    uint64_t n = outflow_fill(outflow, now_ns), held = queue_length(&outflow->held);

    outflow_warn(python, now_ns);
    if (python_is_congested(python)) {
        outflow_wait(python, now_ns + OUTFLOW_STEP_NS);
        return;
    }
    n = n < held ? n : held;
    rate_take(&outflow->rate, n);
    outflow_emit(python, n);
    outflow->is_used_up =
        queue_length(&outflow->held) || outflow_fill(outflow, now_ns) < outflow_enough(outflow);
    if (outflow->is_used_up)
        outflow_wait(python, 0);
    else if (python->guest)
        guest_resume(python->guest);
}

/* One that finds no room among many. */
static void outflow_emit_or_hold(struct python *python, uint32_t channel, double value)
{
    struct python_outflow *outflow = &python->outflow;

    if (!outflow->is_used_up && outflow_take(outflow)) {
        fc_emit(python->instance, channel, value);
        python->counters.out++;
        return;
    }
    if (queue_push(&outflow->held, channel, value) < 0) {
        python->counters.dropped++;
        fc_log(FC_LOG_ERROR, python->instance->name, "out of memory: an event was lost");
    }
    if (outflow->is_used_up)
        return;
    outflow->is_used_up = true;
    outflow->timer.fn = outflow_due;
    outflow->timer.userdata = python;
    outflow_wait(python, 0);
}

/* Allowance for all of them. */
static bool outflow_take_many(struct python_outflow *outflow, size_t n)
{
    if (outflow->is_used_up)
        return false;
    if (rate_take(&outflow->rate, n))
        return true;
    return outflow_fill(outflow, fc_now_ns()) >= n && rate_take(&outflow->rate, n);
}

void python_rate_emit(struct python *python, const uint32_t *channels, const double *values, size_t n)
{
    if (outflow_take_many(&python->outflow, n)) {
        router_emit_many(&python->instance->show->router, python->instance, channels, values, n);
        python->counters.out += n;
        return;
    }
    for (size_t i = 0; i < n; i++)
        outflow_emit_or_hold(python, channels[i], values[i]);
}

void python_rate_finish(struct python *python)
{
    outflow_emit(python, UINT64_MAX);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The figures of an instance. */
#include "broker/python/stats.h"

#include <inttypes.h>

#include "broker/python/private.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define STATS_RAISING_NS (10 * FC_NS_PER_S)

void python_count_waiting(struct python *python)
{
    size_t n = queue_length(&python->queue);

    if (n > python->counters.queue_max)
        python->counters.queue_max = n;
}

void python_count_sent(struct python *python, size_t n_events, uint64_t sent_ns)
{
    python->counters.in += n_events;
    if (guest_is_busy(python->guest)) /* there was a batch, perhaps only of sockets */
        python->counters.sent_ns = sent_ns;
}

void python_count_handled(struct python *python)
{
    struct python_counters *counters = &python->counters;

    if (!counters->sent_ns || (guest_is_busy(python->guest) && !python_is_at_ahead(python)))
        return;
    histogram_add(&counters->busy_us, (fc_now_ns() - counters->sent_ns) / 1000);
    counters->sent_ns = 0;
}

void python_count_exceptions(struct python *python, uint32_t n)
{
    struct python_counters *counters = &python->counters;

    counters->exceptions += n;
    counters->raised_ns = fc_now_ns();
    counters->raised_at = counters->busy_us.n;
}

bool python_is_raising(const struct python *python, uint64_t now_ns)
{
    const struct python_counters *counters = &python->counters;

    if (counters->raised_ns < python->started_ns)
        return false;
    /* the batch that raised is counted after its exceptions */
    return now_ns - counters->raised_ns < STATS_RAISING_NS || counters->busy_us.n <= counters->raised_at + 1;
}

void python_count_ticked(struct python *python, uint64_t from_ns)
{
    uint64_t now_ns = fc_now_ns();

    histogram_add(&python->counters.busy_us, from_ns < now_ns ? (now_ns - from_ns) / 1000 : 0);
}

void python_count_cpu(struct python *python, const struct guest *guest)
{
    struct guest_usage usage;

    guest_usage(guest, &usage);
    python->counters.ended_cpu_ns += usage.cpu_ns;
}

void python_count_ended(struct python *python)
{
    python_count_cpu(python, python->guest);
    python->counters.sent_ns = 0;
}

static size_t stats_peak(const struct python_counters *counters)
{
    return counters->queue_max > counters->queue_peak ? counters->queue_max : counters->queue_peak;
}

void python_stats_read(const struct fc_instance *instance, struct python_stats *stats, bool usage_too)
{
    const struct python *python = instance->self;
    const struct python_counters *counters = &python->counters;
    struct guest_usage usage = {0};

    if (usage_too)
        guest_usage(python->guest, &usage);
    *stats = (struct python_stats){
        .in = counters->in,
        .out = counters->out,
        .coalesced = python->queue.replaced + python->outflow.held.replaced,
        .dropped = counters->dropped + python->queue.dropped,
        .exceptions = counters->exceptions,
        .restarts = counters->restarts,
        .queue = queue_length(&python->queue),
        .queue_max = counters->queue_max,
        .queue_peak = stats_peak(counters),
        .batches = counters->busy_us.n,
        .busy_p50_us = histogram_quantile(&counters->busy_us, 500),
        .busy_p99_us = histogram_quantile(&counters->busy_us, 990),
        .busy_max_us = counters->busy_us.max,
        .memory_bytes = usage.memory_bytes,
        .cpu_ns = usage_too ? counters->ended_cpu_ns + usage.cpu_ns : 0,
    };
}

/* All slow turns of the broker, whose fault they may be or not. */
static struct loop_slow stats_slow_turns(const struct python *python)
{
    struct loop_slow all = {0};
    size_t n;
    const struct loop_slow *slow = loop_slow_turns(python_runtime(python)->loop, &n);

    for (size_t i = 0; i < n; i++) {
        all.n += slow[i].n;
        if (slow[i].longest_ns > all.longest_ns)
            all.longest_ns = slow[i].longest_ns;
    }
    return all;
}

static void stats_log(struct python *python)
{
    struct loop_slow slow = stats_slow_turns(python);
    struct python_stats stats;

    python_stats_read(python->instance, &stats, true);
    fc_log(FC_LOG_INFO, python->instance->name,
           "stats: in=%" PRIu64 " out=%" PRIu64 " coalesced=%" PRIu64 " dropped=%" PRIu64
           " exceptions=%" PRIu64 " restarts=%" PRIu64 " queue=%" PRIu64 " queue_max=%" PRIu64
           " queue_peak=%" PRIu64 " batches=%" PRIu64 " busy_p50_us=%" PRIu64 " busy_p99_us=%" PRIu64
           " busy_max_us=%" PRIu64 " memory_bytes=%" PRIu64 " cpu_ms=%" PRIu64 " slow_turns=%" PRIu64
           " slow_turn_max_us=%" PRIu64,
           stats.in, stats.out, stats.coalesced, stats.dropped, stats.exceptions, stats.restarts, stats.queue,
           stats.queue_max, stats.queue_peak, stats.batches, stats.busy_p50_us, stats.busy_p99_us,
           stats.busy_max_us, stats.memory_bytes, stats.cpu_ns / FC_NS_PER_MS, slow.n,
           slow.longest_ns / 1000);
    python->counters.queue_peak = stats.queue_peak;
    python->counters.queue_max = (size_t)stats.queue;
}

static void stats_due(void *userdata)
{
    struct python *python = userdata;
    uint64_t period_ns = python->stats_ms * FC_NS_PER_MS;
    uint64_t next_ns = python->stats_timer.deadline_ns + period_ns, now_ns = fc_now_ns();

    loop_set_timer(python_runtime(python)->loop, &python->stats_timer,
                   next_ns > now_ns ? next_ns : now_ns + period_ns);
    stats_log(python);
}

void python_stats_start(struct python *python)
{
    if (!python->stats_ms)
        return;
    python->stats_timer.fn = stats_due;
    python->stats_timer.what = "statistics lines";
    python->stats_timer.userdata = python;
    loop_set_timer(python_runtime(python)->loop, &python->stats_timer,
                   fc_now_ns() + python->stats_ms * FC_NS_PER_MS);
}

void python_stats_stop(struct python *python)
{
    loop_cancel_timer(python_runtime(python)->loop, &python->stats_timer);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames in and out, and the channels that say how a universe is received. Used in the broker. */
#include "broker/backends/dmx_universe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firecurtain/log.h"
#include "firecurtain/option.h"

void dmx_universe_init(struct dmx_universe *universe, struct fc_instance *instance, enum dmx_policy policy,
                       size_t max_sources)
{
    memset(universe, 0, sizeof(*universe));
    universe->instance = instance;
    dmx_patch_init(&universe->patch);
    dmx_merge_init(&universe->merge, policy, max_sources);
    dmx_output_init(&universe->output);
}

void dmx_universe_deinit(struct dmx_universe *universe)
{
    dmx_patch_deinit(&universe->patch);
}

int dmx_universe_configure(struct dmx_universe *universe, const char *option, const char *value,
                           struct fc_reason *reason)
{
    if (strcmp(option, "merge") == 0)
        return dmx_merge_set_policy(&universe->merge, value, reason);
    if (strcmp(option, "on-loss") == 0)
        return dmx_merge_set_on_loss(&universe->merge, value, reason);
    if (strcmp(option, "rate") == 0)
        return dmx_output_set_rate(&universe->output, value, reason);
    if (strcmp(option, "realtime") == 0)
        return fc_option_switch(&universe->output.is_realtime, option, value, reason);
    return -ENOENT;
}

void dmx_universe_set_many(struct dmx_universe *universe, const uint32_t *ids, const double *values, size_t n)
{
    uint8_t before[DMX_SLOTS];

    memcpy(before, universe->output.frame, sizeof(before));
    for (size_t i = 0; i < n; i++)
        dmx_patch_write(&universe->patch, ids[i], values[i], universe->output.frame);
    dmx_output_changed(&universe->output, before);
}

void dmx_universe_set(struct dmx_universe *universe, uint32_t id, double value)
{
    dmx_universe_set_many(universe, &id, &value, 1);
}

void dmx_universe_inherit(struct dmx_universe *universe, const struct dmx_universe *previous)
{
    memcpy(universe->output.frame, previous->output.frame, DMX_SLOTS);
    memcpy(universe->emitted, previous->emitted, DMX_SLOTS);
    memcpy(universe->merge.frame, previous->emitted, DMX_SLOTS);
}

static void emit_slot(void *userdata, uint32_t id, double value)
{
    struct dmx_universe *universe = userdata;

    fc_emit(universe->instance, id, value);
    universe->n_events++;
}

static void emit_health(struct dmx_universe *universe, enum dmx_kind kind, double value)
{
    if (universe->patch.health[kind] != DMX_PATCH_NO_CHANNEL)
        emit_slot(universe, universe->patch.health[kind], value);
}

void dmx_universe_emit(struct dmx_universe *universe)
{
    if (memcmp(universe->emitted, universe->merge.frame, DMX_SLOTS) == 0)
        return;
    dmx_patch_compare(&universe->patch, universe->emitted, universe->merge.frame, emit_slot, universe);
    memcpy(universe->emitted, universe->merge.frame, DMX_SLOTS);
}

struct dmx_source *dmx_universe_source(struct dmx_universe *universe, const uint8_t key[DMX_MERGE_KEY_BYTES],
                                       const char *name, uint64_t now_ns)
{
    struct dmx_source *source = dmx_merge_find(&universe->merge, key);

    if (!source)
        source = dmx_merge_add(&universe->merge, key, name, now_ns);
    if (!source && !universe->has_said_too_many &&
        (!universe->said_too_many_ns || now_ns >= universe->said_too_many_ns + FC_NS_PER_S)) {
        universe->has_said_too_many = true;
        universe->said_too_many_ns = now_ns;
        fc_log(FC_LOG_WARNING, fc_instance_name(universe->instance),
               "%s sends the same universe as %zu others and is ignored until one of these ends", name,
               universe->merge.n_sources);
    }
    return source;
}

static const char *who(const struct dmx_universe *universe)
{
    return universe->merge.last ? universe->merge.last->name : "its sources";
}

/* Says it in the log, but not more than once a second: a source may come and go as fast as it likes. */
static void log_alive(struct dmx_universe *universe, bool alive, uint64_t now_ns)
{
    uint64_t *said_ns = &universe->said_ns[alive];

    if (*said_ns && now_ns < *said_ns + FC_NS_PER_S)
        return;
    *said_ns = now_ns;
    if (alive)
        fc_log(FC_LOG_INFO, fc_instance_name(universe->instance), "receiving from %s", who(universe));
    else
        fc_log(FC_LOG_WARNING, fc_instance_name(universe->instance),
               universe->merge.zero_on_loss ? "nobody sends the universe any more; it is zero now"
                                            : "nobody sends the universe any more; it keeps its last values");
}

static void say_alive(struct dmx_universe *universe, bool alive, uint64_t now_ns)
{
    if (universe->is_alive == alive)
        return;
    universe->is_alive = alive;
    log_alive(universe, alive, now_ns);
    emit_health(universe, DMX_ALIVE, alive);
}

/* Says what has changed among the sources. */
static void say_sources(struct dmx_universe *universe, uint64_t now_ns)
{
    size_t n = universe->merge.n_sources;

    if (n < universe->n_emitted_sources)
        universe->has_said_too_many = false;
    say_alive(universe, n > 0, now_ns);
    if (n != universe->n_emitted_sources)
        emit_health(universe, DMX_SOURCES, dmx_value_of_count(n));
    universe->n_emitted_sources = n;
}

static void set_rate(struct dmx_universe *universe, unsigned rate)
{
    if (rate != universe->rate)
        emit_health(universe, DMX_RATE, dmx_value_of_count(rate));
    universe->rate = rate;
}

/* Ends the current second if it is over: its frames are the rate. */
static void count_rate(struct dmx_universe *universe, uint64_t now_ns)
{
    uint64_t took_ns = now_ns - universe->second_ns;

    if (!universe->second_ns || took_ns < FC_NS_PER_S)
        return;
    set_rate(universe, (unsigned)((universe->n_in_second * FC_NS_PER_S + took_ns / 2) / took_ns));
    universe->n_in_second = 0;
    universe->second_ns = universe->merge.n_sources ? now_ns : 0;
}

void dmx_universe_receive(struct dmx_universe *universe, struct dmx_source *source, const uint8_t *data,
                          size_t n, uint64_t now_ns)
{
    count_rate(universe, now_ns);
    if (!universe->second_ns)
        universe->second_ns = now_ns;
    universe->n_in_second++;
    dmx_merge_take(&universe->merge, source, data, n, now_ns);
    say_sources(universe, now_ns);
    if (!universe->is_held)
        dmx_universe_emit(universe);
}

void dmx_universe_prioritize(struct dmx_universe *universe, struct dmx_source *source, const uint8_t *data,
                             size_t n, uint64_t now_ns)
{
    dmx_merge_take_priorities(&universe->merge, source, data, n, now_ns);
    if (!universe->is_held)
        dmx_universe_emit(universe);
}

void dmx_universe_end_source(struct dmx_universe *universe, struct dmx_source *source, uint64_t now_ns)
{
    dmx_merge_drop(&universe->merge, source);
    dmx_universe_tick(universe, now_ns);
}

void dmx_universe_tick(struct dmx_universe *universe, uint64_t now_ns)
{
    size_t before = universe->merge.n_sources;

    dmx_merge_expire(&universe->merge, now_ns);
    count_rate(universe, now_ns);
    say_sources(universe, now_ns);
    if (!universe->is_held || universe->merge.n_sources < before)
        dmx_universe_emit(universe);
}

uint64_t dmx_universe_next_ns(const struct dmx_universe *universe)
{
    uint64_t next_ns = dmx_merge_next_ns(&universe->merge);
    uint64_t second_ns = universe->second_ns ? universe->second_ns + FC_NS_PER_S : DMX_MERGE_NEVER;

    return second_ns < next_ns ? second_ns : next_ns;
}

void dmx_universe_stop(struct dmx_universe *universe)
{
    dmx_merge_reset(&universe->merge);
    memcpy(universe->merge.frame, universe->emitted, sizeof(universe->emitted));
    universe->is_alive = false;
    universe->is_held = false;
    universe->has_said_too_many = false;
    universe->n_emitted_sources = 0;
    universe->rate = universe->n_in_second = 0;
    universe->second_ns = 0;
}

void dmx_universe_describe(const struct dmx_universe *universe, uint64_t now_ns, char *text, size_t bytes)
{
    const struct dmx_merge *merge = &universe->merge;

    text[0] = '\0';
    if (merge->n_sources > 1)
        snprintf(text, bytes, "receiving from %zu sources, last from %s, at %u Hz", merge->n_sources,
                 who(universe), universe->rate);
    else if (merge->n_sources == 1 && !universe->rate) /* its first second is not over */
        snprintf(text, bytes, "receiving from %s", who(universe));
    else if (merge->n_sources == 1)
        snprintf(text, bytes, "receiving from %s at %u Hz", who(universe), universe->rate);
    else if (merge->heard_ns)
        snprintf(text, bytes, "lost for %llu s",
                 (unsigned long long)((now_ns - merge->heard_ns) / FC_NS_PER_S));
}

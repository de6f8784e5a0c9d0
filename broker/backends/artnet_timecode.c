/* SPDX-License-Identifier: BSD-2-Clause */
/* Times as channels. Used in the broker. */
#include "broker/backends/artnet_timecode.h"

#include <string.h>

#include "broker/backends/dmx_merge.h"

static const char *const names[ARTNET_TIMECODE_KINDS_] = {
    [ARTNET_TIMECODE_DAY] = "timecode",
    [ARTNET_TIMECODE_HOURS] = "timecode.hours",
    [ARTNET_TIMECODE_MINUTES] = "timecode.minutes",
    [ARTNET_TIMECODE_SECONDS] = "timecode.seconds",
    [ARTNET_TIMECODE_FRAMES] = "timecode.frames",
    [ARTNET_TIMECODE_TYPE] = "timecode.type",
};

/* Frames in a second, by type; those of drop frame are numbered as if there were 30. */
static const unsigned rates[ARTNET_TIME_TYPES] = {24, 25, 30, 30};

static int kind_of(const char *name)
{
    for (int kind = 0; kind < ARTNET_TIMECODE_KINDS_; kind++) {
        if (strcmp(names[kind], name) == 0)
            return kind;
    }
    return -1;
}

bool artnet_timecode_is(const char *name)
{
    return kind_of(name) >= 0;
}

int artnet_timecode_set(struct artnet_timecode *timecode, uint32_t id, const char *name, unsigned directions,
                        struct fc_reason *reason)
{
    int kind = kind_of(name);

    if (directions & FC_TARGET)
        return fc_refuse(reason, "%s is what others send, and cannot be set", name);
    timecode->channels[kind].id = id;
    timecode->channels[kind].is_mapped = directions;
    return 0;
}

bool artnet_clock_follows(struct artnet_clock *clock, struct in_addr sender, uint64_t now_ns)
{
    bool is_free = !clock->heard_ns || now_ns >= clock->heard_ns + DMX_MERGE_TIMEOUT_NS;

    if (!is_free && clock->sender.s_addr != sender.s_addr)
        return false;
    clock->sender = sender;
    clock->heard_ns = now_ns;
    return true;
}

static double part_of_day(const struct artnet_time *time)
{
    double seconds = time->hours * 3600 + time->minutes * 60 + time->seconds;

    return (seconds + (double)time->frames / rates[time->type]) / 86400;
}

unsigned artnet_timecode_emit(struct artnet_timecode *timecode, struct fc_instance *instance,
                              const struct artnet_time *time)
{
    const double values[ARTNET_TIMECODE_KINDS_] = {
        [ARTNET_TIMECODE_DAY] = part_of_day(time),
        [ARTNET_TIMECODE_HOURS] = dmx_value_of_count(time->hours),
        [ARTNET_TIMECODE_MINUTES] = dmx_value_of_count(time->minutes),
        [ARTNET_TIMECODE_SECONDS] = dmx_value_of_count(time->seconds),
        [ARTNET_TIMECODE_FRAMES] = dmx_value_of_count(time->frames),
        [ARTNET_TIMECODE_TYPE] = dmx_value_of_count(time->type),
    };
    unsigned n_events = 0;

    for (size_t kind = 0; kind < ARTNET_TIMECODE_KINDS_; kind++) {
        __typeof__(timecode->channels[kind]) *channel = &timecode->channels[kind];

        if (!channel->is_mapped || (channel->is_known && channel->value == values[kind]))
            continue;
        channel->is_known = true;
        channel->value = values[kind];
        fc_emit(instance, channel->id, values[kind]);
        n_events++;
    }
    return n_events;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ArtTimeCode as channels of every instance of a socket: `timecode` is the time as a part of a day, and
 * `timecode.hours`, `.minutes`, `.seconds`, `.frames` and `.type` are numbers, as n/255. Pure, except for the
 * events; used in the broker.
 */
#ifndef BROKER_BACKENDS_ARTNET_TIMECODE_H
#define BROKER_BACKENDS_ARTNET_TIMECODE_H

#include <netinet/in.h>
#include <stdint.h>

#include "broker/backends/artnet_codec.h"
#include "firecurtain/backend.h"

enum artnet_timecode_kind {
    ARTNET_TIMECODE_DAY,
    ARTNET_TIMECODE_HOURS,
    ARTNET_TIMECODE_MINUTES,
    ARTNET_TIMECODE_SECONDS,
    ARTNET_TIMECODE_FRAMES,
    ARTNET_TIMECODE_TYPE,
    ARTNET_TIMECODE_KINDS_,
};

/* The channels of an instance. */
struct artnet_timecode {
    struct {
        uint32_t id;
        double value;
        bool is_mapped;
        bool is_known; /* `value` was emitted */
    } channels[ARTNET_TIMECODE_KINDS_];
};

/* The sender that a socket follows until it has been silent for 2.5 seconds: others would make time jump. */
struct artnet_clock {
    struct in_addr sender;
    uint64_t heard_ns; /* 0: never */
};

/* Whether this is the name of such a channel. */
bool artnet_timecode_is(const char *name);

/* The slot `channel` of the backend, for those names. -EINVAL with `reason` filled. */
int artnet_timecode_set(struct artnet_timecode *timecode, uint32_t id, const char *name, unsigned directions,
                        struct fc_reason *reason);

/* Whether the time of this sender counts. */
bool artnet_clock_follows(struct artnet_clock *clock, struct in_addr sender, uint64_t now_ns);

/* Emits what has changed. Returns how many events that made. */
unsigned artnet_timecode_emit(struct artnet_timecode *timecode, struct fc_instance *instance,
                              const struct artnet_time *time);

#endif

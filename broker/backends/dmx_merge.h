/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several senders of one universe become one frame. A sender that has been silent for 2.5 seconds is gone.
 * The highest priority has each slot; among equals, the policy decides. Pure: the caller reads the clock.
 * Used in the broker.
 *
 * Invariant: `frame` is what the policy makes of the present sources; without any, it is the last frame
 * or zeroes.
 */
#ifndef BROKER_BACKENDS_DMX_MERGE_H
#define BROKER_BACKENDS_DMX_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/backends/dmx_value.h"
#include "firecurtain/backend.h"
#include "firecurtain/time.h"

#define DMX_MERGE_MAX_SOURCES 8
#define DMX_MERGE_KEY_BYTES   16
#define DMX_MERGE_TIMEOUT_NS  (2500 * FC_NS_PER_MS)
#define DMX_MERGE_NEVER       UINT64_MAX

enum dmx_policy {
    DMX_FIRST, /* the source that was first; another takes over when it is gone */
    DMX_HTP,   /* the highest value of each slot */
    DMX_LTP,   /* the source that last changed the slot */
    DMX_OFF,   /* the last frame, whoever sent it */
};

struct dmx_source {
    bool is_present;
    uint8_t key[DMX_MERGE_KEY_BYTES]; /* what tells senders apart: an address, a CID */
    char name[48];                    /* for people */
    uint64_t since;                   /* the number of its first frame */
    uint64_t heard_ns;
    uint8_t priority;
    bool has_priorities;    /* of its slots, instead of its `priority` */
    uint64_t priorities_ns; /* when these were heard last */
    uint8_t sequence;       /* for the protocol: of its last frame */
    bool has_sequence;
    uint8_t priorities[DMX_SLOTS]; /* 0: the slot is not its own */
    uint8_t data[DMX_SLOTS];
    uint64_t changed[DMX_SLOTS]; /* the number of the frame that changed the slot; 0: none did */
};

struct dmx_merge {
    enum dmx_policy policy;
    bool zero_on_loss;
    size_t max_sources;
    size_t n_sources;
    uint64_t n_frames;
    uint64_t heard_ns; /* from any source; 0: never */
    const struct dmx_source *last;
    struct dmx_source sources[DMX_MERGE_MAX_SOURCES];
    uint8_t frame[DMX_SLOTS];
};

void dmx_merge_init(struct dmx_merge *merge, enum dmx_policy policy, size_t max_sources);

/* Set the policy, and what a universe becomes that nobody sends any more, from text. -EINVAL with `reason`.
 */
int dmx_merge_set_policy(struct dmx_merge *merge, const char *text, struct fc_reason *reason);
int dmx_merge_set_on_loss(struct dmx_merge *merge, const char *text, struct fc_reason *reason);

/* Forgets all sources, and the frame. */
void dmx_merge_reset(struct dmx_merge *merge);

/* Returns the source with this key, NULL if it is not present. */
struct dmx_source *dmx_merge_find(struct dmx_merge *merge, const uint8_t key[DMX_MERGE_KEY_BYTES]);

/*
 * Adds a source, which counts as heard from `now_ns` on. NULL if there are `max_sources` already; with the
 * policy DMX_OFF, the one that was silent longest gives way instead.
 */
struct dmx_source *dmx_merge_add(struct dmx_merge *merge, const uint8_t key[DMX_MERGE_KEY_BYTES],
                                 const char *name, uint64_t now_ns);

/*
 * Makes room for a source of this priority: if there is none, drops the source with the lowest priority, if
 * that is lower.
 */
void dmx_merge_make_room(struct dmx_merge *merge, uint8_t priority);

/* Whether a frame was overtaken by a later one of its source, and is not to be used any more. */
bool dmx_source_is_late(const struct dmx_source *source, uint8_t sequence);

/* Sets the priority of a source, for all slots. */
void dmx_merge_set_priority(struct dmx_merge *merge, struct dmx_source *source, uint8_t priority);

/*
 * Takes priorities of `n` slots; the others do not belong to the source. They count for 2.5 seconds, and do
 * not keep the source.
 */
void dmx_merge_take_priorities(struct dmx_merge *merge, struct dmx_source *source, const uint8_t *data,
                               size_t n, uint64_t now_ns);

/* Takes a frame of `n` slots; the others are 0. */
void dmx_merge_take(struct dmx_merge *merge, struct dmx_source *source, const uint8_t *data, size_t n,
                    uint64_t now_ns);

/* Drops a source that ends by itself. */
void dmx_merge_drop(struct dmx_merge *merge, struct dmx_source *source);

/* Drops the sources that are gone, and priorities that are. */
void dmx_merge_expire(struct dmx_merge *merge, uint64_t now_ns);

/* Returns when the next source, or its priorities, are gone if it stays silent, or DMX_MERGE_NEVER. */
uint64_t dmx_merge_next_ns(const struct dmx_merge *merge);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The channels of a universe: `N` is a slot, `N+M` is a pair of slots with 16 bits, coarse and fine; `alive`,
 * `sources` and `rate` say how the universe is received. Pure; used in the broker.
 *
 * Invariant: each slot belongs to at most one channel that a mapping uses.
 */
#ifndef BROKER_BACKENDS_DMX_PATCH_H
#define BROKER_BACKENDS_DMX_PATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/backends/dmx_value.h"
#include "firecurtain/backend.h"

#define DMX_PATCH_NO_CHANNEL UINT32_MAX

enum dmx_kind {
    DMX_SLOT,
    DMX_PAIR,
    DMX_ALIVE,   /* 1 while somebody sends the universe */
    DMX_SOURCES, /* how many do */
    DMX_RATE,    /* frames in a second */
    DMX_KINDS_,
};

struct dmx_channel {
    enum dmx_kind kind;
    uint16_t coarse; /* from 0; the only slot of a DMX_SLOT */
    uint16_t fine;
};

struct dmx_patch {
    struct dmx_channel *channels; /* by id */
    size_t n_channels;
    uint32_t sources[DMX_SLOTS]; /* ids of the channels on which a slot's events are emitted */
    uint32_t users[DMX_SLOTS];   /* ids of the channels that a slot belongs to, whatever their direction */
    uint32_t health[DMX_KINDS_]; /* ids of the channels that say how the universe is received */
};

void dmx_patch_init(struct dmx_patch *patch);
void dmx_patch_deinit(struct dmx_patch *patch);

/* The slot `canonical` of a backend. */
int dmx_patch_canonical(const char *name, char *canonical, size_t bytes, struct fc_reason *reason);

/*
 * The slot `channel` of a backend. A slot that belongs to another channel is refused, unless the instance
 * runs: then the other channel is about to lose its mappings, and the new one takes the slot over.
 */
int dmx_patch_set(struct dmx_patch *patch, uint32_t id, const char *name, unsigned directions,
                  bool is_running, struct fc_reason *reason);

/* Writes a value to the slots of a channel. */
void dmx_patch_write(const struct dmx_patch *patch, uint32_t id, double value, uint8_t frame[DMX_SLOTS]);

typedef void (*dmx_patch_fn)(void *userdata, uint32_t id, double value);

/* Calls `fn` for each channel with a slot that differs between the frames, with its value in `frame`. */
void dmx_patch_compare(const struct dmx_patch *patch, const uint8_t before[DMX_SLOTS],
                       const uint8_t frame[DMX_SLOTS], dmx_patch_fn fn, void *userdata);

#endif

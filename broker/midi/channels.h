/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The channels of an instance, by id and by what a message is about. Pure; in the broker and drivers.
 */
#ifndef BROKER_MIDI_CHANNELS_H
#define BROKER_MIDI_CHANNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/midi/name.h"
#include "broker/midi/sysex.h"

struct midi_channel {
    struct midi_name name;    /* its text belongs to this */
    unsigned directions;      /* enum fc_direction */
    struct midi_sysex *sysex; /* owned; NULL if it is none */
    double set;               /* the value that it was set to last */
    bool is_set;              /* it was */
    double emitted;           /* the last value, of those that only emit changes */
    bool is_emitted;          /* there was one */
};

/* A zeroed structure has none. */
struct midi_channels {
    struct midi_channel *list; /* by id */
    size_t n;
    struct midi_place *places; /* sorted by key: see channels.c */
    size_t n_places;
};

/* Adds a channel, whose id is the number of those before it, or changes the directions of one. As the slot
 * `channel` of a backend. */
int midi_channels_set(struct midi_channels *channels, uint32_t id, const char *name, unsigned directions,
                      struct fc_reason *reason);

void midi_channels_deinit(struct midi_channels *channels);

/* Returns the channel of a kind without a text, or NULL if nothing maps from it. */
struct midi_channel *midi_channels_source(const struct midi_channels *channels, enum midi_kind kind,
                                          uint8_t channel, uint16_t number);

/* Returns the pair whose fine half this is, or NULL if nothing maps from it. */
struct midi_channel *midi_channels_fine(const struct midi_channels *channels, uint8_t channel,
                                        uint8_t number);

static inline uint32_t midi_channels_id(const struct midi_channels *channels,
                                        const struct midi_channel *channel)
{
    return (uint32_t)(channel - channels->list);
}

#endif

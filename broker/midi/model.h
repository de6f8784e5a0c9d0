/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MIDI, and the main header of this folder: the model that the backends of MIDI share. It knows complete
 * messages as bytes, and nothing of how they are carried.
 *
 * options.c and channels.c say what the configuration means, in the broker, too. in.c makes events of
 * messages, and out.c messages of values; both run in drivers.
 */
#ifndef BROKER_MIDI_MODEL_H
#define BROKER_MIDI_MODEL_H

#include "broker/midi/channels.h"
#include "broker/midi/in.h"
#include "broker/midi/out.h"
#include "firecurtain/backend.h"

struct midi {
    struct midi_channels channels;
    struct midi_in in; /* once midi_in_init() was called */
    struct midi_out out;
};

/* Whether an option is the model's: `epn-tx` (short or full) or `note-off` (on or off). */
bool midi_has_option(const char *option);

/* The slots of a backend, for the model's part. */
int midi_configure(struct midi *midi, const char *option, const char *value, struct fc_reason *reason);
int midi_canonical(void *self, const char *name, char *canonical, size_t bytes, struct fc_reason *reason);
int midi_channel(struct midi *midi, uint32_t id, const char *name, unsigned directions,
                 struct fc_reason *reason);

/* Sets a channel: notes the value and sends it. */
void midi_set(struct midi *midi, uint32_t id, double value);

/* Sends what each channel was set to, except for what happened once: for somebody who comes later. */
void midi_send_again(struct midi *midi);

void midi_deinit(struct midi *midi);

#endif

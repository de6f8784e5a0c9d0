/* SPDX-License-Identifier: BSD-2-Clause */
/* The slots of MIDI in a driver. */
#include "broker/drivers/midi/output.h"
#include "broker/drivers/midi/sequencer.h"

extern const struct fc_backend driver_midi;

static void driver_emit(void *userdata, uint32_t id, double value)
{
    struct alsa *alsa = userdata;

    fc_emit(alsa->instance, id, value);
}

static void *driver_new(struct fc_instance *instance, const char *directory)
{
    struct alsa *alsa = alsa_new(instance, directory);

    if (alsa)
        midi_in_init(&alsa->midi.in, &alsa->midi.channels, driver_emit, alsa);
    return alsa;
}

static void driver_free(void *self)
{
    if (self)
        alsa_sequencer_close(self);
    alsa_free(self);
}

/* Devices may come later, and say so themselves. */
static int driver_start(void *self)
{
    int r = alsa_sequencer_open(self);

    return r < 0 ? r : 1;
}

static void driver_stop(void *self)
{
    alsa_sequencer_close(self);
}

/* What happened before this process began does not happen again. */
static void driver_set(void *self, uint32_t channel, double value)
{
    struct alsa *alsa = self;

    if (alsa->sequencer->is_restoring && midi_name_is_moment(alsa->midi.channels.list[channel].name.kind))
        return;
    midi_set(&alsa->midi, channel, value);
}

static void driver_flush(void *self)
{
    struct alsa *alsa = self;

    alsa_output_flush(alsa->sequencer);
}

static void driver_describe(const void *self, char *text, size_t bytes)
{
    alsa_sequencer_describe(self, text, bytes);
}

const struct fc_backend driver_midi = {
    .name = "midi",
    .driver = &alsa_driver,
    .options = alsa_options,
    .instance_new = driver_new,
    .instance_free = driver_free,
    .configure = alsa_configure,
    .configured = alsa_configured,
    .canonical = midi_canonical,
    .channel = alsa_channel,
    .start = driver_start,
    .stop = driver_stop,
    .set = driver_set,
    .flush = driver_flush,
    .describe = driver_describe,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* The row of MIDI in the broker, where nothing of it is started. */
#include "broker/drivers/midi/midi.h"

extern const struct fc_backend backend_midi;

const struct fc_backend backend_midi = {
    ALSA_CONFIGURATION,
    .instance_free = alsa_free,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* The client at the ALSA sequencer, for the files of this folder that talk to it. In drivers. */
#ifndef BROKER_DRIVERS_MIDI_SEQUENCER_H
#define BROKER_DRIVERS_MIDI_SEQUENCER_H

#include <alsa/asoundlib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/drivers/midi/midi.h"
#include "broker/midi/message.h"

struct alsa_sequencer {
    struct alsa *alsa;
    snd_seq_t *handle;
    snd_midi_event_t *coder; /* bytes to events, and back */
    int port;                /* the instance's */
    int announcements;       /* the port that hears of others */
    struct fc_watch *watch;
    struct fc_timer *look;  /* for devices, soon after something has changed */
    struct fc_timer *more;  /* there are events that the descriptor does not tell of */
    struct fc_timer *begun; /* the values of before were restored */
    bool is_restoring;
    bool is_looking; /* `look` is set */

    /* input: a system exclusive message comes in parts */
    uint8_t exclusive[MIDI_MESSAGE_BYTES];
    size_t n_exclusive; /* 0: there is none under way */
    snd_seq_addr_t exclusive_from;

    /* output */
    size_t n_waiting;           /* messages for the sequencer */
    const snd_seq_addr_t *only; /* who gets what is sent; NULL: everybody who is connected */

    uint64_t n_unsent;   /* messages that the sequencer did not take */
    uint64_t n_overruns; /* times that input was lost: lost.h */
    uint64_t lost_said_ns;
};

/* Opens the sequencer, and connects to the devices that are there. 0, or -errno with the reason told to the
 * core. */
int alsa_sequencer_open(struct alsa *alsa);

/* Ends all notes, and closes it. */
void alsa_sequencer_close(struct alsa *alsa);

/* Says in a few words how it is. */
void alsa_sequencer_describe(const struct alsa *alsa, char *text, size_t bytes);

#endif

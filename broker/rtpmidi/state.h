/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a peer has set, as far as it was received: compared with its journal, this shows what was lost. Pure;
 * used in the broker.
 */
#ifndef BROKER_RTPMIDI_STATE_H
#define BROKER_RTPMIDI_STATE_H

#include "broker/rtpmidi/journal.h"
#include "broker/rtpmidi/list.h"

#define RTPMIDI_UNKNOWN 0xff

struct rtpmidi_state_channel {
    uint8_t program;
    uint8_t controllers[RTPMIDI_NUMBERS];
    uint8_t wheel[2];
    uint8_t notes[RTPMIDI_NUMBERS]; /* velocity, 0 if it does not sound */
    uint8_t pressure;
    uint8_t note_pressures[RTPMIDI_NUMBERS];
    bool is_suspect[RTPMIDI_NUMBERS]; /* the end of the note may have been lost */
};

struct rtpmidi_state {
    struct rtpmidi_state_channel channels[RTPMIDI_CHANNELS];
    bool has_suspects;
};

/* Nothing is known, and no note sounds. */
void rtpmidi_state_init(struct rtpmidi_state *state);

/* Notes a message that was received. */
void rtpmidi_state_take(struct rtpmidi_state *state, const uint8_t *message, size_t bytes);

/* Takes what a journal says: passes it to `fn` and notes it, if it is news. */
void rtpmidi_state_recover(struct rtpmidi_state *state, const struct rtpmidi_found *found,
                           rtpmidi_message_fn fn, void *userdata);

/* Suspects all notes that sound; one that is heard of again is none any more. */
void rtpmidi_state_suspect(struct rtpmidi_state *state);

/* Ends the notes that are still suspected. */
void rtpmidi_state_release(struct rtpmidi_state *state, rtpmidi_message_fn fn, void *userdata);

#endif

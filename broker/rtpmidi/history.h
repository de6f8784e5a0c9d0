/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was sent, as the journal of the next packet tells it to those who have missed a packet (RFC 6295,
 * appendix A): for each thing that MIDI can set its last value, and the packet that had it. Pure; used in the
 * broker.
 *
 * Packets are counted from 1 here, and a journal covers those from its checkpoint on. Parameters (rpn, nrpn)
 * have no chapter, and neither do system messages: what is lost of them stays lost.
 */
#ifndef BROKER_RTPMIDI_HISTORY_H
#define BROKER_RTPMIDI_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "broker/rtpmidi/journal.h"

/* A value, and the last packet that had it; 0: none. */
struct rtpmidi_sent {
    uint32_t packet;
    uint8_t value;
};

struct rtpmidi_history_channel {
    uint32_t last; /* the last packet with anything of this channel */
    struct rtpmidi_sent program;
    uint8_t bank[2]; /* when the program was sent, with 0x80 if it was known */
    struct rtpmidi_sent controllers[RTPMIDI_NUMBERS];
    struct rtpmidi_sent wheel; /* its value is the first byte */
    uint8_t wheel_second;
    struct rtpmidi_sent notes[RTPMIDI_NUMBERS]; /* velocity; 0: it has ended */
    struct rtpmidi_sent pressure;
    struct rtpmidi_sent note_pressures[RTPMIDI_NUMBERS];
};

/* Zeroed at first. */
struct rtpmidi_history {
    struct rtpmidi_history_channel channels[RTPMIDI_CHANNELS];
};

/* Notes a message that goes into packet number `packet`. Those of the system are not noted. */
void rtpmidi_history_note(struct rtpmidi_history *history, const uint8_t *message, size_t bytes,
                          uint32_t packet);

/*
 * Writes the journal of packet number `packet` about those from number `checkpoint` on; `first` is added to
 * numbers to make sequence numbers of RTP. Returns its length, or 0 if there is no room.
 */
size_t rtpmidi_history_write(const struct rtpmidi_history *history, uint8_t *out, size_t room,
                             uint32_t checkpoint, uint32_t packet, uint16_t first);

#endif

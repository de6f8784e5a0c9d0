/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet of RTP with MIDI in it (RFC 6295): its header, and where its list of commands and its journal are.
 * Pure; used in the broker.
 */
#ifndef BROKER_RTPMIDI_PACKET_H
#define BROKER_RTPMIDI_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTPMIDI_MAX_LIST     4095 /* bytes of a list of commands */
#define RTPMIDI_HEADER_BYTES 14   /* before the list, when it is written */

struct rtpmidi_packet {
    uint16_t sequence;
    uint32_t timestamp; /* in 100 us */
    uint32_t ssrc;
    const uint8_t *list; /* within the packet; a list may be empty */
    size_t list_bytes;
    bool has_first_delta;   /* a time precedes the first command, too */
    const uint8_t *journal; /* within the packet; NULL: it has none */
    size_t journal_bytes;   /* and whatever may follow */
};

/* Reads a packet, into which `packet` points then. -EBADMSG with `what` set to what it is instead. */
int rtpmidi_packet_read(struct rtpmidi_packet *packet, const uint8_t *data, size_t bytes, const char **what);

/*
 * Writes a packet with a list of up to RTPMIDI_MAX_LIST bytes whose first command has no time. Returns its
 * length; 0 if there is no room.
 */
size_t rtpmidi_packet_write(uint8_t *out, size_t room, const struct rtpmidi_packet *packet);

#endif

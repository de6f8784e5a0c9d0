/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets of Art-Net 4, read and written. Pure: no sockets, no clock, no memory of its own. Used in the
 * broker.
 *
 * What is read comes from the network: every length is checked, and what is returned points into the packet.
 */
#ifndef BROKER_BACKENDS_ARTNET_CODEC_H
#define BROKER_BACKENDS_ARTNET_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/backends/dmx_value.h"

#define ARTNET_PORT            6454
#define ARTNET_MAX_ADDRESS     0x7fff /* a Port-Address: net, sub-net and universe in 15 bits */
#define ARTNET_DMX_BYTES       (18 + DMX_SLOTS)
#define ARTNET_POLL_BYTES      14
#define ARTNET_SYNC_BYTES      14
#define ARTNET_REPLY_BYTES     239
#define ARTNET_MIN_REPLY_BYTES 207
#define ARTNET_REPLY_PORTS     4
#define ARTNET_TIME_BYTES      19
#define ARTNET_TIME_TYPES      4 /* film, EBU, drop frame, SMPTE */

enum artnet_kind {
    ARTNET_OTHER, /* sound, but nothing that is understood here */
    ARTNET_DMX,
    ARTNET_POLL,
    ARTNET_REPLY,
    ARTNET_SYNC,
    ARTNET_TIMECODE,
};

struct artnet_time {
    uint8_t frames, seconds, minutes, hours;
    uint8_t type; /* below ARTNET_TIME_TYPES */
};

struct artnet_packet {
    enum artnet_kind kind;
    union {
        struct {
            uint8_t sequence; /* 0: none */
            uint16_t address;
            uint16_t n;
            const uint8_t *data;
        } dmx;
        struct {
            bool is_targeted; /* only nodes with a port from `low` to `high` answer */
            uint16_t low;
            uint16_t high;
        } poll;
        struct {
            uint16_t port; /* UDP */
            uint8_t bind_index;
            uint8_t n_outputs;
            uint16_t outputs[ARTNET_REPLY_PORTS]; /* Port-Addresses that the node wants to receive */
        } reply;
        struct artnet_time time;
    };
};

/* Reads a packet. -EBADMSG with a literal in `what` that says what is wrong with it. */
int artnet_codec_read(const uint8_t *data, size_t bytes, struct artnet_packet *packet, const char **what);

/* Write a packet; the number of bytes is the size of the array. */
void artnet_codec_write_dmx(uint8_t out[ARTNET_DMX_BYTES], uint16_t address, uint8_t sequence,
                            const uint8_t frame[DMX_SLOTS]);
void artnet_codec_write_poll(uint8_t out[ARTNET_POLL_BYTES]);
void artnet_codec_write_sync(uint8_t out[ARTNET_SYNC_BYTES]);

/* What a node says of one of its ports. */
struct artnet_port_report {
    uint8_t ip[4];
    uint16_t udp_port;
    uint16_t address;
    uint8_t bind_index;
    bool sends;      /* Art-Net, with what is set on its channels */
    bool is_alive;   /* somebody sends to it */
    bool is_merging; /* more than one does */
    bool is_ltp;
    const char *name;
    unsigned n_polls; /* that were answered */
};

void artnet_codec_write_reply(uint8_t out[ARTNET_REPLY_BYTES], const struct artnet_port_report *report);

#endif

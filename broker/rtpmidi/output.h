/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an instance sends: one stream of packets, the same for all peers, each with a journal of those that
 * somebody may have missed. Pure; used in the broker.
 */
#ifndef BROKER_RTPMIDI_OUTPUT_H
#define BROKER_RTPMIDI_OUTPUT_H

#include "broker/rtpmidi/history.h"
#include "broker/rtpmidi/list.h"
#include "broker/rtpmidi/peers.h"

#define RTPMIDI_PACKET_BYTES 1400 /* so that no network divides them */
#define RTPMIDI_LIST_BYTES   700
#define RTPMIDI_WINDOW       64 /* packets that a journal covers if nobody tells what was received */

struct rtpmidi_output {
    struct rtpmidi_peers *peers; /* borrowed */
    uint32_t packet;             /* the number of the last one, from 1 */
    uint16_t first;              /* added to a number, this makes a sequence number */
    struct rtpmidi_list list;    /* of the next packet */
    uint8_t bytes[RTPMIDI_LIST_BYTES];
    struct rtpmidi_history history;
    struct rtpmidi_sysex sysex; /* to read the list again */
};

/* Begins a stream, with a random sequence number. */
void rtpmidi_output_begin(struct rtpmidi_output *output, struct rtpmidi_peers *peers, uint16_t first);

/* Adds a complete message to the next packet, or drops it if nobody is there. */
void rtpmidi_output_add(struct rtpmidi_output *output, const uint8_t *message, size_t bytes, uint64_t now_ns);

/* Sends what was added. */
void rtpmidi_output_flush(struct rtpmidi_output *output, uint64_t now_ns);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packets of one peer as they come in: in order, without doubles, and with what was lost. Pure; used in
 * the broker.
 *
 * What a lost packet has led to is taken from the journal of the next one. If that does not reach back far
 * enough, or is missing, notes that sounded before and are not heard of within a second are ended.
 */
#ifndef BROKER_RTPMIDI_STREAM_H
#define BROKER_RTPMIDI_STREAM_H

#include "broker/rtpmidi/list.h"
#include "broker/rtpmidi/packet.h"
#include "broker/rtpmidi/state.h"

#define RTPMIDI_NEVER UINT64_MAX

struct rtpmidi_stream {
    bool is_begun; /* a packet was received */
    uint32_t ssrc;
    uint16_t highest; /* sequence number */
    bool is_odd;      /* the last packet was far behind the others */
    uint16_t odd;     /* its sequence number */
    uint64_t n_lost;
    uint64_t release_ns; /* when notes that hang are ended, or RTPMIDI_NEVER */
    struct rtpmidi_sysex sysex;
    struct rtpmidi_state state;

    /* receives what the peer plays */
    rtpmidi_message_fn fn;
    void *userdata;
};

void rtpmidi_stream_init(struct rtpmidi_stream *stream, rtpmidi_message_fn fn, void *userdata);

/* Takes a packet. -EBADMSG with `what` set at the first mistake in it. */
int rtpmidi_stream_take(struct rtpmidi_stream *stream, const struct rtpmidi_packet *packet, uint64_t now_ns,
                        const char **what);

/* Ends the notes that hang, if it is time for that. */
void rtpmidi_stream_tick(struct rtpmidi_stream *stream, uint64_t now_ns);

/* Ends all notes that sound, since the peer has gone, and begins anew. */
void rtpmidi_stream_end(struct rtpmidi_stream *stream);

#endif

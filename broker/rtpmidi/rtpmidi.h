/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RTP-MIDI (RFC 6295), and the main header of this folder: an instance plays MIDI to its peers over UDP, and
 * hears what they play, by itself or in sessions as Apple's network MIDI has them. All of it runs in the
 * broker; README.md has the parts, and why it is no driver.
 */
#ifndef BROKER_RTPMIDI_RTPMIDI_H
#define BROKER_RTPMIDI_RTPMIDI_H

#include "broker/backends/net_failure.h"
#include "broker/midi/model.h"
#include "broker/rtpmidi/config.h"
#include "broker/rtpmidi/net.h"
#include "broker/rtpmidi/output.h"
#include "broker/rtpmidi/peers.h"

#define RTPMIDI_RECEIVED_BYTES 32768 /* a longest list, and all that a journal can hold */

struct rtpmidi {
    struct fc_instance *instance; /* borrowed */
    struct rtpmidi_config config;
    struct rtpmidi_net net;
    struct rtpmidi_peers peers;
    struct rtpmidi_output output;
    struct midi midi;
    struct fc_watch *data; /* owned, as all of these; NULL while stopped */
    struct fc_watch *control;
    struct fc_timer *timer;
    struct net_failure failure;
    bool is_started;
    unsigned n_messages; /* in this turn */
    uint8_t packet[RTPMIDI_RECEIVED_BYTES];
};

/* Fills in what the peers' packets lead to (link.c). */
struct rtpmidi_calls rtpmidi_link_calls(struct rtpmidi *rtpmidi);

/* Receives and sends from now on. 0 or -errno. */
int rtpmidi_link_begin(struct rtpmidi *rtpmidi);

/* Sends what was set, and sets the timer for what comes next. */
void rtpmidi_link_flush(struct rtpmidi *rtpmidi);

/* Stops that. */
void rtpmidi_link_end(struct rtpmidi *rtpmidi);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recognises answers: many peers report each value that they are sent. Two devices that are mapped both ways
 * and answer each other would never come to rest if that were news.
 *
 * A message is known by a mark, a hash of its values. An answer has the mark of a message that was sent
 * shortly before, and each message is answered once at most; so a value that a peer sends by itself, even if
 * it is the same again, is none. If more was sent than can be remembered, any message may be the answer.
 * Pure.
 */
#ifndef BROKER_BACKENDS_OSC_ECHO_H
#define BROKER_BACKENDS_OSC_ECHO_H

#include <stdint.h>

#include "firecurtain/time.h"

#define OSC_ECHO_MESSAGES 8 /* to one address whose marks are kept while they are unanswered */
#define OSC_ECHO_NS       (2 * FC_NS_PER_S) /* what comes later is no answer */
#define OSC_ECHO_MAX_CHAIN                                                                                   \
    3 /* answers in a row, after which nothing more is sent, whatever the values are                         \
       */

/* What was sent to one address and is not answered, oldest first. A zeroed structure is empty. */
struct osc_echo {
    uint64_t sent_ns;   /* the last message */
    uint64_t peer;      /* the number of the peer that it went to */
    uint32_t n_lost;    /* messages whose marks are no longer kept */
    uint8_t lost_chain; /* the most answers that led to one of them */
    uint8_t n;
    uint32_t marks[OSC_ECHO_MESSAGES];
    uint8_t chain[OSC_ECHO_MESSAGES]; /* the answers that led to the message */
};

/* The mark of a message without values, and with one more of them. */
#define OSC_ECHO_NO_VALUES 2166136261u
uint32_t osc_echo_mark(uint32_t mark, double value);

/* Notes a message to the peer with that number; `chain` answers in a row led to it. */
void osc_echo_sent(struct osc_echo *echo, uint64_t peer, uint32_t mark, uint32_t chain, uint64_t now_ns);

/* Returns how many answers in a row led to a message that comes in, itself included; 0 if it is none. */
uint32_t osc_echo_received(struct osc_echo *echo, uint64_t peer, uint32_t mark, uint64_t now_ns);

#endif

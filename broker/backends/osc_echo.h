/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recognises answers: many peers report each value that they are sent. Two devices that are mapped both ways
 * and answer each other would never come to rest if that were news.
 *
 * A message is known by a mark, a hash of its values. An answer has the mark of a message that was sent to
 * the same address before, and each message is answered once at most; so a value that a peer sends by itself,
 * even if it is the same again, is none.
 *
 * What comes long after the message may be an answer that was delayed, or somebody who happens to set the
 * same value. Such a late answer leads to messages as news does, but these remember how many late answers in
 * a row led to them, and that has an end. So what one piece of news leads to comes to rest even if every
 * answer is late. Pure.
 */
#ifndef BROKER_BACKENDS_OSC_ECHO_H
#define BROKER_BACKENDS_OSC_ECHO_H

#include <stdbool.h>
#include <stdint.h>

#include "firecurtain/time.h"

/* Messages that are remembered while they are unanswered: more than buffers of sockets usually hold. */
#define OSC_ECHO_MESSAGES  4096
#define OSC_ECHO_LATE_NS   (2 * FC_NS_PER_S)  /* what comes later is a late answer */
#define OSC_ECHO_FORGET_NS (60 * FC_NS_PER_S) /* and then none: no network keeps a packet so long */

/* Answers in a row, after which nothing more is sent, whatever the values are. */
#define OSC_ECHO_MAX_CHAIN 3

/*
 * Late answers in a row, after which one more counts as if it were in time. More of them while only a few
 * messages to the address are unanswered: then nothing multiplies, and two people who press the same button
 * in turn look like that.
 */
#define OSC_ECHO_MAX_LATE        5
#define OSC_ECHO_MAX_LATE_OF_FEW 32
#define OSC_ECHO_FEW             4

/* A chain of answers is a number: 0 is none, an answer adds 1, and a late one makes it the next multiple. */
#define OSC_ECHO_LATE 16

/* What is remembered with each address; zeroed at first. */
struct osc_echo_address {
    uint32_t n_unanswered;
};

struct osc_echo_message {
    struct osc_echo_address *to; /* NULL: answered */
    uint64_t sent_ns;
    uint32_t mark;
    uint16_t chain; /* that led to it */
    uint16_t next;  /* in its bucket, one more than the slot; 0: none */
};

/* What was sent to one peer and is not answered. A zeroed structure is empty. */
struct osc_echo {
    uint64_t peer;   /* the number of the peer */
    uint32_t oldest; /* messages are counted; each is in the slot of its number modulo their size */
    uint32_t end;
    struct osc_echo_bucket {
        uint16_t first, last; /* as `next`; the oldest comes first */
    } buckets[OSC_ECHO_MESSAGES];
    struct osc_echo_message messages[OSC_ECHO_MESSAGES];
};

/* The mark of a message without values, and with one more of them. */
#define OSC_ECHO_NO_VALUES 2166136261u
uint32_t osc_echo_mark(uint32_t mark, double value);

/* Notes a message, to which `chain` led, to an address of the peer with that number. */
void osc_echo_sent(struct osc_echo *echo, struct osc_echo_address *to, uint64_t peer, uint32_t mark,
                   uint32_t chain, uint64_t now_ns);

/* Returns the chain that a message from the peer continues; 0 if it is no answer. */
uint32_t osc_echo_received(struct osc_echo *echo, const struct osc_echo_address *from, uint64_t peer,
                           uint32_t mark, uint64_t now_ns);

/* Whether what a chain led to is sent to a peer that has, or has not, this value already. */
bool osc_echo_is_news(uint32_t chain, bool is_known);

#endif

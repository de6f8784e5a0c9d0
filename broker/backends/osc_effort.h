/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the address patterns of one instance's senders may cost: an allowance of steps, a second's worth of
 * which grows in a second. A pattern may begin as long as some is left, and is finished on credit. Pure.
 */
#ifndef BROKER_BACKENDS_OSC_EFFORT_H
#define BROKER_BACKENDS_OSC_EFFORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A step takes about 2 ns: so all this is less than a tenth of a processor. */
#define OSC_EFFORT_PER_SECOND (32 * 1000 * 1000)
#define OSC_EFFORT_BURST      (OSC_EFFORT_PER_SECOND / 4)

/* A turn, after which others have theirs: about a quarter of a millisecond. */
#define OSC_EFFORT_TURN (128 * 1024)

/* All patterns of one packet, and what they lead to. */
#define OSC_EFFORT_PACKET (4 * 1024 * 1024)
#define OSC_EFFORT_EVENTS 4096

/* What else costs how many steps, beside the characters that are compared. */
#define OSC_EFFORT_BYTE     2 /* of a packet, which is checked */
#define OSC_EFFORT_MESSAGE  16
#define OSC_EFFORT_VALUE    16  /* of a message that a mapping could use */
#define OSC_EFFORT_EVENT    64  /* to queue it */
#define OSC_EFFORT_EXPANDED 256 /* in place of that, for one that a pattern leads to: to route it, too */
#define OSC_EFFORT_ADDRESS  16  /* that a pattern is compared with */
#define OSC_EFFORT_DROP     256
#define OSC_EFFORT_LINE     4096 /* of the log */

struct osc_effort {
    int64_t left; /* below 0: owed */
    uint64_t since_ns;
};

void osc_effort_init(struct osc_effort *effort, uint64_t now_ns);

/* Whether a pattern may begin. */
bool osc_effort_may_begin(struct osc_effort *effort, uint64_t now_ns);

void osc_effort_spend(struct osc_effort *effort, size_t steps);

#endif

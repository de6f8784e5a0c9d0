/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The recovery journal of a packet (RFC 6295, section 5 and appendix A) as it is read: what the packets
 * before this one have led to, for those who have missed some. Pure; used in the broker.
 *
 * The chapters P, C, W, N, T and A are read. M and E, and the journal of system commands, are skipped.
 */
#ifndef BROKER_RTPMIDI_JOURNAL_H
#define BROKER_RTPMIDI_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTPMIDI_CHANNELS     16
#define RTPMIDI_NUMBERS      128 /* of controllers and notes in a channel */
#define RTPMIDI_JOURNAL_BARE 3   /* bytes of a journal with nothing in it */

/* Bits of the byte that says which chapters a channel has, in the order in which they follow. */
enum {
    RTPMIDI_CHAPTER_P = 0x80, /* program */
    RTPMIDI_CHAPTER_C = 0x40, /* controllers */
    RTPMIDI_CHAPTER_M = 0x20, /* parameters */
    RTPMIDI_CHAPTER_W = 0x10, /* pitch wheel */
    RTPMIDI_CHAPTER_N = 0x08, /* notes */
    RTPMIDI_CHAPTER_E = 0x04, /* more about notes */
    RTPMIDI_CHAPTER_T = 0x02, /* pressure of a channel */
    RTPMIDI_CHAPTER_A = 0x01, /* pressure of single notes */
};

/* One thing that a journal says. */
struct rtpmidi_found {
    uint8_t message[3]; /* that leads to it */
    uint8_t bytes;
    bool is_old; /* a note that began so long ago that it is better not played */
};

typedef void (*rtpmidi_found_fn)(void *userdata, const struct rtpmidi_found *found);

struct rtpmidi_journal {
    bool is_older;       /* it says nothing about the last packet: if only that one is missing, nothing is */
    uint16_t checkpoint; /* the first packet that it covers */
};

/*
 * Reads a journal, and calls `fn` for all that it says, up to the first mistake: then -EBADMSG with `what`
 * set. `fn` may be NULL.
 */
int rtpmidi_journal_read(struct rtpmidi_journal *journal, const uint8_t *data, size_t bytes,
                         rtpmidi_found_fn fn, void *userdata, const char **what);

/* Whether a controller selects or sets parameters, which are recovered as a whole or not at all. */
bool rtpmidi_is_parameter(uint8_t controller);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packets that hold a session together, as Apple's network MIDI has them: invitations, clocks, and what
 * was received. Bytes to structures and back; pure, used in the broker.
 */
#ifndef BROKER_RTPMIDI_APPLE_H
#define BROKER_RTPMIDI_APPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTPMIDI_NAME_BYTES  64 /* of a session's name with its NUL; longer ones are cut */
#define RTPMIDI_APPLE_BYTES 96 /* no packet that is written is longer */

enum rtpmidi_command {
    RTPMIDI_IN = 0x494e, /* an invitation */
    RTPMIDI_OK = 0x4f4b, /* which is accepted */
    RTPMIDI_NO = 0x4e4f, /* or not */
    RTPMIDI_BY = 0x4259, /* the end of a session */
    RTPMIDI_CK = 0x434b, /* a clock */
    RTPMIDI_RS = 0x5253, /* what was received */
    RTPMIDI_RL = 0x524c, /* a limit of the bit rate */
};

struct rtpmidi_apple {
    enum rtpmidi_command command;
    uint32_t ssrc; /* of the sender */

    uint32_t token;                /* IN, OK, NO, BY: the number of the invitation */
    char name[RTPMIDI_NAME_BYTES]; /* IN, OK: of the sender's session; UTF-8 without control characters */

    unsigned count; /* CK: 0, 1 or 2 */
    uint64_t times[3];

    uint16_t sequence; /* RS: of the last packet */
    uint32_t limit;    /* RL: in bits per second */
};

/* Whether it is such a packet; otherwise it is one of RTP, if anything. */
bool rtpmidi_apple_is(const uint8_t *data, size_t bytes);

/* Reads a packet. -EBADMSG with `what` set to what it is instead. */
int rtpmidi_apple_read(struct rtpmidi_apple *packet, const uint8_t *data, size_t bytes, const char **what);

/* Writes a packet. Returns its length. */
size_t rtpmidi_apple_write(uint8_t out[RTPMIDI_APPLE_BYTES], const struct rtpmidi_apple *packet);

#endif

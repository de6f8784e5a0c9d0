/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks the byte stream from a client: the part of ZMTP 3 (rfc.zeromq.org/spec/23) that clients need,
 * which is a greeting, one READY command, then messages of one frame each. Everything else is refused, above
 * all messages in several parts, which libzmq would collect without a bound.
 */
#ifndef PROTO_ZMTP_H
#define PROTO_ZMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The state of one stream; starts as zero. */
struct zmtp {
    enum {
        ZMTP_GREETING,
        ZMTP_FLAGS,
        ZMTP_LENGTH,
        ZMTP_BODY,
    } phase;
    uint64_t left;    /* bytes of the body, or of the length field, that are missing */
    uint64_t length;  /* of the frame */
    unsigned greeted; /* bytes of the greeting so far */
    unsigned named;   /* bytes of the command's name so far */
    bool is_command;
    bool is_ready; /* the READY command has passed */
};

/*
 * Checks the next bytes of the stream. Returns NULL, or a constant text that says what is wrong; the stream
 * must not be checked further then. A message may have up to `max_message` bytes.
 */
const char *zmtp_check(struct zmtp *zmtp, const uint8_t *bytes, size_t n_bytes, uint64_t max_message);

#endif

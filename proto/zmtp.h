/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The byte stream of one worker, as ZMTP 3 (rfc.zeromq.org/spec/23) lays it out and as far as a worker of
 * ours needs it: a greeting, one READY command, then messages of one frame each. Everything else that the
 * protocol has, messages in parts above all, which libzmq collects without a bound, is refused.
 */
#ifndef PROTO_ZMTP_H
#define PROTO_ZMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts as zero. */
struct zmtp {
    enum {
        ZMTP_GREETING,
        ZMTP_FLAGS,
        ZMTP_LENGTH,
        ZMTP_BODY,
    } phase;
    uint64_t left; /* bytes of the body, or of the length */
    uint64_t length;
    unsigned greeted; /* bytes of the greeting so far */
    unsigned named;   /* of the name of the only command */
    bool is_command;
    bool is_ready; /* READY was seen */
};

/*
 * Looks at the next bytes of the stream: NULL, or what is wrong with them, a constant. A message may have up
 * to `max_message` bytes. After a complaint the stream is over.
 */
const char *zmtp_check(struct zmtp *zmtp, const uint8_t *bytes, size_t n_bytes, uint64_t max_message);

#endif

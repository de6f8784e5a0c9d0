/* SPDX-License-Identifier: BSD-2-Clause */
/* What libzmq 4.3 first sends on a PAIR socket: the greeting of ZMTP 3.1 and the command READY. */
#ifndef TESTS_PROGRAMS_ZMTP_OPENING_H
#define TESTS_PROGRAMS_ZMTP_OPENING_H

#include <stdint.h>

#define ZMTP_READY "\4\x1a\5READY\13Socket-Type\0\0\0\4PAIR"

static const struct zmtp_opening {
    uint8_t signature[10];
    uint8_t version[2];
    char mechanism[20];
    uint8_t as_server;
    uint8_t filler[31];
    char ready[sizeof(ZMTP_READY) - 1];
} zmtp_opening = {
    .signature = {0xff, [8] = 1, 0x7f},
    .version = {3, 1},
    .mechanism = "NULL",
    .ready = ZMTP_READY,
};

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a browser asks, as text: lines of a key, a blank and a value. No name has a control character, so
 * nothing is escaped. Pure; in the desk.
 */
#ifndef BROKER_DESK_ASK_H
#define BROKER_DESK_ASK_H

#include <stddef.h>
#include <stdint.h>

#include "proto/codec_control.h"

#define ASK_TYPE      "application/x-firecurtain"
#define ASK_MAX_NAMES 16

struct ask {
    struct control_request request; /* its names point to `names`, and those into the text */
    const char *names[ASK_MAX_NAMES];
    const char *token; /* of a browser that enters, or NULL */
    const char *pin;   /* of one that unlocks, or NULL */
    uint64_t page;     /* that holds the channel which it sets, or 0 */
};

/* Reads a text, which it cuts at the ends of lines; it has `n` bytes and room for one more. 0 or -EBADMSG. */
int ask_read(struct ask *ask, char *text, size_t n);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much each caller may ask in a second: each uid on the control socket, and each address of browsers. In
 * the desk.
 */
#ifndef BROKER_DESK_CALLERS_H
#define BROKER_DESK_CALLERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/rate.h"

#define CALLERS_MAX 64 /* that are known at a time */

struct callers {
    struct caller {
        uint32_t key;
        uint64_t used_ns;
        struct rate rate;
        struct rate tokens; /* see callers_take_token() */
    } list[CALLERS_MAX];
    size_t n;
};

/* Returns what stands for an address: of IPv6 whoever has one has the whole /64. */
uint32_t callers_key(const uint8_t address[16]);

/*
 * Takes `cost` from the allowance of a caller: `key` is a uid, or stands for an address. False if there is
 * not so much.
 */
bool callers_take(struct callers *callers, uint32_t key, uint64_t cost, uint64_t now_ns);

/*
 * Takes one from another allowance, for those who show a token. Nobody guesses 256 bits: the allowance keeps
 * the broker from having to look at too many, and leaves room for others at the same address.
 */
bool callers_take_token(struct callers *callers, uint32_t key, uint64_t now_ns);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much each caller may ask in a second: each uid on the control socket, each browser that is signed in,
 * and each address of those that are not. In the desk.
 */
#ifndef BROKER_DESK_CALLERS_H
#define BROKER_DESK_CALLERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/rate.h"

#define CALLERS_MAX     64  /* that are known at a time */
#define CALLERS_RATE    500 /* requests of one caller in a second that are passed on */
#define CALLERS_LEAST   30  /* of these, however much others ask */
#define CALLERS_TOKENS  200 /* tokens that one shows in a second, to sign in */
#define CALLERS_UNKNOWN 100 /* requests in a second with tokens that may be none */

struct callers {
    struct caller {
        uint64_t key;
        uint64_t used_ns;
        struct rate rate, least, tokens, unknown;
    } list[CALLERS_MAX];
    size_t n;
};

/* Returns what stands for an address: of IPv6, whoever has one has the whole /64. */
uint32_t callers_key(const uint8_t address[16]);

/*
 * Takes `cost` from the allowance of a caller: `key` is a uid, or stands for a token. False if there is not
 * so much.
 */
bool callers_take(struct callers *callers, uint64_t key, uint64_t cost, uint64_t now_ns);

/* Likewise from what each has however much all together ask. */
bool callers_take_least(struct callers *callers, uint64_t key, uint64_t cost, uint64_t now_ns);

/*
 * Takes one from another allowance, for those who show a token. Nobody guesses 256 bits: the allowance keeps
 * the broker from having to look at too many, and leaves room for others at the same address.
 */
bool callers_take_token(struct callers *callers, uint64_t key, uint64_t now_ns);

/* Takes from that of requests whose token the broker has not accepted so far: `key` stands for an address. */
bool callers_take_unknown(struct callers *callers, uint64_t key, uint64_t cost, uint64_t now_ns);

/* Returns whether a caller was accepted, or has asked, and is not forgotten. */
bool callers_knows(struct callers *callers, uint64_t key);
void callers_accept(struct callers *callers, uint64_t key, uint64_t now_ns);
void callers_forget(struct callers *callers, uint64_t key);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps an allowance for each caller that has asked lately; that of the one that was away longest gives way.
 */
#include "broker/desk/callers.h"

#include <string.h>

#define CALLERS_RATE   500 /* requests of one caller in a second that are passed on */
#define CALLERS_TOKENS 200 /* tokens that one shows in a second */

uint32_t callers_key(const uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    uint32_t words[4];

    memcpy(words, address, sizeof(words));
    return memcmp(address, mapped, sizeof(mapped)) == 0 ? words[3] : words[0] ^ words[1] * 31u;
}

static struct caller *callers_find(struct callers *callers, uint32_t key, uint64_t now_ns)
{
    struct caller *oldest = &callers->list[0];

    for (size_t i = 0; i < callers->n; i++) {
        struct caller *caller = &callers->list[i];

        if (caller->key == key)
            return caller;
        if (caller->used_ns < oldest->used_ns)
            oldest = caller;
    }
    if (callers->n < CALLERS_MAX)
        oldest = &callers->list[callers->n++];
    *oldest = (struct caller){.key = key};
    rate_init(&oldest->rate, CALLERS_RATE, now_ns);
    rate_init(&oldest->tokens, CALLERS_TOKENS, now_ns);
    return oldest;
}

bool callers_take(struct callers *callers, uint32_t key, uint64_t cost, uint64_t now_ns)
{
    struct caller *caller = callers_find(callers, key, now_ns);

    caller->used_ns = now_ns;
    rate_fill(&caller->rate, now_ns);
    return rate_take(&caller->rate, cost);
}

bool callers_take_token(struct callers *callers, uint32_t key, uint64_t now_ns)
{
    struct caller *caller = callers_find(callers, key, now_ns);

    caller->used_ns = now_ns;
    return rate_allow(&caller->tokens, now_ns);
}

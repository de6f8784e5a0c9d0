/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps an allowance for each caller that has asked lately; that of the one that was away longest gives way.
 */
#include "broker/desk/callers.h"

#include <string.h>

uint32_t callers_key(const uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    uint32_t words[4];

    memcpy(words, address, sizeof(words));
    return memcmp(address, mapped, sizeof(mapped)) == 0 ? words[3] : words[0] ^ words[1] * 31u;
}

static struct caller *callers_look(struct callers *callers, uint64_t key)
{
    for (size_t i = 0; i < callers->n; i++) {
        if (callers->list[i].key == key)
            return &callers->list[i];
    }
    return NULL;
}

static struct caller *callers_find(struct callers *callers, uint64_t key, uint64_t now_ns)
{
    struct caller *caller = callers_look(callers, key), *oldest = &callers->list[0];

    if (caller)
        return caller;
    for (size_t i = 0; i < callers->n; i++) {
        if (callers->list[i].used_ns < oldest->used_ns)
            oldest = &callers->list[i];
    }
    if (callers->n < CALLERS_MAX)
        oldest = &callers->list[callers->n++];
    *oldest = (struct caller){.key = key};
    rate_init(&oldest->rate, CALLERS_RATE, now_ns);
    rate_init(&oldest->least, CALLERS_LEAST, now_ns);
    rate_init(&oldest->tokens, CALLERS_TOKENS, now_ns);
    rate_init(&oldest->unknown, CALLERS_UNKNOWN, now_ns);
    return oldest;
}

bool callers_take(struct callers *callers, uint64_t key, uint64_t cost, uint64_t now_ns)
{
    struct caller *caller = callers_find(callers, key, now_ns);

    caller->used_ns = now_ns;
    rate_fill(&caller->rate, now_ns);
    return rate_take(&caller->rate, cost);
}

bool callers_take_least(struct callers *callers, uint64_t key, uint64_t cost, uint64_t now_ns)
{
    struct caller *caller = callers_find(callers, key, now_ns);

    rate_fill(&caller->least, now_ns);
    return rate_take(&caller->least, cost);
}

bool callers_take_token(struct callers *callers, uint64_t key, uint64_t now_ns)
{
    struct caller *caller = callers_find(callers, key, now_ns);

    caller->used_ns = now_ns;
    return rate_allow(&caller->tokens, now_ns);
}

bool callers_take_unknown(struct callers *callers, uint64_t key, uint64_t cost, uint64_t now_ns)
{
    struct caller *caller = callers_find(callers, key, now_ns);

    caller->used_ns = now_ns;
    rate_fill(&caller->unknown, now_ns);
    return rate_take(&caller->unknown, cost);
}

bool callers_knows(struct callers *callers, uint64_t key)
{
    return callers_look(callers, key);
}

void callers_accept(struct callers *callers, uint64_t key, uint64_t now_ns)
{
    callers_find(callers, key, now_ns)->used_ns = now_ns;
}

void callers_forget(struct callers *callers, uint64_t key)
{
    struct caller *caller = callers_look(callers, key);

    if (caller)
        *caller = callers->list[--callers->n];
}

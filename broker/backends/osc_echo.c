/* SPDX-License-Identifier: BSD-2-Clause */
/* A short list of marks for each address. */
#include "broker/backends/osc_echo.h"

#include <string.h>

uint32_t osc_echo_mark(uint32_t mark, double value)
{
    unsigned char bytes[sizeof(value)];

    value += 0.0; /* -0.0 becomes 0.0 */
    memcpy(bytes, &value, sizeof(value));
    for (unsigned n = 0; n < sizeof(bytes); n++)
        mark = (mark ^ bytes[n]) * 16777619u; /* FNV-1a */
    return mark;
}

/* Drops the oldest messages. */
static void echo_drop(struct osc_echo *echo, uint32_t n)
{
    echo->n = (uint8_t)(echo->n - n);
    memmove(echo->marks, echo->marks + n, echo->n * sizeof(echo->marks[0]));
    memmove(echo->chain, echo->chain + n, echo->n * sizeof(echo->chain[0]));
}

static void echo_forget(struct osc_echo *echo)
{
    echo->n = echo->lost_chain = 0;
    echo->n_lost = 0;
}

/* Makes room for one more message. */
static void echo_lose(struct osc_echo *echo)
{
    echo->n_lost++;
    if (echo->chain[0] > echo->lost_chain)
        echo->lost_chain = echo->chain[0];
    echo_drop(echo, 1);
}

void osc_echo_sent(struct osc_echo *echo, uint64_t peer, uint32_t mark, uint32_t chain, uint64_t now_ns)
{
    if (echo->peer != peer || now_ns - echo->sent_ns > OSC_ECHO_NS)
        echo_forget(echo);
    if (echo->n == OSC_ECHO_MESSAGES)
        echo_lose(echo);
    echo->marks[echo->n] = mark;
    echo->chain[echo->n] = (uint8_t)(chain < OSC_ECHO_MAX_CHAIN ? chain : OSC_ECHO_MAX_CHAIN);
    echo->n++;
    echo->peer = peer;
    echo->sent_ns = now_ns;
}

uint32_t osc_echo_received(struct osc_echo *echo, uint64_t peer, uint32_t mark, uint64_t now_ns)
{
    if (echo->peer != peer || now_ns - echo->sent_ns > OSC_ECHO_NS)
        echo_forget(echo);
    for (uint32_t i = 0; i < echo->n; i++) {
        uint32_t chain = echo->chain[i] + 1u;

        if (echo->marks[i] != mark)
            continue;
        echo_drop(echo, i + 1); /* packets that were sent before are lost, or answered by this one */
        return chain;
    }
    if (echo->n_lost == 0)
        return 0;
    echo->n_lost--;
    return echo->lost_chain + 1u;
}

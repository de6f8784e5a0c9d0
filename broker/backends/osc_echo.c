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

static void echo_drop(struct osc_echo *echo, uint32_t n)
{
    echo->n -= n;
    memmove(echo->marks, echo->marks + n, echo->n * sizeof(echo->marks[0]));
    memmove(echo->chain, echo->chain + n, echo->n * sizeof(echo->chain[0]));
}

void osc_echo_sent(struct osc_echo *echo, uint64_t peer, uint32_t mark, uint32_t chain, uint64_t now_ns)
{
    if (echo->peer != peer)
        echo->n = 0;
    if (echo->n == OSC_ECHO_MESSAGES)
        echo_drop(echo, 1);
    echo->marks[echo->n] = mark;
    echo->chain[echo->n] = (uint8_t)(chain < OSC_ECHO_MAX_CHAIN ? chain : OSC_ECHO_MAX_CHAIN);
    echo->n++;
    echo->peer = peer;
    echo->sent_ns = now_ns;
}

uint32_t osc_echo_received(struct osc_echo *echo, uint64_t peer, uint32_t mark, uint64_t now_ns)
{
    if (echo->peer != peer || now_ns - echo->sent_ns > OSC_ECHO_NS)
        echo->n = 0;
    for (uint32_t i = 0; i < echo->n; i++) {
        uint32_t chain = echo->chain[i] + 1u;

        if (echo->marks[i] != mark)
            continue;
        echo_drop(echo, i + 1); /* packets that were sent before are lost, or answered by this one */
        return chain;
    }
    return 0;
}

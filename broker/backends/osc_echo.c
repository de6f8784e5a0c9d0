/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring of messages, with a hash by address and mark. */
#include "broker/backends/osc_echo.h"

#include <stddef.h>
#include <string.h>

#define ECHO_PRIME 16777619u /* FNV-1a */

uint32_t osc_echo_mark(uint32_t mark, double value)
{
    unsigned char bytes[sizeof(value)];

    value += 0.0; /* -0.0 becomes 0.0 */
    memcpy(bytes, &value, sizeof(value));
    for (unsigned n = 0; n < sizeof(bytes); n++)
        mark = (mark ^ bytes[n]) * ECHO_PRIME;
    return mark;
}

static struct osc_echo_bucket *echo_bucket(struct osc_echo *echo, const struct osc_echo_address *address,
                                           uint32_t mark)
{
    uint32_t hash = (mark ^ (uint32_t)((uintptr_t)address / sizeof(*address))) * ECHO_PRIME;

    return &echo->buckets[(hash ^ hash >> 16) % OSC_ECHO_MESSAGES];
}

/* Takes a message out of its bucket. */
static void echo_unlink(struct osc_echo *echo, struct osc_echo_message *message)
{
    struct osc_echo_bucket *bucket = echo_bucket(echo, message->to, message->mark);
    struct osc_echo_message *before = NULL, *other;

    for (uint16_t next = bucket->first; (other = &echo->messages[next - 1]) != message; next = other->next)
        before = other;
    if (before)
        before->next = message->next;
    else
        bucket->first = message->next;
    if (!message->next)
        bucket->last = before ? (uint16_t)(before - echo->messages + 1) : 0;
    message->to->n_unanswered--;
    message->to = NULL;
}

static void echo_drop_oldest(struct osc_echo *echo)
{
    struct osc_echo_message *message = &echo->messages[echo->oldest++ % OSC_ECHO_MESSAGES];

    if (message->to)
        echo_unlink(echo, message);
}

/* Forgets what is too old, and all of another peer. */
static void echo_forget(struct osc_echo *echo, uint64_t peer, uint64_t now_ns)
{
    while (echo->oldest != echo->end) {
        const struct osc_echo_message *message = &echo->messages[echo->oldest % OSC_ECHO_MESSAGES];

        if (echo->peer == peer && message->to && now_ns - message->sent_ns <= OSC_ECHO_FORGET_NS)
            break;
        echo_drop_oldest(echo);
    }
    echo->peer = peer;
}

/* Returns a chain that fits and goes on in the same way. */
static uint16_t echo_limit_chain(uint32_t chain)
{
    uint32_t n_late = chain / OSC_ECHO_LATE, n_answers = chain % OSC_ECHO_LATE;

    if (n_late > OSC_ECHO_MAX_LATE_OF_FEW)
        n_late = OSC_ECHO_MAX_LATE_OF_FEW;
    if (n_answers > OSC_ECHO_MAX_CHAIN)
        n_answers = OSC_ECHO_MAX_CHAIN;
    return (uint16_t)(n_late * OSC_ECHO_LATE + n_answers);
}

void osc_echo_sent(struct osc_echo *echo, struct osc_echo_address *to, uint64_t peer, uint32_t mark,
                   uint32_t chain, uint64_t now_ns)
{
    struct osc_echo_bucket *bucket = echo_bucket(echo, to, mark);
    uint32_t slot;

    echo_forget(echo, peer, now_ns);
    if (echo->end - echo->oldest == OSC_ECHO_MESSAGES)
        echo_drop_oldest(echo);
    slot = echo->end++ % OSC_ECHO_MESSAGES;
    echo->messages[slot] = (struct osc_echo_message){.to = to,
                                                     .sent_ns = now_ns,
                                                     .mark = mark,
                                                     .chain = echo_limit_chain(chain)};
    to->n_unanswered++;
    if (bucket->last)
        echo->messages[bucket->last - 1].next = (uint16_t)(slot + 1);
    else
        bucket->first = (uint16_t)(slot + 1);
    bucket->last = (uint16_t)(slot + 1);
}

/* Returns the chain of an answer to a message that has not been taken out. */
static uint32_t echo_answer(const struct osc_echo_message *message, uint64_t now_ns)
{
    uint32_t n_late = message->chain / OSC_ECHO_LATE;
    bool are_few = message->to->n_unanswered <= OSC_ECHO_FEW;

    if (now_ns - message->sent_ns <= OSC_ECHO_LATE_NS ||
        n_late >= (are_few ? OSC_ECHO_MAX_LATE_OF_FEW : OSC_ECHO_MAX_LATE))
        return message->chain + 1u;
    return (n_late + 1) * OSC_ECHO_LATE;
}

uint32_t osc_echo_received(struct osc_echo *echo, const struct osc_echo_address *from, uint64_t peer,
                           uint32_t mark, uint64_t now_ns)
{
    struct osc_echo_message *message;

    echo_forget(echo, peer, now_ns);
    for (uint16_t next = echo_bucket(echo, from, mark)->first; next; next = message->next) {
        uint32_t chain;

        message = &echo->messages[next - 1];
        if (message->to != from || message->mark != mark)
            continue;
        chain = echo_answer(message, now_ns);
        echo_unlink(echo, message); /* those before it may still be answered: networks change the order */
        return chain;
    }
    return 0;
}

bool osc_echo_is_news(uint32_t chain, bool is_known)
{
    uint32_t n_answers = chain % OSC_ECHO_LATE; /* after the last late one */

    return n_answers == 0 || (!is_known && n_answers < OSC_ECHO_MAX_CHAIN);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a script puts out when it handles a peer's answer is a consequence of that answer (fc_emit_answer()),
 * and nothing else is. So events that answers led to are handled in batches of their own, and what comes from
 * the script meanwhile is marked like them. Only the run of such events that came last is known, since there
 * are seldom two. Only for this folder.
 */
#ifndef BROKER_PYTHON_ANSWERS_H
#define BROKER_PYTHON_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Events are numbered from the first one that was in the queue. A zeroed structure knows of no answers. */
struct python_answers {
    uint64_t n_taken; /* events that have left the queue */
    uint64_t first;   /* the run of events that answers led to; none if both are equal */
    uint64_t end;
    uint32_t chain; /* the most answers in a row that led to one of them */
    uint32_t now;   /* the same of the batch that the script is in; 0: no answer led to it */
};

/* Notes `n` events that were pushed where `n_before` waited; `n_waiting` do now, and `chain` answers led to
 * all of them. */
void python_answers_push(struct python_answers *answers, size_t n_before, size_t n_waiting, size_t n,
                         uint32_t chain);

/* Returns how many of the first `n` events that wait may be in one batch. */
size_t python_answers_limit(const struct python_answers *answers, size_t n);

/* Notes that the script is handling the first `n` events, or that it has come to an end with them. */
void python_answers_begin(struct python_answers *answers, size_t n);
void python_answers_done(struct python_answers *answers);

/* Notes that `n` events are in front of the queue again, or that nothing is in it any more. */
void python_answers_put_back(struct python_answers *answers, size_t n);
void python_answers_clear(struct python_answers *answers);

/* Whether events that answers led to are waiting. */
static inline bool python_answers_wait(const struct python_answers *answers)
{
    return answers->first < answers->end && answers->n_taken < answers->end;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Which events in the queue are consequences of answers. */
#include "broker/python/answers.h"

void python_answers_clear(struct python_answers *answers)
{
    answers->first = answers->end = 0;
}

void python_answers_push(struct python_answers *answers, size_t n_before, size_t n_waiting, size_t n,
                         uint32_t chain)
{
    uint64_t tail = answers->n_taken + n_waiting;

    if (n_waiting != n_before + n) { /* the queue is full, and has changed in other places */
        python_answers_clear(answers);
        return;
    }
    if (chain == 0)
        return;
    if (!python_answers_wait(answers) || answers->end != tail - n) {
        answers->first = tail - n;
        answers->chain = 0;
    }
    answers->end = tail;
    if (chain > answers->chain)
        answers->chain = chain;
}

size_t python_answers_limit(const struct python_answers *answers, size_t n)
{
    uint64_t next = answers->n_taken;
    uint64_t end = next < answers->first ? answers->first : answers->end;

    if (!python_answers_wait(answers) || end - next > n)
        return n;
    return (size_t)(end - next);
}

void python_answers_begin(struct python_answers *answers, size_t n)
{
    uint64_t next = answers->n_taken;

    answers->now = python_answers_wait(answers) && answers->first <= next && next + n <= answers->end
                       ? answers->chain
                       : 0;
    answers->n_taken += n;
}

void python_answers_done(struct python_answers *answers)
{
    answers->now = 0;
}

void python_answers_put_back(struct python_answers *answers, size_t n)
{
    answers->n_taken -= n < answers->n_taken ? n : answers->n_taken;
    answers->now = 0;
}

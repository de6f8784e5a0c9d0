/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arbitrary bytes as the memory that a worker shares with the broker. At rest it is read as it is, or refused
 * as a whole; then a second thread changes it all the while, as a hostile worker would. Whatever it says,
 * nothing outside of the arrays is read or written, and no more comes of it than there can be.
 */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

#include "proto/progress.h"
#include "tests/fuzz/fuzz.h"

#define ROUNDS 4    /* of reading what changes, for each input */
#define FENCE  0xa5 /* behind what the broker copies to */

/* What an input says: the counters, and what the broker knows. */
struct said {
    bool changes; /* while it is read */
    struct progress_state counters;
    uint64_t first;
    uint64_t before;
    size_t n_events;
};

static struct progress_reader reader;
static struct progress *worker;

static struct {
    uint32_t channels[PROGRESS_OUTPUTS];
    uint8_t fence[64];
    double values[PROGRESS_OUTPUTS];
    uint8_t second_fence[64];
} copied;

static atomic_bool is_over;

static void make_memory(void)
{
    int fd;

    require(progress_new(&reader, &fd) == 0 && progress_map(&worker, fd) == 0);
    close(fd);
}

static void write_counters(const struct progress_state *counters)
{
    worker->calls = counters->calls;
    worker->begun = counters->begun;
    worker->done = counters->done;
    worker->base = counters->base;
    worker->outputs = counters->outputs;
}

/* Small numbers around any other, so that they often make sense. */
static struct said take_said(struct input *input)
{
    uint8_t kind = (uint8_t)take_number(input, 1);
    uint64_t origin = kind & 1 ? take_number(input, 8) : 0;
    size_t bytes = kind & 2 ? 8 : 2;
    struct said said = {.changes = (kind & 28) == 4}; /* one in eight: that takes longest */

    said.counters.calls = take_number(input, 2);
    said.counters.begun = origin + take_number(input, bytes);
    said.counters.done = origin + take_number(input, bytes);
    said.counters.base = origin + take_number(input, bytes);
    said.counters.outputs = said.counters.base + take_number(input, bytes);
    said.first = said.counters.base + take_number(input, bytes);
    said.before = origin + take_number(input, bytes);
    said.n_events = (size_t)take_number(input, 2);
    return said;
}

static void fill(struct input *input)
{
    size_t at = take_number(input, 2) % PROGRESS_OUTPUTS;

    for (; input->left && at < PROGRESS_OUTPUTS; at++) {
        uint64_t bits = take_number(input, 8);

        worker->channels[at] = (uint32_t)take_number(input, 4);
        memcpy(&worker->values[at], &bits, sizeof(bits));
    }
}

static size_t copy(const struct progress_state *state, uint64_t first)
{
    size_t n;

    memset(copied.fence, FENCE, sizeof(copied.fence));
    memset(copied.second_fence, FENCE, sizeof(copied.second_fence));
    n = progress_copy_outputs(&reader, state, first, copied.channels, copied.values);
    for (size_t i = 0; i < sizeof(copied.fence); i++)
        require(copied.fence[i] == FENCE && copied.second_fence[i] == FENCE);
    require(n <= PROGRESS_OUTPUTS);
    require(!n || (first >= state->base && state->outputs > first && state->outputs - first == n));
    return n;
}

static void check_at_rest(const struct said *said)
{
    const struct progress_state *counters = &said->counters;
    struct progress_state state = progress_read(&reader);
    bool can_be = said->first >= counters->base && counters->outputs >= said->first &&
                  counters->outputs - counters->base <= PROGRESS_OUTPUTS;
    size_t n = copy(&state, said->first), at = (size_t)(said->first - counters->base);
    uint64_t over = counters->begun > said->before ? counters->begun - said->before : 0;

    require(memcmp(&state, counters, sizeof(state)) == 0);
    require(n == (can_be ? counters->outputs - said->first : 0));
    if (n) {
        require(memcmp(copied.channels, worker->channels + at, n * sizeof(uint32_t)) == 0);
        require(memcmp(copied.values, worker->values + at, n * sizeof(double)) == 0);
    }
    require(progress_events_over(&state, said->before, said->n_events) ==
            (over < said->n_events ? over : said->n_events));
}

/* The counters of the input, and the same the other way round. */
static void *change(void *userdata)
{
    const struct said *said = userdata;
    const struct progress_state turned = {.begun = said->before,
                                          .done = said->counters.begun,
                                          .base = said->counters.outputs,
                                          .outputs = said->counters.base};

    for (uint32_t n = 0; !is_over; n++) {
        write_counters(n & 1 ? &turned : &said->counters);
        worker->channels[n % PROGRESS_OUTPUTS] = n;
        worker->values[n % PROGRESS_OUTPUTS] = (double)NAN;
    }
    return NULL;
}

static void check_while_it_changes(struct said *said)
{
    pthread_t thread;

    is_over = false;
    require(pthread_create(&thread, NULL, change, said) == 0);
    for (int i = 0; i < ROUNDS; i++) {
        struct progress_state state = progress_read(&reader);

        copy(&state, said->first);
        copy(&state, state.base);
        require(progress_events_over(&state, said->before, said->n_events) <= said->n_events);
    }
    is_over = true;
    pthread_join(thread, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {data, bytes};
    struct said said;

    if (!worker)
        make_memory();
    said = take_said(&input);
    fill(&input);
    write_counters(&said.counters);
    check_at_rest(&said);
    if (said.changes)
        check_while_it_changes(&said);
    return 0;
}

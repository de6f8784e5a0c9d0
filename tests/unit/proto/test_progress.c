/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that broker and worker share: what the one writes, the other reads, and no lie gets the reader out
 * of bounds. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "proto/progress.h"
#include "tests/unit/check.h"

struct shared {
    struct progress_reader reader;
    int fd;
    struct progress *worker;
    uint32_t channels[PROGRESS_OUTPUTS];
    double values[PROGRESS_OUTPUTS];
};

static int setup(void **state)
{
    struct shared *shared = calloc(1, sizeof(*shared));

    assert_non_null(shared);
    assert_int_equal(progress_new(&shared->reader, &shared->fd), 0);
    assert_int_equal(progress_map(&shared->worker, shared->fd), 0);
    *state = shared;
    return 0;
}

static int teardown(void **state)
{
    struct shared *shared = *state;

    munmap(shared->worker, sizeof(*shared->worker));
    progress_deinit(&shared->reader);
    close(shared->fd);
    free(shared);
    return 0;
}

/* As a worker's session does it. */
static void put_out(struct progress *worker, uint32_t channel, double value)
{
    uint64_t at = worker->outputs - worker->base;

    worker->channels[at] = channel;
    worker->values[at] = value;
    progress_count(&worker->outputs);
}

static size_t copy_from(struct shared *shared, uint64_t first)
{
    struct progress_state state = progress_read(&shared->reader);

    return progress_copy_outputs(&shared->reader, &state, first, shared->channels, shared->values);
}

static void test_it_begins_with_nothing(void **state)
{
    struct shared *shared = *state;
    struct progress_state read = progress_read(&shared->reader);

    assert_int_equal(read.calls + read.begun + read.done + read.base + read.outputs, 0);
    assert_int_equal(copy_from(shared, 0), 0);
}

static void test_outputs_since_the_last_report(void **state)
{
    struct shared *shared = *state;

    for (uint32_t i = 0; i < 5; i++)
        put_out(shared->worker, i, i / 10.0);
    assert_int_equal(copy_from(shared, 3), 2);
    assert_int_equal(shared->channels[0], 3);
    assert_double(shared->values[1], 0.4);
    assert_int_equal(copy_from(shared, 5), 0);
}

/* After a report the arrays are used from their beginning. */
static void test_after_a_restart_only_the_new_ones_are_there(void **state)
{
    struct shared *shared = *state;

    for (uint32_t i = 0; i < 3; i++)
        put_out(shared->worker, i, 0);
    progress_restart(shared->worker, 3);
    put_out(shared->worker, 7, 0.25);
    assert_int_equal(copy_from(shared, 3), 1);
    assert_int_equal(shared->channels[0], 7);
    assert_double(shared->values[0], 0.25);
}

static void test_as_many_as_fit(void **state)
{
    struct shared *shared = *state;

    for (uint32_t i = 0; i < PROGRESS_OUTPUTS; i++)
        put_out(shared->worker, i, 1);
    assert_int_equal(copy_from(shared, 0), PROGRESS_OUTPUTS);
    assert_int_equal(shared->channels[PROGRESS_OUTPUTS - 1], PROGRESS_OUTPUTS - 1);
}

/* Numbers as only a liar has them: nothing is copied, and nothing outside is read (the sanitizers look, too).
 */
static void test_counters_that_cannot_be(void **state)
{
    static const struct {
        uint64_t base;
        uint64_t outputs;
        uint64_t first;
    } lies[] = {
        {0, PROGRESS_OUTPUTS + 1, 0},        /* more than fit */
        {0, UINT64_MAX, 0},                  /* far more */
        {10, 5, 0},                          /* it ends before it begins */
        {10, 5, 7},                          /* … */
        {10, 20, 5},                         /* reported, but not as the broker knows it */
        {10, 20, 21},                        /* the broker has more than there were */
        {UINT64_MAX, 0, UINT64_MAX},         /* wraps */
        {UINT64_MAX - 1, 5, UINT64_MAX - 1}, /* … */
    };
    struct shared *shared = *state;

    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        shared->worker->base = lies[i].base;
        shared->worker->outputs = lies[i].outputs;
        assert_int_equal(copy_from(shared, lies[i].first), 0);
    }
    shared->worker->base = 10;
    shared->worker->outputs = 20;
    assert_int_equal(copy_from(shared, 12), 8);
}

static void test_events_that_are_over(void **state)
{
    const struct progress_state read = {.begun = 10, .done = 9};

    assert_int_equal(progress_events_over(&read, 0, 4), 4);
    assert_int_equal(progress_events_over(&read, 8, 4), 2);
    assert_int_equal(progress_events_over(&read, 10, 4), 0);
    assert_int_equal(progress_events_over(&read, 12, 4), 0);
    assert_int_equal(progress_events_over(&(struct progress_state){.begun = UINT64_MAX}, 0, 4), 4);
}

/* Reading must never fault: the size is sealed, and the seals too. */
static void test_the_size_cannot_change(void **state)
{
    struct shared *shared = *state;

    assert_int_equal(ftruncate(shared->fd, 0), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(shared->fd, 1 << 20), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(fcntl(shared->fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    assert_int_equal(errno, EPERM);
}

static void test_the_broker_cannot_write(void **state)
{
    struct shared *shared = *state;
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (!child) {
        signal(SIGSEGV, SIG_DFL);
        ((struct progress *)shared->reader.shared)->calls = 1;
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_what_a_killed_worker_wrote_is_there(void **state)
{
    struct shared *shared = *state;
    pid_t child = fork();

    assert_true(child >= 0);
    if (!child) {
        progress_count(&shared->worker->begun);
        put_out(shared->worker, 3, 0.75);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(progress_read(&shared->reader).begun, 1);
    assert_int_equal(copy_from(shared, 0), 1);
    assert_double(shared->values[0], 0.75);
}

static void test_without_a_progress(void **state)
{
    struct progress_reader none = {0};
    struct progress_state read = progress_read(&none);

    assert_int_equal(read.outputs, 0);
    read.outputs = 5;
    assert_int_equal(progress_copy_outputs(&none, &read, 0, NULL, NULL), 0);
    progress_deinit(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_begins_with_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_outputs_since_the_last_report, setup, teardown),
        cmocka_unit_test_setup_teardown(test_after_a_restart_only_the_new_ones_are_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_as_many_as_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counters_that_cannot_be, setup, teardown),
        cmocka_unit_test(test_events_that_are_over),
        cmocka_unit_test_setup_teardown(test_the_size_cannot_change, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_broker_cannot_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_a_killed_worker_wrote_is_there, setup, teardown),
        cmocka_unit_test(test_without_a_progress),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

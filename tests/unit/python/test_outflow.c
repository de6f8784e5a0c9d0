/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How what a script puts out is held back (option rate): an instance without a worker, whose channels are
 * mapped to a backend that takes notes.
 */
#include "broker/python/outflow.h"

#include "broker/python/backend.h"
#include "broker/python/private.h"
#include "broker/show/user.h"
#include "tests/unit/check.h"
#include "tests/unit/stderr_pipe.h"

#define CHANNELS  8u
#define MAX_NOTES 4096

struct note {
    uint32_t channel;
    double value;
};

static struct note notes[MAX_NOTES];
static size_t n_notes;
static struct runtime runtime;
static struct show show;
static struct fc_instance *script, *sink;
static struct python *python;
static struct user user;
static struct stderr_pipe caught;

static void *sink_new(struct fc_instance *instance, const char *directory)
{
    return calloc(1, 1);
}

static void sink_stop(void *self)
{
}

static void sink_set(void *self, uint32_t channel, double value)
{
    assert_true(n_notes < MAX_NOTES);
    notes[n_notes++] = (struct note){channel, value};
}

static const struct fc_backend sink_backend = {
    .name = "sink", .instance_new = sink_new, .instance_free = free, .stop = sink_stop, .set = sink_set};

static struct fc_instance *make(const char *name, const struct fc_backend *backend)
{
    struct fc_instance *instance;
    char channel[16];

    assert_int_equal(instance_new(&instance, &show, name, backend, "/"), 0);
    for (uint32_t i = 0; i < CHANNELS; i++) {
        snprintf(channel, sizeof(channel), "c%u", i);
        assert_int_equal(instance_add_channel(instance, channel), i);
    }
    return instance;
}

static int setup(void **state)
{
    runtime = (struct runtime)RUNTIME_NONE;
    assert_int_equal(loop_new(&runtime.loop), 0);
    show = (struct show){.runtime = &runtime};
    n_notes = 0;
    script = make("py", &backend_python);
    sink = make("sink", &sink_backend);
    python = script->self;
    for (uint32_t i = 0; i < CHANNELS; i++)
        assert_int_equal(router_add(&show.router, (struct route_target){.instance = script, .channel = i},
                                    (struct route_target){.instance = sink, .channel = i}),
                         0);
    assert_int_equal(router_seal(&show.router), 0);
    stderr_pipe_begin(&caught);
    return 0;
}

static int teardown(void **state)
{
    stderr_pipe_end(&caught);
    script->owner = NULL;
    router_deinit(&show.router);
    instance_free(script);
    instance_free(sink);
    loop_free(runtime.loop);
    return 0;
}

static void route_all(void)
{
    while (router_run(&show.router))
        ;
}

static void stop(void *userdata)
{
    loop_stop(runtime.loop);
}

static void turn(void)
{
    struct loop_task task = {.fn = stop};

    loop_defer(runtime.loop, &task);
    assert_int_equal(loop_run(runtime.loop), 0);
    route_all();
}

/* Event i is for channel i % CHANNELS and has the value i / n. */
static void put_out(size_t n)
{
    uint32_t channels[1024];
    double values[1024];

    assert_true(n <= 1024);
    for (size_t i = 0; i < n; i++) {
        channels[i] = (uint32_t)(i % CHANNELS);
        values[i] = (double)i / (double)n;
    }
    python_outflow_emit(python, channels, values, n);
}

/* Lets as much time pass for the rate as it takes, until nothing waits. */
static void let_time_pass(void)
{
    for (int i = 0; python->outflow.is_used_up; i++) {
        assert_true(i < 1000);
        loop_cancel_timer(runtime.loop, &python->outflow.timer);
        python->outflow.rate.filled_ns = 0;
        python->outflow.timer.fn(python->outflow.timer.userdata);
        route_all();
    }
}

static void test_within_the_rate_everything_goes_on_in_order(void **state)
{
    python->outflow.per_second = 10000; /* a thousand at once */
    put_out(1000);
    route_all();
    assert_int_equal(n_notes, 1000);
    for (size_t i = 0; i < n_notes; i++) {
        assert_int_equal(notes[i].channel, i % CHANNELS);
        assert_true(i == 0 || notes[i].value > notes[i - 1].value);
    }
    assert_false(python->outflow.is_used_up);
    assert_int_equal(python->counters.out, 1000);
}

static void test_above_it_the_newest_of_each_channel_waits(void **state)
{
    size_t at_once, held;

    python->outflow.per_second = 50; /* 5 at once */
    put_out(1000);
    route_all();
    at_once = n_notes;
    held = queue_length(&python->outflow.held);
    assert_true(python->outflow.is_used_up);
    assert_true(at_once >= 5 && at_once < 1000);
    assert_true(held >= CHANNELS && held <= 2 * CHANNELS);
    assert_int_equal(at_once + held + python->outflow.held.replaced, 1000); /* nothing is lost silently */
    let_time_pass();
    assert_int_equal(n_notes, at_once + held);
    assert_int_equal(python->counters.out, n_notes);
    for (size_t i = n_notes - CHANNELS; i < n_notes; i++)
        assert_true(notes[i].value >= (1000.0 - CHANNELS) / 1000); /* the last of each channel */
    assert_int_equal(queue_length(&python->outflow.held), 0);
}

static void test_what_comes_while_something_waits_waits_behind_it(void **state)
{
    python->outflow.per_second = 50;
    put_out(100);
    python_outflow_emit(python, &(uint32_t){3}, &(double){1.0}, 1);
    let_time_pass();
    for (size_t i = n_notes; i-- > 0;) {
        if (notes[i].channel == 3) {
            assert_true(notes[i].value == 1.0);
            break;
        }
        assert_true(i > 0);
    }
}

static void test_it_says_so(void **state)
{
    python->outflow.per_second = 50;
    put_out(100);
    assert_string_equal(stderr_pipe_take(&caught), "");
    let_time_pass();
    assert_non_null(strstr(stderr_pipe_take(&caught), "more than 50 events a second (option rate)"));
}

static void test_slices_of_a_users_script(void **state)
{
    size_t before = 0;

    script->owner = &user;
    python->outflow.per_second = 10000;
    put_out(100);
    for (int turns = 0; n_notes < 100; turns++) {
        assert_true(turns < 100);
        turn();
        assert_true(n_notes - before <= 2 * 16); /* the first slice goes at once */
        before = n_notes;
    }
    turn();
    assert_int_equal(n_notes, 100);
    for (size_t i = 1; i < n_notes; i++)
        assert_true(notes[i].value > notes[i - 1].value);
    assert_int_equal(python->outflow.sliced.n, 0);
}

static void test_later_events_do_not_overtake_slices(void **state)
{
    script->owner = &user;
    python->outflow.per_second = 10000;
    put_out(100);
    python_outflow_emit(python, &(uint32_t){0}, &(double){1.0}, 1);
    turn();
    assert_int_equal(n_notes, 101);
    assert_true(notes[100].value == 1.0);
}

static void test_at_its_end_everything_goes_out(void **state)
{
    size_t held;

    python->outflow.per_second = 50;
    put_out(100);
    route_all();
    held = n_notes + queue_length(&python->outflow.held);
    python_outflow_finish(python);
    route_all();
    assert_int_equal(n_notes, held);
    assert_int_equal(queue_length(&python->outflow.held), 0);
}

static void test_stopping_forgets_what_waits(void **state)
{
    size_t before;

    python->outflow.per_second = 50;
    put_out(100);
    route_all();
    before = n_notes;
    python_outflow_stop(python);
    assert_false(python->outflow.is_used_up);
    assert_int_equal(queue_length(&python->outflow.held), 0);
    turn();
    assert_int_equal(n_notes, before);
}

static void test_a_full_router_is_congested(void **state)
{
    assert_false(python_is_congested(python));
    show.router.n_events = ROUTE_TURN_BUDGET + 1;
    assert_true(python_is_congested(python));
    show.router.n_events = 0;
}

#define outflow_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        outflow_test(test_within_the_rate_everything_goes_on_in_order),
        outflow_test(test_above_it_the_newest_of_each_channel_waits),
        outflow_test(test_what_comes_while_something_waits_waits_behind_it),
        outflow_test(test_it_says_so),
        outflow_test(test_slices_of_a_users_script),
        outflow_test(test_later_events_do_not_overtake_slices),
        outflow_test(test_at_its_end_everything_goes_out),
        outflow_test(test_stopping_forgets_what_waits),
        outflow_test(test_a_full_router_is_congested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

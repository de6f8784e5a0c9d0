/* SPDX-License-Identifier: BSD-2-Clause */
/* Routing between backends that only take notes, or that emit what is set on them. */
#include <math.h>
#include <string.h>

#include "broker/show/instance.h"
#include "broker/show/route.h"
#include "broker/show/show.h"
#include "tests/unit/check.h"
#include "tests/unit/stderr_pipe.h"

#define MAX_NOTES 400000

struct fake {
    struct fc_instance *instance;
    bool echoes; /* emits on the same channel */
    size_t n_flushed;
};

struct note {
    struct fake *fake;
    uint32_t channel;
    double value;
};

static struct note notes[MAX_NOTES];
static size_t n_notes;
static bool is_in_set;
static struct show show;
static struct stderr_pipe caught;

static void *fake_new(struct fc_instance *instance, const char *directory)
{
    struct fake *fake = calloc(1, sizeof(*fake));

    fake->instance = instance;
    return fake;
}

static void fake_stop(void *self)
{
}

static void fake_set(void *self, uint32_t channel, double value)
{
    struct fake *fake = self;

    assert_false(is_in_set); /* emitting within set() only queues */
    is_in_set = true;
    assert_true(n_notes < MAX_NOTES);
    notes[n_notes++] = (struct note){fake, channel, value};
    if (fake->echoes)
        fc_emit(fake->instance, channel, value);
    is_in_set = false;
}

static void fake_flush(void *self)
{
    assert_false(is_in_set);
    ((struct fake *)self)->n_flushed++;
}

static const struct fc_backend fake_backend = {
    .name = "fake",
    .instance_new = fake_new,
    .instance_free = free,
    .stop = fake_stop,
    .set = fake_set,
    .flush = fake_flush,
};

static struct fc_instance *make(const char *name, uint32_t n_channels)
{
    struct fc_instance *instance;
    char channel[16];

    assert_int_equal(instance_new(&instance, &show, name, &fake_backend, "/"), 0);
    for (uint32_t i = 0; i < n_channels; i++) {
        snprintf(channel, sizeof(channel), "c%u", i);
        assert_int_equal(instance_add_channel(instance, channel), i);
    }
    return instance;
}

static struct fc_instance *a, *b, *c;

static int setup(void **state)
{
    show = (struct show){0};
    n_notes = 0;
    a = make("a", 8);
    b = make("b", 8);
    c = make("c", 8);
    stderr_pipe_begin(&caught);
    return 0;
}

static int teardown(void **state)
{
    stderr_pipe_end(&caught);
    router_deinit(&show.router);
    instance_free(a);
    instance_free(b);
    instance_free(c);
    return 0;
}

static void map(struct fc_instance *from, uint32_t i, struct fc_instance *to, uint32_t j)
{
    assert_int_equal(router_add(&show.router, (struct route_target){.instance = from, .channel = i},
                                (struct route_target){.instance = to, .channel = j}),
                     0);
}

static void seal(void)
{
    assert_int_equal(router_seal(&show.router), 0);
}

static void emit(struct fc_instance *instance, uint32_t channel, double value)
{
    router_emit(&show.router, ROUTE_COMMAND, instance, &channel, &value, 1);
}

static void assert_note(size_t n, const struct fc_instance *instance, uint32_t channel, double value)
{
    assert_true(n < n_notes);
    assert_ptr_equal(notes[n].fake, instance->self);
    assert_int_equal(notes[n].channel, channel);
    assert_double(notes[n].value, value);
}

static void test_nothing_is_routed_before_run(void **state)
{
    map(a, 0, b, 1);
    seal();
    emit(a, 0, 0.5);
    assert_int_equal(n_notes, 0);
    assert_false(router_run(&show.router));
    assert_int_equal(n_notes, 1);
    assert_note(0, b, 1, 0.5);
    assert_false(router_run(&show.router));
    assert_int_equal(n_notes, 1);
    assert_int_equal(show.router.delivered, 1);
}

static void test_fan_out_in_the_order_of_the_mappings(void **state)
{
    map(a, 0, c, 5);
    map(b, 7, a, 0);
    map(a, 0, b, 3);
    map(a, 1, b, 0);
    map(a, 0, c, 1);
    map(a, 0, b, 2);
    seal();
    emit(a, 0, 1.0);
    emit(a, 1, 0.5);
    assert_false(router_run(&show.router));
    assert_int_equal(n_notes, 5);
    assert_note(0, c, 5, 1.0);
    assert_note(1, b, 3, 1.0);
    assert_note(2, c, 1, 1.0);
    assert_note(3, b, 2, 1.0);
    assert_note(4, b, 0, 0.5);
}

static void test_equal_mappings_count_once_at_the_first_ones_place(void **state)
{
    for (int i = 0; i < 3; i++) {
        map(a, 0, b, 1);
        map(a, 0, b, 0);
    }
    seal();
    assert_int_equal(show.router.n_targets, 2);
    emit(a, 0, 1.0);
    router_run(&show.router);
    assert_int_equal(n_notes, 2);
    assert_note(0, b, 1, 1.0);
    assert_note(1, b, 0, 1.0);
}

static void test_each_instance_is_flushed_once(void **state)
{
    map(a, 0, b, 0);
    map(a, 0, b, 1);
    map(a, 0, c, 0);
    seal();
    for (int i = 0; i < 10; i++)
        emit(a, 0, 1.0);
    router_run(&show.router);
    assert_int_equal(n_notes, 30);
    assert_int_equal(((struct fake *)a->self)->n_flushed, 0);
    assert_int_equal(((struct fake *)b->self)->n_flushed, 1);
    assert_int_equal(((struct fake *)c->self)->n_flushed, 1);
    router_run(&show.router);
    assert_int_equal(((struct fake *)b->self)->n_flushed, 1);
}

static void test_an_echo_comes_after_what_waits(void **state)
{
    ((struct fake *)b->self)->echoes = true;
    map(a, 0, b, 0);
    map(a, 1, c, 1);
    map(b, 0, c, 0);
    seal();
    emit(a, 0, 0.25);
    emit(a, 1, 0.75);
    assert_false(router_run(&show.router));
    assert_int_equal(n_notes, 3);
    assert_note(0, b, 0, 0.25);
    assert_note(1, c, 1, 0.75);
    assert_note(2, c, 0, 0.25);
}

/* route.h: an event that has made ROUTE_MAX_HOPS hops is dropped. */
static void test_a_cycle_ends_at_the_hop_limit(void **state)
{
    ((struct fake *)a->self)->echoes = true;
    map(a, 0, a, 0);
    seal();
    emit(a, 0, 1.0);
    assert_false(router_run(&show.router));
    assert_int_equal(n_notes, ROUTE_MAX_HOPS);
    assert_int_equal(show.router.lost_hops, 1);
}

static void test_a_cycle_ends_and_warns_once_a_second(void **state)
{
    const char *text;

    ((struct fake *)a->self)->echoes = true;
    map(a, 0, a, 0);
    seal();
    for (int i = 0; i < 1000; i++)
        emit(a, 0, 1.0);
    assert_false(router_run(&show.router));
    assert_int_equal(show.router.lost_hops, 1000);
    assert_true(n_notes >= 1000 * ROUTE_MAX_HOPS && n_notes <= 1000 * (ROUTE_MAX_HOPS + 1));
    text = stderr_pipe_take(&caught);
    assert_int_equal(count_of(text, "\n"), 1);
    assert_logged(text, "warning a mappings form a cycle; an event was dropped: channel c0");
    /* the next event from outside is a new one */
    n_notes = 0;
    emit(a, 0, 1.0);
    router_run(&show.router);
    assert_true(n_notes >= ROUTE_MAX_HOPS);
}

static void test_a_chain_below_the_limit_is_no_cycle(void **state)
{
    ((struct fake *)a->self)->echoes = true;
    for (uint32_t i = 0; i < 7; i++)
        map(a, i, a, i + 1);
    map(a, 7, b, 0);
    seal();
    emit(a, 0, 0.5);
    assert_false(router_run(&show.router));
    assert_int_equal(n_notes, 8);
    assert_note(7, b, 0, 0.5);
    assert_int_equal(show.router.lost_hops, 0);
}

static void test_values_are_clamped_and_nan_is_dropped(void **state)
{
    const double given[] = {-1.0,        0.0,   0.5, 1.0, 1.5, (double)INFINITY, -(double)INFINITY,
                            (double)NAN, 1e-310};
    const double expected[] = {0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 0.0, 1e-310};

    map(a, 0, b, 0);
    seal();
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
        emit(a, 0, given[i]);
    router_run(&show.router);
    assert_int_equal(n_notes, sizeof(expected) / sizeof(expected[0]));
    for (size_t i = 0; i < n_notes; i++)
        assert_note(i, b, 0, expected[i]);
}

static void test_channels_without_a_route(void **state)
{
    char name[16];

    map(a, 0, b, 0);
    seal();
    for (uint32_t i = 8; i < 100; i++) { /* the array moves; what was sealed stays right */
        snprintf(name, sizeof(name), "new %u", i);
        assert_int_equal(instance_add_channel(a, name), i);
    }
    for (uint32_t i = 1; i < 100; i++)
        emit(a, i, 1.0);
    emit(a, 100, 1.0);
    emit(a, UINT32_MAX, 1.0);
    assert_int_equal(show.router.n_events, 0);
    emit(a, 0, 1.0);
    router_run(&show.router);
    assert_int_equal(n_notes, 1);
}

static void test_nothing_mapped_at_all(void **state)
{
    seal();
    emit(a, 0, 1.0);
    assert_false(router_run(&show.router));
    assert_int_equal(n_notes, 0);
}

static void test_the_budget_leaves_a_rest(void **state)
{
    const size_t n = ROUTE_TURN_BUDGET + 1000;

    map(a, 0, b, 0);
    seal();
    for (size_t i = 0; i < n; i++)
        emit(a, 0, (double)i / (double)n);
    assert_true(router_run(&show.router));
    assert_int_equal(n_notes, ROUTE_TURN_BUDGET);
    assert_int_equal(((struct fake *)b->self)->n_flushed, 1);
    assert_false(router_run(&show.router));
    assert_int_equal(n_notes, n);
    assert_int_equal(((struct fake *)b->self)->n_flushed, 2);
    for (size_t i = 0; i < n; i++)
        assert_note(i, b, 0, (double)i / (double)n);
}

static void test_a_fan_out_is_never_cut(void **state)
{
    map(a, 0, b, 0);
    for (uint32_t i = 0; i < 4; i++)
        map(a, 1, b, i);
    seal();
    for (size_t i = 0; i < ROUTE_TURN_BUDGET - 1; i++)
        emit(a, 0, 0.5);
    emit(a, 1, 1.0);
    assert_false(router_run(&show.router));
    assert_int_equal(n_notes, ROUTE_TURN_BUDGET + 3);
}

/* The ring begins in the middle when it has to grow. */
static void test_a_ring_that_grows_while_wrapped(void **state)
{
    size_t capacity, n = 0;

    ((struct fake *)b->self)->echoes = true;
    map(a, 0, b, 0);
    map(a, 1, c, 1);
    map(b, 0, c, 0);
    seal();
    for (; n < 200; n++)
        emit(a, 0, 0.5);
    capacity = show.router.events_capacity;
    router_run(&show.router);
    assert_int_equal(show.router.events_capacity, capacity);
    n_notes = 0;
    assert_true(show.router.head != 0);
    for (n = 0; n < 3 * capacity; n++)
        emit(a, 1, (double)n / (double)(3 * capacity));
    assert_true(show.router.events_capacity > capacity);
    assert_false(router_run(&show.router));
    assert_int_equal(n_notes, n);
    for (size_t i = 0; i < n; i++)
        assert_note(i, c, 1, (double)i / (double)(3 * capacity));
}

static void test_pending_events_are_bounded(void **state)
{
    const char *text;

    map(a, 0, b, 0);
    seal();
    for (size_t i = 0; i < ROUTE_MAX_PENDING + 10; i++)
        emit(a, 0, 0.5);
    assert_int_equal(show.router.n_events, ROUTE_MAX_PENDING);
    assert_int_equal(show.router.lost_full, 10);
    text = stderr_pipe_take(&caught);
    assert_int_equal(count_of(text, "\n"), 1);
    assert_logged(text, "warning a too many events at once; one was dropped: channel c0");
    for (size_t i = 1; i < ROUTE_MAX_PENDING / ROUTE_TURN_BUDGET; i++) {
        assert_true(router_run(&show.router));
        n_notes = 0;
    }
    assert_false(router_run(&show.router));
    assert_int_equal(show.router.delivered, ROUTE_MAX_PENDING);
}

/* Each event on its own, by way of the ring; or all at once. */
static size_t run_with_echoes(bool at_once, struct note *made)
{
    const uint32_t channels[] = {0, 1, 2, 0, 1};
    const double values[] = {0.1, 2, -1, 0.4, 0.5};
    size_t n;

    n_notes = 0;
    for (size_t i = 0; !at_once && i < 5; i++)
        emit(a, channels[i], values[i]);
    if (at_once)
        router_emit(&show.router, ROUTE_SCRIPT, a, channels, values, 5);
    assert_int_equal(n_notes, at_once ? 6 : 0);
    assert_false(router_run(&show.router));
    n = n_notes;
    memcpy(made, notes, n * sizeof(*notes));
    return n;
}

static void test_many_at_once_come_as_if_each_had_waited(void **state)
{
    struct note waited[64], at_once[64];
    size_t n;

    ((struct fake *)b->self)->echoes = true;
    map(a, 0, b, 0);
    map(a, 0, c, 0);
    map(a, 1, c, 1);
    map(b, 0, c, 2);
    map(b, 0, b, 3);
    map(b, 3, b, 0); /* a cycle */
    seal();
    n = run_with_echoes(false, waited);
    assert_true(n > 20);
    assert_int_equal(show.router.lost_hops, 2);
    assert_int_equal(run_with_echoes(true, at_once), n);
    assert_int_equal(show.router.lost_hops, 4);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(waited[i].fake, at_once[i].fake);
        assert_int_equal(waited[i].channel, at_once[i].channel);
        assert_double(waited[i].value, at_once[i].value);
    }
}

static void test_many_at_once_wait_behind_what_waits(void **state)
{
    const uint32_t channels[] = {0, 0};
    const double values[] = {0.5, 0.75};

    map(a, 0, c, 0);
    seal();
    router_run(&show.router);
    emit(a, 0, 0.25);
    router_emit(&show.router, ROUTE_SCRIPT, a, channels, values, 2);
    assert_int_equal(n_notes, 0);
    router_run(&show.router);
    assert_int_equal(n_notes, 3);
    assert_note(0, c, 0, 0.25);
    assert_note(2, c, 0, 0.75);
}

static void test_many_at_once_have_a_budget(void **state)
{
    static uint32_t channels[ROUTE_TURN_BUDGET];
    static double values[ROUTE_TURN_BUDGET];

    map(a, 0, b, 0);
    map(a, 0, c, 0);
    seal();
    router_run(&show.router);
    for (size_t i = 0; i < ROUTE_TURN_BUDGET; i++)
        values[i] = (double)i / ROUTE_TURN_BUDGET;
    router_emit(&show.router, ROUTE_SCRIPT, a, channels, values, ROUTE_TURN_BUDGET);
    assert_int_equal(n_notes, ROUTE_TURN_BUDGET);
    assert_false(router_run(&show.router));
    assert_int_equal(n_notes, 2 * ROUTE_TURN_BUDGET);
    for (size_t i = 0; i < n_notes; i++)
        assert_note(i, i % 2 ? c : b, 0, values[i / 2]);
}

int main(void)
{
#define route_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        route_test(test_nothing_is_routed_before_run),
        route_test(test_fan_out_in_the_order_of_the_mappings),
        route_test(test_equal_mappings_count_once_at_the_first_ones_place),
        route_test(test_each_instance_is_flushed_once),
        route_test(test_an_echo_comes_after_what_waits),
        route_test(test_a_cycle_ends_at_the_hop_limit),
        route_test(test_a_cycle_ends_and_warns_once_a_second),
        route_test(test_a_chain_below_the_limit_is_no_cycle),
        route_test(test_values_are_clamped_and_nan_is_dropped),
        route_test(test_channels_without_a_route),
        route_test(test_nothing_mapped_at_all),
        route_test(test_the_budget_leaves_a_rest),
        route_test(test_a_fan_out_is_never_cut),
        route_test(test_a_ring_that_grows_while_wrapped),
        route_test(test_pending_events_are_bounded),
        route_test(test_many_at_once_come_as_if_each_had_waited),
        route_test(test_many_at_once_wait_behind_what_waits),
        route_test(test_many_at_once_have_a_budget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Routing: what goes where, in which order, and what is lost. */
#include <math.h>
#include <string.h>

#include "broker/show/access.h"
#include "tests/unit/route_rig.h"

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

/* What users may have is no device: it gets everything, and what it emits stops at the next device. */
static void test_frozen_outputs_reach_no_device(void **state)
{
    struct fc_backend inner = fake_backend;
    struct fc_instance *script;
    struct show next = {0};

    inner.is_for_users = true;
    assert_int_equal(instance_new(&script, &show, "script", &inner, "/"), 0);
    assert_int_equal(instance_add_channel(script, "c0"), 0);
    ((struct fake *)script->self)->echoes = true;
    map(a, 0, script, 0);
    map(a, 0, b, 0);
    map(script, 0, c, 0);
    seal();
    show_freeze(&show, true);
    assert_true(show_is_frozen(&show));
    emit(a, 0, 0.5);
    assert_false(router_run(&show.router));
    assert_int_equal(n_notes, 1);
    assert_note(0, script, 0, 0.5);
    router_emit(&show.router, ROUTE_SCRIPT, script, &(uint32_t){0}, &(double){0.75}, 1);
    router_run(&show.router);
    assert_int_equal(n_notes, 1);
    user_access_take_over(&next, &show);
    assert_true(show_is_frozen(&next));
    show_freeze(&show, false);
    emit(a, 0, 0.25);
    router_run(&show.router);
    assert_int_equal(n_notes, 4);
    assert_note(1, script, 0, 0.25);
    assert_note(2, b, 0, 0.25);
    assert_note(3, c, 0, 0.25);
    assert_logged(stderr_pipe_take(&caught), "info - outputs are frozen");
    instance_free(script);
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

int main(void)
{
#define route_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        route_test(test_nothing_is_routed_before_run),
        route_test(test_frozen_outputs_reach_no_device),
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
        route_test(test_a_ring_that_grows_while_wrapped),
        route_test(test_pending_events_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* How much the router does in a turn of the loop, and what a script puts out at once. */
#include <string.h>

#include "tests/unit/route_rig.h"

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

static void test_a_fan_out_goes_on_in_the_next_turn(void **state)
{
    map(a, 0, b, 0);
    for (uint32_t i = 0; i < 4; i++)
        map(a, 1, b, i);
    seal();
    for (size_t i = 0; i < ROUTE_TURN_BUDGET - 1; i++)
        emit(a, 0, 0.5);
    emit(a, 1, 1.0);
    emit(a, 0, 0.25);
    assert_true(router_run(&show.router));
    assert_int_equal(n_notes, ROUTE_TURN_BUDGET);
    assert_note(n_notes - 1, b, 0, 1.0);
    assert_false(router_run(&show.router));
    assert_int_equal(n_notes, ROUTE_TURN_BUDGET + 4);
    for (uint32_t i = 1; i < 4; i++)
        assert_note(ROUTE_TURN_BUDGET + i - 1, b, i, 1.0);
    assert_note(n_notes - 1, b, 0, 0.25);
}

static void test_a_turn_has_little_time(void **state)
{
    const size_t n = 40000;

    map(a, 0, b, 0);
    seal();
    for (size_t i = 0; i < n; i++)
        emit(a, 0, (double)i / (double)n);
    show.router.turn_ns = 1;
    assert_true(router_run(&show.router));
    assert_in_range(n_notes, 1, n / 10);
    for (size_t turns = 0; router_run(&show.router); turns++)
        assert_true(turns < n);
    assert_int_equal(n_notes, n);
    for (size_t i = 0; i < n; i++)
        assert_note(i, b, 0, (double)i / (double)n);
}

static void test_an_event_is_completed_out_of_turn(void **state)
{
    map(a, 1, b, 0);
    map(a, 1, b, 1);
    map(a, 1, b, 2);
    map(a, 0, c, 0);
    seal();
    for (size_t i = 0; i < ROUTE_TURN_BUDGET - 1; i++)
        emit(a, 0, 0.5);
    emit(a, 1, 1.0);
    emit(a, 0, 0.25);
    router_complete(&show.router);
    assert_int_equal(n_notes, 0); /* nothing was begun */
    assert_true(router_run(&show.router));
    router_complete(&show.router);
    assert_int_equal(n_notes, ROUTE_TURN_BUDGET + 2);
    assert_note(n_notes - 1, b, 2, 1.0);
    assert_int_equal(show.router.n_events, 1);
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

static void test_many_at_once_have_little_time(void **state)
{
    static uint32_t channels[ROUTE_TURN_BUDGET];
    static double values[ROUTE_TURN_BUDGET];

    map(a, 0, b, 0);
    seal();
    router_run(&show.router);
    show.router.turn_ns = 1;
    for (size_t i = 0; i < ROUTE_TURN_BUDGET; i++)
        values[i] = (double)i / ROUTE_TURN_BUDGET;
    router_emit(&show.router, ROUTE_SCRIPT, a, channels, values, ROUTE_TURN_BUDGET);
    assert_in_range(n_notes, 1, ROUTE_TURN_BUDGET / 10);
    while (router_run(&show.router))
        ;
    assert_int_equal(n_notes, ROUTE_TURN_BUDGET);
    for (size_t i = 0; i < n_notes; i++)
        assert_note(i, b, 0, values[i]);
}

int main(void)
{
#define route_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        route_test(test_the_budget_leaves_a_rest),
        route_test(test_a_fan_out_goes_on_in_the_next_turn),
        route_test(test_a_turn_has_little_time),
        route_test(test_an_event_is_completed_out_of_turn),
        route_test(test_many_at_once_come_as_if_each_had_waited),
        route_test(test_many_at_once_wait_behind_what_waits),
        route_test(test_many_at_once_have_a_budget),
        route_test(test_many_at_once_have_little_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

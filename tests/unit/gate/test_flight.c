/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls under way outlive the gate that has them, in a memory that the next one maps. */
#include <sys/mman.h>
#include <unistd.h>

#include "broker/gate/flight.h"
#include "tests/unit/check.h"

static int memory;

static int setup(void **state)
{
    memory = memfd_create("flight", MFD_CLOEXEC);
    assert_true(memory >= 0 && ftruncate(memory, sizeof(struct flight)) == 0);
    return 0;
}

static int teardown(void **state)
{
    return close(memory);
}

static struct flight *next_gate(struct flight *before)
{
    struct flight *flight;

    if (before)
        munmap(before, sizeof(*before));
    assert_int_equal(flight_map(&flight, memory), 0);
    return flight;
}

static void begin(struct flight *flight, uint64_t worker, uint64_t id)
{
    flight->now = (struct flight_call){.worker = worker, .call = {.id = id}};
}

static struct flight_call *only(struct flight *flight, uint64_t worker)
{
    size_t from = 0;
    struct flight_call *found = flight_next(flight, worker, &from);

    assert_null(flight_next(flight, worker, &from));
    return found;
}

static void test_what_was_carried_out_is_left(void **state)
{
    struct flight *flight = next_gate(NULL);

    begin(flight, 7, 1000);
    for (uint32_t tries = 1; tries <= FLIGHT_MAX_TRIES; tries++) {
        struct flight_call *left;

        flight = next_gate(flight);
        left = only(flight, 7);
        assert_non_null(left);
        assert_int_equal(left->call.id, 1000);
        assert_int_equal(left->tries, tries);
        flight->now = *left; /* carried out again, and the gate dies again */
        left->worker = 0;
    }
    assert_null(only(flight, 7));
    munmap(flight, sizeof(*flight));
}

/* A call that the kernel has not handed out, and one that is done. */
static void test_what_was_none_is_not_left(void **state)
{
    struct flight *flight = next_gate(NULL);

    begin(flight, 7, 0);
    flight = next_gate(flight);
    assert_null(only(flight, 7));
    begin(flight, 0, 1000);
    flight = next_gate(flight);
    for (size_t i = 0; i < FLIGHT_CALLS; i++)
        assert_int_equal(flight->later[i].call.id, 0);
    munmap(flight, sizeof(*flight));
}

static void test_what_waits_is_left_as_it_is(void **state)
{
    struct flight *flight = next_gate(NULL);

    begin(flight, 7, 1000);
    assert_non_null(flight_put_off(flight));
    flight->now.worker = 0;
    flight = next_gate(next_gate(flight));
    assert_int_equal(only(flight, 7)->tries, 0);
    munmap(flight, sizeof(*flight));
}

static bool is_seven(void *userdata, uint64_t worker)
{
    return worker == 7;
}

static void test_entries_are_forgotten(void **state)
{
    struct flight *flight = next_gate(NULL);

    for (uint64_t worker = 6; worker < 9; worker++) {
        begin(flight, worker, worker);
        assert_non_null(flight_put_off(flight));
    }
    flight_forget(flight, 6);
    assert_null(only(flight, 6));
    flight_forget_unknown(flight, is_seven, NULL);
    assert_null(only(flight, 8));
    assert_int_equal(only(flight, 7)->call.id, 7);
    munmap(flight, sizeof(*flight));
}

static void test_it_has_an_end(void **state)
{
    struct flight *flight = next_gate(NULL);
    size_t from = 0, n = 0;

    begin(flight, 7, 1);
    for (size_t i = 0; i < FLIGHT_CALLS; i++)
        assert_non_null(flight_put_off(flight));
    assert_null(flight_put_off(flight));
    while (flight_next(flight, 7, &from))
        n++;
    assert_int_equal(n, FLIGHT_CALLS);
    munmap(flight, sizeof(*flight));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_carried_out_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_none_is_not_left, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_waits_is_left_as_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(test_entries_are_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(test_it_has_an_end, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

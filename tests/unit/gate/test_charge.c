/* SPDX-License-Identifier: BSD-2-Clause */
/* What a worker owes for making its gate wait: added up, forgiven with time, and only for what the gate
 * slept. */
#include <time.h>

#include "broker/gate/charge.h"
#include "tests/unit/check.h"

static void test_it_adds_up(void **state)
{
    struct gate_charge charge = {0};
    uint64_t now_ns = 100 * FC_NS_PER_S;

    assert_false(charge_add(&charge, now_ns, CHARGE_MAX_NS));
    assert_true(charge_add(&charge, now_ns, 1));
}

static void test_a_tenth_of_the_time_is_forgiven(void **state)
{
    struct gate_charge charge = {0};
    uint64_t now_ns = 100 * FC_NS_PER_S;

    assert_false(charge_add(&charge, now_ns, CHARGE_MAX_NS));
    now_ns += FC_NS_PER_S;
    assert_false(charge_add(&charge, now_ns, FC_NS_PER_S / CHARGE_FORGIVES));
    assert_true(charge_add(&charge, now_ns, 1));
    now_ns += 1000 * FC_NS_PER_S;
    assert_false(charge_add(&charge, now_ns, 1));
    assert_int_equal(charge.owed_ns, 1);
}

/* Waiting half of the time is too much; a twentieth of it is not. */
static void test_a_share_of_the_time(void **state)
{
    struct gate_charge often = {0}, seldom = {0};
    uint64_t now_ns = FC_NS_PER_S;
    bool is_over = false;

    for (int i = 0; i < 1000; i++, now_ns += 100 * FC_NS_PER_MS) {
        is_over = is_over || charge_add(&often, now_ns, 50 * FC_NS_PER_MS);
        assert_false(charge_add(&seldom, now_ns, 5 * FC_NS_PER_MS));
    }
    assert_true(is_over);
}

static void take(struct gate_charge *charge, bool sleeps)
{
    struct timespec pause = {.tv_nsec = (long)(3 * CHARGE_FREE_NS)};
    uint64_t until_ns = fc_now_ns() + 3 * CHARGE_FREE_NS;

    charge_begin(charge);
    if (sleeps)
        nanosleep(&pause, NULL);
    while (fc_now_ns() < until_ns)
        ;
    charge_end(charge);
}

/* The first slow call is free: only then is it worth asking the kernel. */
static void test_who_slept_pays(void **state)
{
    struct gate_charge sleeper = {0};

    take(&sleeper, true);
    assert_int_equal(sleeper.owed_ns, 0);
    take(&sleeper, true);
    assert_true(sleeper.owed_ns >= CHARGE_FREE_NS);
}

/* A process that is kept from the processor is charged to nobody, unless it gave it up itself in the
 * meantime. */
static void test_who_was_busy_does_not(void **state)
{
    struct gate_charge busy = {.suspected_ns = UINT64_MAX};

    take(&busy, false);
    assert_int_equal(busy.owed_ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_adds_up),
        cmocka_unit_test(test_a_tenth_of_the_time_is_forgiven),
        cmocka_unit_test(test_a_share_of_the_time),
        cmocka_unit_test(test_who_slept_pays),
        cmocka_unit_test(test_who_was_busy_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

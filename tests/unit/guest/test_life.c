/* SPDX-License-Identifier: BSD-2-Clause */
/* The states of a guest: which may follow which, without a process. */
#include "broker/guest/life.h"
#include "broker/guest/private.h"
#include "tests/unit/check.h"

static void test_an_end_is_final(void **state)
{
    for (int to = 0; to < GUEST_LIVES_; to++) {
        assert_false(guest_life_may_follow(GUEST_DIED, (enum guest_life)to));
        assert_false(guest_life_may_follow(GUEST_EXITED_CLEANLY, (enum guest_life)to));
    }
    for (int to = 0; to < ORDER_CLOSED; to++)
        assert_false(guest_state_may_follow(ORDER_CLOSED, (enum order_state)to));
}

static void test_every_state_has_a_way_out(void **state)
{
    for (int from = 0; from < GUEST_DIED; from++)
        assert_true(guest_life_may_follow((enum guest_life)from, GUEST_DIED));
    for (int from = 0; from < ORDER_STATES_; from++)
        assert_true(guest_state_may_follow((enum order_state)from, ORDER_CLOSED));
}

static void test_nothing_becomes_what_it_was_before_its_birth(void **state)
{
    for (int from = 0; from < GUEST_LIVES_; from++)
        assert_false(guest_life_may_follow((enum guest_life)from, GUEST_WANTED));
    for (int from = 0; from < ORDER_STATES_; from++)
        assert_false(guest_state_may_follow((enum order_state)from, ORDER_CONNECTING));
}

static void test_a_worker_that_hung_up_is_only_waited_for(void **state)
{
    assert_true(guest_life_may_follow(GUEST_WANTED, GUEST_HUNG_UP)); /* before the zygote told its pid */
    assert_true(guest_life_may_follow(GUEST_INTERRUPTED, GUEST_HUNG_UP));
    assert_false(guest_life_may_follow(GUEST_HUNG_UP, GUEST_ALIVE));
    assert_false(guest_life_may_follow(GUEST_HUNG_UP, GUEST_INTERRUPTED));
    assert_true(guest_life_may_follow(GUEST_HUNG_UP, GUEST_EXITED_CLEANLY));
}

static void test_an_interrupted_script_may_return(void **state)
{
    assert_true(guest_life_may_follow(GUEST_ALIVE, GUEST_INTERRUPTED));
    assert_true(guest_life_may_follow(GUEST_INTERRUPTED, GUEST_ALIVE));
    assert_false(guest_life_may_follow(GUEST_ABORTED, GUEST_ALIVE));
}

static void test_batches_only_after_the_import(void **state)
{
    assert_false(guest_state_may_follow(ORDER_LOCKING, ORDER_BUSY));
    assert_false(guest_state_may_follow(ORDER_IMPORTING, ORDER_BUSY));
    assert_true(guest_state_may_follow(ORDER_IMPORTING, ORDER_STOPPING)); /* the import has failed */
    assert_true(guest_state_may_follow(ORDER_IDLE, ORDER_BUSY));
    assert_true(guest_state_may_follow(ORDER_BUSY, ORDER_BUSY)); /* the one ahead */
    assert_false(guest_state_may_follow(ORDER_STOPPING, ORDER_BUSY));
    assert_false(guest_state_may_follow(ORDER_STOPPING, ORDER_IDLE));
}

static void test_what_is_overdue_stays_overdue(void **state)
{
    struct guest guest = {.ending = GUEST_UNASKED};

    guest_set_ending(&guest, GUEST_ASKED);
    assert_int_equal(guest.ending, GUEST_ASKED);
    guest_set_ending(&guest, GUEST_OVERDUE);
    assert_int_equal(guest.ending, GUEST_OVERDUE);
    guest_set_ending(&guest, GUEST_ASKED);
    assert_int_equal(guest.ending, GUEST_OVERDUE);
}

static void test_no_signal_without_a_process(void **state)
{
    struct guest guest = {.pidfd = -1};

    guest_close(&guest); /* without a keeper: it would crash */
    assert_int_equal(guest.state, ORDER_CLOSED);
    assert_false(guest_is_gone(&guest));
    guest_set_life(&guest, GUEST_DIED);
    guest.pidfd = 0;
    guest_kill(&guest);
    assert_true(guest_is_gone(&guest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_end_is_final),
        cmocka_unit_test(test_every_state_has_a_way_out),
        cmocka_unit_test(test_nothing_becomes_what_it_was_before_its_birth),
        cmocka_unit_test(test_a_worker_that_hung_up_is_only_waited_for),
        cmocka_unit_test(test_an_interrupted_script_may_return),
        cmocka_unit_test(test_batches_only_after_the_import),
        cmocka_unit_test(test_what_is_overdue_stays_overdue),
        cmocka_unit_test(test_no_signal_without_a_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

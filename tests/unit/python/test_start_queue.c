/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns to start: as many at a time as there are processors, in order, without waiting for one that hangs or
 * is gone.
 */
#include "broker/python/start_queue.h"
#include "firecurtain/time.h"
#include "tests/unit/check.h"

#define N 20

struct rig {
    struct loop *loop;
    struct start_queue *queue;
    struct start_turn turns[N];
    int order[N];
    int n_started;
    struct timer patience;
};

static struct rig rig;

static void started(void *userdata)
{
    rig.order[rig.n_started++] = (int)((struct start_turn *)userdata - rig.turns);
}

static void stop(void *userdata)
{
    loop_stop(rig.loop);
}

static void run_for(uint64_t ms)
{
    rig.patience = (struct timer){.fn = stop};
    loop_set_timer(rig.loop, &rig.patience, fc_now_ns() + ms * FC_NS_PER_MS);
    assert_int_equal(loop_run(rig.loop), 0);
}

static int setup(void **state)
{
    rig = (struct rig){0};
    assert_int_equal(loop_new(&rig.loop), 0);
    assert_int_equal(start_queue_new(&rig.queue, rig.loop), 0);
    for (int i = 0; i < N; i++)
        rig.turns[i] = (struct start_turn){.fn = started, .userdata = &rig.turns[i]};
    return 0;
}

static int teardown(void **state)
{
    for (int i = 0; i < N; i++)
        start_queue_leave(&rig.turns[i]);
    start_queue_free(rig.queue);
    loop_free(rig.loop);
    return 0;
}

/* Enough of them that some have to wait on any machine. */
static int enter_all(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    for (int i = 0; i < N; i++)
        start_queue_enter(rig.queue, &rig.turns[i]);
    return processors < N ? (int)processors : N;
}

static void test_the_others_wait_and_go_in_order(void **state)
{
    int at_once = enter_all();

    assert_int_equal(rig.n_started, at_once);
    for (int i = 0; i < N; i++) {
        start_queue_leave(&rig.turns[i]);
        run_for(1);
        assert_int_equal(rig.n_started, i + 1 + at_once < N ? i + 1 + at_once : N);
    }
    for (int i = 0; i < N; i++)
        assert_int_equal(rig.order[i], i);
}

static void test_one_that_leaves_while_it_waits_is_passed_over(void **state)
{
    int at_once = enter_all();

    if (at_once + 3 > N)
        skip();
    start_queue_leave(&rig.turns[at_once]);
    start_queue_leave(&rig.turns[N - 1]);
    for (int i = 0; i < rig.n_started; i++) {
        start_queue_leave(&rig.turns[rig.order[i]]);
        run_for(1);
    }
    assert_int_equal(rig.n_started, N - 2);
    assert_int_equal(rig.order[at_once], at_once + 1);
    start_queue_enter(rig.queue, &rig.turns[0]); /* the end of the list is right */
    assert_int_equal(rig.n_started, N - 1);
}

static void test_one_that_hangs_keeps_its_turn_for_a_second_only(void **state)
{
    int at_once = enter_all();

    if (at_once == N)
        skip();
    run_for(500);
    assert_int_equal(rig.n_started, at_once);
    run_for(700);
    assert_true(rig.n_started > at_once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_others_wait_and_go_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_that_leaves_while_it_waits_is_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_that_hangs_keeps_its_turn_for_a_second_only, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

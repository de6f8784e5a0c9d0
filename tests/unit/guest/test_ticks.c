/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intervals on the real loop: ticks are announced in advance, their grid does not drift, several missed ones
 * are a single tick, and what a worker reports is checked.
 */
#include "broker/base/loop.h"
#include "broker/guest/ticks.h"
#include "firecurtain/time.h"
#include "tests/unit/check.h"

struct rig {
    struct loop *loop;
    struct tick_set *set;
    size_t n_changed;
    size_t stop_after; /* changes */
    uint64_t due_ns;   /* of the tick last announced */
    struct timer stop;
};

static void changed(void *userdata)
{
    struct rig *rig = userdata;

    if (++rig->n_changed >= rig->stop_after)
        loop_stop(rig->loop);
}

static void stop(void *userdata)
{
    loop_stop(((struct rig *)userdata)->loop);
}

static int setup(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    rig->stop_after = SIZE_MAX;
    rig->stop = (struct timer){.fn = stop, .userdata = rig};
    assert_int_equal(loop_new(&rig->loop), 0);
    assert_int_equal(tick_set_new(&rig->set, rig->loop, changed, rig), 0);
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    assert_null(tick_set_free(rig->set));
    assert_null(tick_set_free(NULL));
    loop_cancel_timer(rig->loop, &rig->stop);
    loop_free(rig->loop);
    free(rig);
    return 0;
}

static int change(struct rig *rig, uint32_t id, uint64_t period_ms, uint64_t from_ns, uint64_t now_ns)
{
    return tick_set_change(rig->set, &(struct message_interval){id, period_ms, from_ns}, now_ns);
}

static void run_until(struct rig *rig, uint64_t deadline_ns)
{
    loop_set_timer(rig->loop, &rig->stop, deadline_ns);
    assert_int_equal(loop_run(rig->loop), 0);
}

/* Returns what is announced now; the time of the first one is in rig->due_ns. */
static size_t tell(struct rig *rig, uint32_t ids[TICKS_MAX])
{
    uint64_t due_ns[TICKS_MAX];
    size_t n = tick_set_take(rig->set, ids, due_ns);

    for (size_t i = 0; i < n; i++)
        assert_true(due_ns[i] <= fc_now_ns() + TICKS_LEAD_NS);
    if (n)
        rig->due_ns = due_ns[0];
    return n;
}

/* Does the same, and reports all as called: at their time, or now if that has passed. */
static size_t take(struct rig *rig, uint32_t *first)
{
    uint32_t ids[TICKS_MAX];
    size_t n = tell(rig, ids);
    uint64_t now_ns = fc_now_ns();

    assert_int_equal(tick_set_is_under_way(rig->set), n > 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(tick_set_called(rig->set, ids[i], rig->due_ns > now_ns ? rig->due_ns : now_ns), 0);
    assert_false(tick_set_is_under_way(rig->set));
    if (n)
        *first = ids[0];
    return n;
}

/* Every tick is announced for a point on the grid, and for none twice: errors do not add up. */
static void test_no_drift(void **state)
{
    struct rig *rig = *state;
    uint64_t from_ns = fc_now_ns(), period_ns = 5 * FC_NS_PER_MS, last = 0;
    uint32_t id = 0;

    assert_int_equal(change(rig, 7, 5, from_ns, from_ns), 0);
    rig->stop_after = 1;
    for (size_t i = 0; i < 20; i++) {
        rig->n_changed = 0;
        run_until(rig, fc_now_ns() + 10 * FC_NS_PER_S);
        assert_int_equal(rig->n_changed, 1);
        assert_int_equal(take(rig, &id), 1);
        assert_int_equal(id, 7);
        assert_int_equal((rig->due_ns - from_ns) % period_ns, 0);
        assert_true((rig->due_ns - from_ns) / period_ns > last);
        last = (rig->due_ns - from_ns) / period_ns;
    }
    assert_true(last >= 20);
}

/* Asserts that nothing is announced until the first time, and then the tick that is due at the second. */
static void assert_due_between(struct rig *rig, uint64_t quiet_until_ns, uint64_t due_at_ns)
{
    uint32_t id;

    run_until(rig, quiet_until_ns);
    assert_int_equal(take(rig, &id), 0);
    rig->stop_after = 1;
    run_until(rig, fc_now_ns() + 10 * FC_NS_PER_S);
    assert_true(fc_now_ns() >= due_at_ns - TICKS_LEAD_NS);
    assert_int_equal(take(rig, &id), 1);
    assert_int_equal(rig->due_ns, due_at_ns);
}

static void test_it_counts_from_the_call(void **state)
{
    struct rig *rig = *state;
    uint64_t now_ns = fc_now_ns(), from_ns = now_ns - 4000 * FC_NS_PER_MS;

    /* 4 s ago, every 4.05 s: in 50 ms */
    assert_int_equal(change(rig, 1, 4050, from_ns, now_ns), 0);
    assert_due_between(rig, now_ns + 20 * FC_NS_PER_MS, from_ns + 4050 * FC_NS_PER_MS);
    assert_true(fc_now_ns() < now_ns + 3 * FC_NS_PER_S);
}

/* For a call longer ago than the period the first tick is due at once, the second one on the grid. */
static void test_the_first_tick_is_not_lost(void **state)
{
    struct rig *rig = *state;
    uint64_t now_ns = fc_now_ns(), from_ns = now_ns - 950 * FC_NS_PER_MS;
    uint32_t id;

    assert_int_equal(change(rig, 1, 100, from_ns, now_ns), 0);
    rig->stop_after = 1;
    run_until(rig, now_ns + 10 * FC_NS_PER_S);
    assert_int_equal(take(rig, &id), 1);
    rig->n_changed = 0;
    run_until(rig, now_ns + 10 * FC_NS_PER_S);
    assert_int_equal(take(rig, &id), 1);
    assert_int_equal((rig->due_ns - from_ns) % (100 * FC_NS_PER_MS), 0);
    assert_true(rig->due_ns >= from_ns + 1000 * FC_NS_PER_MS);
}

static void test_unbelievable_times_count_from_now(void **state)
{
    struct rig *rig = *state;
    uint64_t now_ns = fc_now_ns();
    uint32_t id;

    assert_int_equal(change(rig, 1, 50, now_ns + 3600 * FC_NS_PER_S, now_ns), 0);
    assert_int_equal(change(rig, 2, 50, UINT64_MAX, now_ns), 0);
    assert_int_equal(change(rig, 3, 50, now_ns - 11 * FC_NS_PER_S, now_ns), 0);
    assert_int_equal(change(rig, 4, 50, 0, now_ns), 0);
    run_until(rig, now_ns + 20 * FC_NS_PER_MS);
    assert_int_equal(take(rig, &id), 0);
    run_until(rig, now_ns + 60 * FC_NS_PER_MS);
    assert_int_equal(take(rig, &id), 4);
}

static void test_missed_ticks_become_one(void **state)
{
    struct rig *rig = *state;
    uint64_t now_ns = fc_now_ns();
    uint32_t id = 0;

    assert_int_equal(change(rig, 9, 1, now_ns, now_ns), 0);
    run_until(rig, now_ns + 30 * FC_NS_PER_MS);
    assert_int_equal(rig->n_changed, 1); /* announced once, although it came due repeatedly */
    assert_int_equal(take(rig, &id), 1);
    assert_int_equal(id, 9);
    assert_int_equal(take(rig, &id), 0);
    run_until(rig, fc_now_ns() + 5 * FC_NS_PER_MS);
    assert_int_equal(rig->n_changed, 2);
    assert_int_equal(take(rig, &id), 1);
}

static void test_an_id_is_used_once(void **state)
{
    struct rig *rig = *state;
    uint64_t now_ns = fc_now_ns();

    assert_int_equal(change(rig, 1, 1000, now_ns, now_ns), 0);
    assert_int_equal(change(rig, 1, 1000, now_ns, now_ns), -EEXIST);
    assert_int_equal(change(rig, 1, 2000, now_ns, now_ns), -EEXIST);
    assert_int_equal(change(rig, 1, 0, 0, now_ns), 0);
    assert_int_equal(change(rig, 1, 1000, now_ns, now_ns), 0);
}

static void test_cancelling(void **state)
{
    struct rig *rig = *state;
    uint64_t now_ns = fc_now_ns();
    uint32_t id = 0;

    assert_int_equal(change(rig, 5, 0, 0, now_ns), 0); /* there is none */
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(change(rig, i, 5, now_ns, now_ns), 0);
    assert_int_equal(change(rig, 0, 0, 0, now_ns), 0);
    run_until(rig, now_ns + 10 * FC_NS_PER_MS);
    assert_int_equal(change(rig, 2, 0, 0, now_ns), 0); /* is due, but not announced */
    assert_int_equal(take(rig, &id), 1);
    assert_int_equal(id, 1);
}

static void test_limits(void **state)
{
    struct rig *rig = *state;
    uint64_t now_ns = fc_now_ns();

    assert_int_equal(change(rig, 1, TICKS_MAX_PERIOD_MS + 1, now_ns, now_ns), -EINVAL);
    assert_int_equal(change(rig, 1, UINT64_MAX, now_ns, now_ns), -EINVAL);
    for (uint32_t i = 0; i < TICKS_MAX; i++)
        assert_int_equal(change(rig, UINT32_MAX - i, TICKS_MAX_PERIOD_MS, now_ns, now_ns), 0);
    assert_int_equal(change(rig, 1, 1000, now_ns, now_ns), -ENOSPC);
    assert_int_equal(change(rig, UINT32_MAX, 0, 0, now_ns), 0);
    assert_int_equal(change(rig, 1, 1000, now_ns, now_ns), 0);
    run_until(rig, now_ns + 10 * FC_NS_PER_MS);
    assert_int_equal(rig->n_changed, 0); /* the longest period does not overflow */
}

static void test_all_at_once(void **state)
{
    struct rig *rig = *state;
    uint64_t now_ns = fc_now_ns();
    uint32_t ids[TICKS_MAX];
    bool seen[TICKS_MAX] = {false};

    for (uint32_t i = 0; i < TICKS_MAX; i++)
        assert_int_equal(change(rig, i, 1000, now_ns - 1100 * FC_NS_PER_MS, now_ns), 0);
    run_until(rig, now_ns + 10 * FC_NS_PER_MS);
    assert_int_equal(rig->n_changed, 1); /* one timer for all */
    assert_int_equal(tell(rig, ids), TICKS_MAX);
    for (size_t i = 0; i < TICKS_MAX; i++) {
        assert_true(ids[i] < TICKS_MAX && !seen[ids[i]]);
        seen[ids[i]] = true;
    }
}

static void count_turn(void *userdata)
{
    ++*(size_t *)userdata;
}

/* Nothing wakes the loop for an interval that is due and not told, or told and not called. */
static void test_who_does_not_answer_costs_nothing(void **state)
{
    struct rig *rig = *state;
    uint64_t now_ns = fc_now_ns();
    uint32_t ids[TICKS_MAX], id;
    size_t n_turns = 0;

    for (uint32_t i = 0; i < TICKS_MAX; i++)
        assert_int_equal(change(rig, i, 1, now_ns, now_ns), 0);
    loop_set_after(rig->loop, count_turn, &n_turns);
    run_until(rig, now_ns + 50 * FC_NS_PER_MS);
    assert_true(n_turns <= 3);
    n_turns = 0;
    assert_int_equal(tell(rig, ids), TICKS_MAX);
    run_until(rig, fc_now_ns() + 50 * FC_NS_PER_MS);
    assert_true(n_turns <= 3);
    assert_int_equal(rig->n_changed, 1);
    for (size_t i = 0; i < TICKS_MAX; i++)
        assert_int_equal(tick_set_called(rig->set, ids[i], rig->due_ns), 0);
    assert_int_equal(rig->n_changed, 2); /* all have come due since that call */
    assert_int_equal(take(rig, &id), TICKS_MAX);
}

/* Everything due before a call is that call; what becomes due later is another one. */
static void test_a_call_stands_for_what_was_due(void **state)
{
    struct rig *rig = *state;
    uint64_t now_ns = fc_now_ns();
    uint32_t ids[TICKS_MAX];

    assert_int_equal(change(rig, 3, 5, now_ns, now_ns), 0);
    run_until(rig, now_ns + 6 * FC_NS_PER_MS);
    assert_int_equal(tell(rig, ids), 1);
    assert_true(tick_set_is_overdue(rig->set));
    run_until(rig, fc_now_ns() + 12 * FC_NS_PER_MS);
    assert_int_equal(tell(rig, ids), 0); /* it is under way */
    assert_int_equal(tick_set_called(rig->set, 3, fc_now_ns()), 0);
    assert_int_equal(tell(rig, ids), 0);
    run_until(rig, fc_now_ns() + 10 * FC_NS_PER_MS);
    assert_int_equal(tell(rig, ids), 1);
    run_until(rig, fc_now_ns() + 12 * FC_NS_PER_MS);
    assert_int_equal(tick_set_called(rig->set, 3, rig->due_ns), 0); /* was called in time, and took long */
    assert_int_equal(tell(rig, ids), 1);
}

static void test_only_what_was_told_is_called(void **state)
{
    struct rig *rig = *state;
    uint64_t now_ns = fc_now_ns();
    uint32_t ids[TICKS_MAX];

    assert_int_equal(tick_set_called(rig->set, 1, now_ns), -EINVAL);
    assert_int_equal(change(rig, 1, 20, now_ns, now_ns), 0);
    assert_int_equal(tick_set_called(rig->set, 1, now_ns), -EINVAL);
    rig->stop_after = 1;
    run_until(rig, now_ns + 10 * FC_NS_PER_S);
    assert_int_equal(tell(rig, ids), 1);
    assert_int_equal(change(rig, 1, 0, 0, fc_now_ns()), 0); /* cancelled under way: reported once, as gone */
    assert_true(tick_set_is_under_way(rig->set));
    run_until(rig, rig->due_ns + FC_NS_PER_MS);
    assert_true(tick_set_is_overdue(rig->set));
    assert_int_equal(tick_set_called(rig->set, 1, rig->due_ns), 0);
    assert_int_equal(tick_set_called(rig->set, 1, rig->due_ns), -EINVAL);
    assert_false(tick_set_is_overdue(rig->set));
}

/* A worker that hangs gets no endless announcements, which would fill its link. */
static void test_who_calls_nothing_is_told_no_more(void **state)
{
    struct rig *rig = *state;
    uint32_t ids[TICKS_MAX], n = 0;

    for (uint32_t id = 0; id < 2 * TICKS_MAX_TOLD; id++) {
        uint64_t now_ns = fc_now_ns();

        assert_int_equal(change(rig, id, 1000, now_ns - 1100 * FC_NS_PER_MS, now_ns), 0);
        run_until(rig, now_ns + FC_NS_PER_MS);
        n += tell(rig, ids) > 0;
    }
    assert_int_equal(n, TICKS_MAX_TOLD);
    for (uint32_t id = 0; id < TICKS_MAX_TOLD; id++)
        assert_int_equal(tick_set_called(rig->set, id, fc_now_ns()), 0);
    assert_int_equal(tell(rig, ids), TICKS_MAX_TOLD);
}

int main(void)
{
#define tick_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        tick_test(test_no_drift),
        tick_test(test_it_counts_from_the_call),
        tick_test(test_the_first_tick_is_not_lost),
        tick_test(test_unbelievable_times_count_from_now),
        tick_test(test_missed_ticks_become_one),
        tick_test(test_an_id_is_used_once),
        tick_test(test_cancelling),
        tick_test(test_limits),
        tick_test(test_all_at_once),
        tick_test(test_who_does_not_answer_costs_nothing),
        tick_test(test_a_call_stands_for_what_was_due),
        tick_test(test_only_what_was_told_is_called),
        tick_test(test_who_calls_nothing_is_told_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

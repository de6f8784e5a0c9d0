/* SPDX-License-Identifier: BSD-2-Clause */
/* Slow turns of the loop are counted by what took them. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "broker/base/loop.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"
#include "tests/unit/check.h"

struct sleeper {
    struct loop *loop;
    long ns;
};

static int setup(void **state)
{
    struct loop *loop;

    assert_int_equal(loop_new(&loop), 0);
    *state = loop;
    return 0;
}

static int teardown(void **state)
{
    loop_free(*state);
    return 0;
}

static void sleeper_run(void *userdata)
{
    struct sleeper *sleeper = userdata;
    struct timespec time = {.tv_nsec = sleeper->ns};

    nanosleep(&time, NULL);
    loop_stop(sleeper->loop);
}

static const struct loop_slow *slow_of(const struct loop *loop, const char *what)
{
    size_t n;
    const struct loop_slow *slow = loop_slow_turns(loop, &n);

    for (size_t i = 0; i < n; i++) {
        if (strcmp(slow[i].what, what) == 0)
            return &slow[i];
    }
    return NULL;
}

static void take(struct loop *loop, const char *what, long ns)
{
    struct sleeper sleeper = {loop, ns};
    struct loop_task task = {.fn = sleeper_run, .userdata = &sleeper, .what = what};

    loop_defer(loop, &task);
    assert_int_equal(loop_run(loop), 0);
}

static void test_by_what_took_them(void **state)
{
    struct loop *loop = *state;
    struct sleeper sleeper = {loop, 2 * (long)LOOP_SLOW_NS};
    struct timer timer = {.fn = sleeper_run, .userdata = &sleeper, .what = "a slow timer"};

    take(loop, "a slow task", 2 * (long)LOOP_SLOW_NS);
    take(loop, "a slow task", 3 * (long)LOOP_SLOW_NS);
    loop_set_timer(loop, &timer, fc_now_ns());
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(slow_of(loop, "a slow task")->n, 2);
    assert_true(slow_of(loop, "a slow task")->longest_ns >= 3 * LOOP_SLOW_NS);
    assert_int_equal(slow_of(loop, "a slow timer")->n, 1);
}

/* Some may be slow, if the kernel lets others run for so long. */
static void test_quick_ones_are_not_counted(void **state)
{
    struct loop *loop = *state;

    for (int i = 0; i < 100; i++)
        take(loop, "a quick task", 0);
    assert_true(!slow_of(loop, "a quick task") || slow_of(loop, "a quick task")->n < 50);
}

static void test_many_kinds_share_the_last_row(void **state)
{
    static char names[LOOP_SLOW_KINDS + 2][32];
    struct loop *loop = *state;
    size_t n;

    for (size_t i = 0; i < FC_ARRAY_SIZE(names); i++) {
        snprintf(names[i], sizeof(names[i]), "task %zu", i);
        take(loop, names[i], 2 * (long)LOOP_SLOW_NS);
    }
    loop_slow_turns(loop, &n);
    assert_int_equal(n, LOOP_SLOW_KINDS);
    assert_true(slow_of(loop, "others")->n >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_by_what_took_them, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quick_ones_are_not_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_kinds_share_the_last_row, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

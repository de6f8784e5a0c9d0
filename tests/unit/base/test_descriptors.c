/* SPDX-License-Identifier: BSD-2-Clause */
/* How many descriptors the process has left, with gaps between those in use. */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

#include "broker/base/descriptors.h"
#include "tests/unit/check.h"

#define LIMIT 256

static int opened[LIMIT];
static int n_opened;

/* Opens all that the limit allows. */
static int setup(void **state)
{
    struct rlimit limit = {LIMIT, LIMIT};
    int fd;

    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    /* O_PATH: to poll() such a descriptor is invalid */
    for (n_opened = 0; (fd = open("/", O_PATH | O_CLOEXEC)) >= 0; n_opened++)
        opened[n_opened] = fd;
    assert_int_equal(errno, EMFILE);
    return 0;
}

static int teardown(void **state)
{
    while (n_opened)
        close(opened[--n_opened]);
    return 0;
}

static void test_exactly_as_many_as_asked_for(void **state)
{
    assert_int_equal(descriptors_left(DESCRIPTORS_FOR_WORKER), -EMFILE);
    for (int i = 1; i < DESCRIPTORS_FOR_SCRIPTS; i++) {
        close(opened[n_opened - 1 - i]); /* gaps below one that stays open */
        assert_int_equal(descriptors_left(DESCRIPTORS_FOR_WORKER), i < DESCRIPTORS_FOR_WORKER ? -EMFILE : 0);
        assert_int_equal(descriptors_left(DESCRIPTORS_FOR_SCRIPTS), -EMFILE);
    }
    close(opened[0]);
    assert_int_equal(descriptors_left(DESCRIPTORS_FOR_SCRIPTS), 0);
    assert_int_equal(descriptors_left(DESCRIPTORS_FOR_SCRIPTS), 0); /* and all were closed again */
}

/* The last numbers are in use, and there is room below. */
static void test_gaps_count_when_the_last_numbers_are_in_use(void **state)
{
    for (int i = 0; i < DESCRIPTORS_FOR_SCRIPTS; i++)
        close(opened[i]);
    assert_int_equal(descriptors_left(DESCRIPTORS_FOR_SCRIPTS), 0);
    opened[0] = open("/", O_PATH | O_CLOEXEC);
    assert_int_equal(descriptors_left(DESCRIPTORS_FOR_SCRIPTS), -EMFILE);
}

/* Nothing but the last numbers is free. */
static void test_the_last_numbers_are_enough(void **state)
{
    int last = n_opened;

    n_opened -= DESCRIPTORS_FOR_SCRIPTS;
    while (last > n_opened)
        close(opened[--last]);
    assert_int_equal(descriptors_left(DESCRIPTORS_FOR_SCRIPTS), 0);
    opened[n_opened] = open("/", O_PATH | O_CLOEXEC);
    n_opened++;
    assert_int_equal(descriptors_left(DESCRIPTORS_FOR_SCRIPTS), -EMFILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_exactly_as_many_as_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gaps_count_when_the_last_numbers_are_in_use, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_last_numbers_are_enough, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

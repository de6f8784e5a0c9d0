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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_exactly_as_many_as_asked_for, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

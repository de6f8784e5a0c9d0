/* SPDX-License-Identifier: BSD-2-Clause */
/* What the command line hands over to the broker arrives as it was. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/config/load.h"
#include "broker/daemon/arguments.h"

static char **passed; /* what the last pass() wrote, which the result borrows */

static int teardown(void **state)
{
    (void)state;
    passed = daemon_arguments_free(passed);
    return 0;
}

static struct daemon_arguments pass(const struct daemon_arguments *arguments)
{
    struct daemon_arguments read;
    int n = 0;

    passed = daemon_arguments_write(arguments);
    assert_non_null(passed);
    while (passed[n])
        n++;
    assert_int_equal(daemon_arguments_read(&read, n, passed), 0);
    return read;
}

static void test_all_of_it_arrives(void **state)
{
    struct config_override overrides[] = {{.is_backend = true, .text = "osc.bind=0.0.0.0 9000"},
                                          {.is_backend = false, .text = "b=i=x"}};
    const struct daemon_arguments all = {.path = "a folder/show=1.cfg",
                                         .overrides = overrides,
                                         .n_overrides = 2,
                                         .level = FC_LOG_DEBUG,
                                         .format = LOG_JSON,
                                         .runtime_folder = "/run/x",
                                         .record = "record=",
                                         .max_bytes = UINT64_MAX,
                                         .replay = "-",
                                         .speed = 0.1,
                                         .is_mute = true,
                                         .no_sandbox = true};
    struct daemon_arguments read = pass(&all);

    assert_string_equal(read.path, all.path);
    assert_int_equal(read.n_overrides, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(read.overrides[i].is_backend, overrides[i].is_backend);
        assert_string_equal(read.overrides[i].text, overrides[i].text);
    }
    assert_int_equal(read.level, FC_LOG_DEBUG);
    assert_int_equal(read.format, LOG_JSON);
    assert_string_equal(read.runtime_folder, all.runtime_folder);
    assert_string_equal(read.record, all.record);
    assert_true(read.max_bytes == UINT64_MAX);
    assert_string_equal(read.replay, "-");
    assert_true(read.speed == 0.1);
    assert_true(read.is_mute && read.no_sandbox);
    free(read.overrides);
}

static void test_what_was_not_given_is_not_there(void **state)
{
    struct daemon_arguments read = pass(&(struct daemon_arguments){.path = "show.cfg", .speed = 1});

    assert_true(!read.runtime_folder && !read.record && !read.replay && !read.n_overrides);
    assert_true(!read.is_mute && !read.no_sandbox && read.speed == 1);
    free(read.overrides);
}

static void assert_refused(char *word)
{
    char *words[] = {(char *)"firecurtain-broker", (char *)"show=show.cfg", word, NULL};
    struct daemon_arguments read;

    assert_int_equal(daemon_arguments_read(&read, 3, words), -EINVAL);
    free(read.overrides);
}

static void test_anything_else_is_refused(void **state)
{
    struct daemon_arguments read;
    char *words[] = {(char *)"firecurtain-broker", (char *)"mute=yes", NULL};

    assert_int_equal(daemon_arguments_read(&read, 1, words), -EINVAL);
    assert_int_equal(daemon_arguments_read(&read, 2, words), -EINVAL); /* no show */
    free(read.overrides);
    assert_refused((char *)"show.cfg");
    assert_refused((char *)"log-level=9");
    assert_refused((char *)"max-size=1k");
    assert_refused((char *)"speed=fast");
    assert_refused((char *)"speed=-1");
    assert_refused((char *)"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_all_of_it_arrives, teardown),
        cmocka_unit_test_teardown(test_what_was_not_given_is_not_there, teardown),
        cmocka_unit_test(test_anything_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of a Python instance: what each value becomes, or that it is refused. */
#include "broker/python/backend.h"
#include "broker/python/options.h"
#include "broker/python/private.h"
#include "tests/unit/check.h"

static int setup(void **state)
{
    *state = backend_python.instance_new(NULL, "/shows/one");
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    backend_python.instance_free(*state);
    return 0;
}

static int set(struct python *python, const char *option, const char *value)
{
    struct fc_reason reason = {.text = ""};
    int r = python_configure(python, FC_SCOPE_INSTANCE, option, value, &reason);

    assert_true(r == 0 || (r == -EINVAL && reason.text[0]));
    return r;
}

/* Found by fuzzing: "/opt/venv/.." showed the whole of /opt, and "//proc" or "/./proc" the host's /proc. */
static void test_read_never_shows_more_than_it_names(void **state)
{
    static const char *const refused[] = {"/etc/..",   "/etc/../root", "..",       "../other",
                                          "/..",       "/.",           "/",        "//",
                                          "//proc",    "/./proc",      "/proc/./", "/proc//self",
                                          "/a/../../b"};

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_int_equal(set(*state, "read", refused[i]), -EINVAL);
    assert_int_equal(((struct python *)*state)->reads.n, 0);
}

static void test_read_has_one_spelling(void **state)
{
    static const char *const given[] = {"/opt//venv/./lib/", "./data",    "more",
                                        "/process",          "/a/..b/.c", "/x/..."};
    static const char *const shown[] = {"/opt/venv/lib", "/shows/one/data", "/shows/one/more",
                                        "/process",      "/a/..b/.c",       "/x/..."};
    const struct python *python = *state;
    const char *path;

    for (size_t i = 0; i < 6; i++)
        assert_int_equal(set(*state, "read", given[i]), 0);
    assert_int_equal(python->reads.n, 6);
    path = python->reads.text;
    for (size_t i = 0; i < 6; i++, path += strlen(path) + 1)
        assert_string_equal(path, shown[i]);
}

static void test_sizes(void **state)
{
    static const char *const refused[] = {"",
                                          "63M",
                                          "-1",
                                          "+64M",
                                          " 64M",
                                          "64MB",
                                          "64 M",
                                          "1T",
                                          "0x10",
                                          "1025G",
                                          "M",
                                          "18446744073709551616",
                                          "17179869185G"};
    const struct python *python = *state;

    assert_int_equal(set(*state, "memory", "512M"), 0);
    assert_int_equal(python->memory_bytes, 512u << 20);
    assert_int_equal(set(*state, "memory", "1024g"), 0);
    assert_int_equal(python->memory_bytes, UINT64_C(1) << 40);
    assert_int_equal(set(*state, "memory", "67108864"), 0);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_int_equal(set(*state, "memory", refused[i]), -EINVAL);
    assert_int_equal(set(*state, "threads", "4k"), -EINVAL); /* a number, no size */
}

static void test_rate_and_stats(void **state)
{
    static const char *const refused[] = {"0", "-1", "1k", "1000000001", ""};
    const struct python *python = *state;

    assert_int_equal(python->outflow.per_second, RATE_MAX);
    assert_int_equal(python->stats_ms, 0);
    assert_int_equal(set(*state, "rate", "1"), 0);
    assert_int_equal(python->outflow.per_second, 1);
    assert_int_equal(set(*state, "rate", "1000000000"), 0);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_int_equal(set(*state, "rate", refused[i]), -EINVAL);
    assert_int_equal(set(*state, "stats", "100ms"), 0);
    assert_int_equal(python->stats_ms, 100);
    assert_int_equal(set(*state, "stats", "99ms"), -EINVAL);
    assert_int_equal(set(*state, "stats", "0"), 0);
    assert_int_equal(python->stats_ms, 0);
}

int main(void)
{
#define option_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        option_test(test_read_never_shows_more_than_it_names),
        option_test(test_read_has_one_spelling),
        option_test(test_sizes),
        option_test(test_rate_and_stats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

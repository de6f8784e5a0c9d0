/* SPDX-License-Identifier: BSD-2-Clause */
/* Which hosts and origins of browsers are ours. */
#include "broker/desk/origin.h"
#include "tests/unit/check.h"

static void test_hosts_are_addresses_localhost_or_named(void **state)
{
    static const char *const good[] = {"127.0.0.1", "127.0.0.1:8080",    "[::1]:8080",
                                       "[fe80::1]", "localhost:1",       "LOCALHOST",
                                       "stage",     "stage.example:443", "Stage.Example:80"};
    static const char *const bad[] = {
        "",       "evil.example",        "stage.example.evil",  "tage",
        "stage.", "127.0.0.1.evil",      "127.0.0.1:80x",       "[::1",
        "[::1]x", "localhost.evil:8080", "127.0.0.1:8080@evil", "stage.example:80/"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(origin_is_host(good[i], "stage  stage.example"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(origin_is_host(bad[i], "stage  stage.example"));
    assert_false(origin_is_host("stage", ""));
    assert_false(origin_is_host(NULL, "stage"));
}

static void test_origins_are_those_of_the_host(void **state)
{
    assert_true(origin_is_own("http://127.0.0.1:8080", "127.0.0.1:8080"));
    assert_true(origin_is_own("https://Stage.example", "stage.example"));
    assert_false(origin_is_own("http://127.0.0.1:8081", "127.0.0.1:8080"));
    assert_false(origin_is_own("http://evil.example", "127.0.0.1:8080"));
    assert_false(origin_is_own("null", "127.0.0.1:8080"));
    assert_false(origin_is_own("ftp://127.0.0.1:8080", "127.0.0.1:8080"));
    assert_false(origin_is_own(NULL, "127.0.0.1:8080"));
    assert_false(origin_is_own("http://127.0.0.1:8080", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hosts_are_addresses_localhost_or_named),
                                       cmocka_unit_test(test_origins_are_those_of_the_host)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Allowances: one of a caller is no other's, and each kind is separate. Time does not pass here. */
#include "broker/desk/callers.h"
#include "firecurtain/time.h"
#include "tests/unit/check.h"

#define NOW FC_NS_PER_S

static size_t take_all(struct callers *callers, uint64_t key)
{
    size_t n = 0;

    while (callers_take(callers, key, 1, NOW))
        n++;
    return n;
}

static size_t take_unknown(struct callers *callers, uint64_t key)
{
    size_t n = 0;

    while (callers_take_unknown(callers, key, 1, NOW))
        n++;
    return n;
}

static void test_each_has_its_own(void **state)
{
    static struct callers callers;

    assert_int_equal(take_all(&callers, 1), CALLERS_RATE / 10);
    assert_int_equal(take_all(&callers, 1), 0);
    assert_int_equal(take_all(&callers, 2), CALLERS_RATE / 10);
    assert_int_equal(take_all(&callers, UINT64_C(1) << 32 | 1), CALLERS_RATE / 10);
}

/* Whoever asks with tokens that are none leaves the others what they have. */
static void test_kinds_are_separate(void **state)
{
    static struct callers callers;

    assert_int_equal(take_unknown(&callers, 1), CALLERS_UNKNOWN / 10);
    assert_true(callers_take_token(&callers, 1, NOW));
    assert_int_equal(take_all(&callers, 1), CALLERS_RATE / 10);
    assert_true(callers_take_least(&callers, 1, CALLERS_LEAST / 10, NOW));
    assert_false(callers_take_least(&callers, 1, 1, NOW));
    assert_true(callers_take_token(&callers, 1, NOW));
}

static void test_who_is_accepted_is_known_until_forgotten(void **state)
{
    static struct callers callers;

    assert_false(callers_knows(&callers, 7));
    callers_accept(&callers, 7, NOW);
    callers_accept(&callers, 8, NOW + 1);
    assert_true(callers_knows(&callers, 7));
    callers_forget(&callers, 7);
    callers_forget(&callers, 7);
    assert_false(callers_knows(&callers, 7));
    assert_true(callers_knows(&callers, 8));
    for (uint64_t key = 100; key < 100 + CALLERS_MAX; key++)
        callers_accept(&callers, key, NOW + key);
    assert_false(callers_knows(&callers, 8)); /* the one that was away longest has given way */
    assert_true(callers_knows(&callers, 100));
}

static void test_an_address_of_ipv6_is_its_network(void **state)
{
    uint8_t a[16] = {0x20, 1, [7] = 9, [15] = 1}, b[16] = {0x20, 1, [7] = 9, [15] = 2},
            c[16] = {0x20, 1, [7] = 8, [15] = 1};
    uint8_t d[16] = {[10] = 0xff, 0xff, 10, 0, 0, 1}, e[16] = {[10] = 0xff, 0xff, 10, 0, 0, 2};

    assert_int_equal(callers_key(a), callers_key(b));
    assert_int_not_equal(callers_key(a), callers_key(c));
    assert_int_not_equal(callers_key(d), callers_key(e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_has_its_own),
        cmocka_unit_test(test_kinds_are_separate),
        cmocka_unit_test(test_who_is_accepted_is_known_until_forgotten),
        cmocka_unit_test(test_an_address_of_ipv6_is_its_network),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

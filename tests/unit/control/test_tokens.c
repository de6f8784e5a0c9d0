/* SPDX-License-Identifier: BSD-2-Clause */
/* Tokens of browsers: only hashes are kept, each ends, and nobody can take all places. */
#include "broker/control/tokens.h"

#include "tests/unit/check.h"

static struct tokens tokens;
static char secret[TOKEN_MAX_SECRET];

static struct token *add(uid_t uid, bool is_owner, uint64_t ends_ns, uint64_t now_ns)
{
    return tokens_add(&tokens, &(struct token){.uid = uid, .ends_ns = ends_ns}, is_owner, now_ns, secret);
}

static struct token *find(const char *text, uint64_t now_ns)
{
    uint8_t hash[SHA256_BYTES];

    sha256(text, strlen(text), hash);
    return tokens_find(&tokens, hash, now_ns);
}

static void test_a_secret_finds_its_token_until_that_ends(void **state)
{
    char other[TOKEN_MAX_SECRET];
    struct token *token;

    tokens = (struct tokens){0};
    token = add(1, false, 100, 0);
    assert_non_null(token);
    assert_int_equal(strlen(secret), TOKEN_MAX_SECRET - 1);
    assert_ptr_equal(find(secret, 99), token);
    assert_null(find(secret, 100));
    assert_null(find("", 1));
    assert_null(memmem(&tokens, sizeof(tokens), secret, 16));
    memcpy(other, secret, sizeof(other));
    assert_true(tokens_renew(token, secret));
    assert_null(find(other, 1));
    assert_ptr_equal(find(secret, 1), token);
}

static void test_numbers_are_never_used_again(void **state)
{
    unsigned first;

    tokens = (struct tokens){0};
    first = add(1, false, 100, 0)->number;
    tokens_remove(&tokens, tokens_numbered(&tokens, first));
    assert_null(tokens_numbered(&tokens, first));
    assert_int_not_equal(add(1, false, 100, 0)->number, first);
}

static void test_places_are_shared(void **state)
{
    tokens = (struct tokens){0};
    for (unsigned uid = 1; uid <= 3; uid++) {
        for (unsigned i = 0; i < TOKENS_PER_UID; i++)
            assert_non_null(add(uid, false, 100, 0));
        assert_null(add(uid, false, 100, 0));
    }
    assert_null(add(4, false, 100, 0)); /* what is left is kept */
    for (unsigned i = 0; i < TOKENS_KEPT; i++)
        assert_non_null(add(0, true, 100, 0));
    assert_null(add(0, true, 100, 0));
    assert_non_null(add(4, false, 200, 100)); /* all have ended */
    assert_int_equal(tokens.n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_secret_finds_its_token_until_that_ends),
                                       cmocka_unit_test(test_numbers_are_never_used_again),
                                       cmocka_unit_test(test_places_are_shared)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tokens as text: what is written is read again, and anything else is not read at all. */
#include "broker/control/token_text.h"

#include "tests/unit/check.h"

static struct tokens tokens, again;
static char text[TOKEN_TEXT_MOST], copy[TOKEN_TEXT_MOST], secret[TOKEN_MAX_SECRET];

static int setup(void **state)
{
    tokens = again = (struct tokens){0};
    return 0;
}

static struct token *add(const char *label, bool is_once, uint64_t ends_ns)
{
    struct token like = {
        .role = CONTROL_OPERATOR, .uid = 1000, .gid = 100, .ends_ns = ends_ns, .ends_s = 1790000000};

    like.is_once = is_once;
    snprintf(like.label, sizeof(like.label), "%s", label);
    return tokens_add(&tokens, &like, true, 1, secret);
}

static int read_again(size_t n)
{
    memcpy(copy, text, n);
    copy[n] = '\0';
    return token_text_read(&again, copy);
}

static void test_what_is_written_is_read(void **state)
{
    const struct token *first = add("tablet in the wings", false, 100), *second = add("", false, 100), *found;

    snprintf(tokens.list[1].address, sizeof(tokens.list[1].address), "::1");
    snprintf(tokens.list[1].pin, sizeof(tokens.list[1].pin), "$y$j9T$salt$hash");
    add("not opened", true, 100);
    add("over", false, 5);
    assert_int_equal(read_again(token_text_write(&tokens, 10, text)), 0);
    assert_int_equal(again.n, 2);
    assert_int_equal(again.last, 4); /* numbers are not used again after a start either */
    found = tokens_numbered(&again, first->number);
    assert_non_null(found);
    assert_memory_equal(found->hash, first->hash, SHA256_BYTES);
    assert_string_equal(found->label, "tablet in the wings");
    assert_string_equal(found->address, "");
    assert_string_equal(found->pin, "");
    assert_int_equal(found->role, CONTROL_OPERATOR);
    assert_int_equal(found->uid, 1000);
    assert_int_equal(found->gid, 100);
    assert_int_equal(found->ends_s, 1790000000);
    found = tokens_numbered(&again, second->number);
    assert_string_equal(found->address, "::1");
    assert_string_equal(found->pin, "$y$j9T$salt$hash");
    assert_string_equal(found->label, "");
}

static void test_a_label_cannot_make_a_line(void **state)
{
    add("a\nend\nb", false, 100);
    assert_int_equal(read_again(token_text_write(&tokens, 1, text)), 0);
    assert_string_equal(again.list[0].label, "a?end?b");
}

static void test_all_of_them_fit(void **state)
{
    char label[TOKEN_MAX_LABEL];

    memset(label, 'x', sizeof(label) - 1);
    label[sizeof(label) - 1] = '\0';
    while (add(label, false, UINT64_MAX))
        continue;
    for (size_t i = 0; i < tokens.n; i++) {
        memset(tokens.list[i].address, 'f', TOKEN_MAX_ADDRESS - 1);
        memset(tokens.list[i].pin, 'p', CONTROL_MAX_PIN);
        tokens.list[i].role = CONTROL_ADMINISTRATOR;
        tokens.list[i].ends_s = UINT64_MAX;
        tokens.list[i].uid = tokens.list[i].gid = UINT32_MAX;
    }
    assert_int_equal(tokens.n, TOKENS_MAX);
    assert_int_equal(read_again(token_text_write(&tokens, 1, text)), 0);
    assert_int_equal(again.n, TOKENS_MAX);
}

static void test_what_is_cut_off_is_not_read(void **state)
{
    size_t n;

    add("one", false, 100);
    add("two", false, 100);
    n = token_text_write(&tokens, 1, text);
    for (size_t i = 0; i < n - 1; i++) { /* the last line break is of no account */
        assert_int_equal(read_again(i), -EBADMSG);
        assert_int_equal(again.n, 0);
    }
    assert_int_equal(read_again(n), 0);
}

static void test_what_was_changed_is_not_read(void **state)
{
    static const char *const wrong[] = {
        "",
        "firecurtain-links 2 last 1\nend\n",
        "firecurtain-links 1 last 1x\nend\n",
        "firecurtain-links 1 last 1\nend\nend\n",
        "firecurtain-links 1 last 1\n1 king 0 0 1 %s - - x\nend\n",
        "firecurtain-links 1 last 1\n1 nobody 0 0 1 %s - - x\nend\n",
        "firecurtain-links 1 last 1\n2 operator 0 0 1 %s - - x\nend\n",
        "firecurtain-links 1 last 1\n0 operator 0 0 1 %s - - x\nend\n",
        "firecurtain-links 1 last 1\n1 operator 0 0 1 %.63s - - x\nend\n",
        "firecurtain-links 1 last 1\n1 operator 0 0 1 %.63sg - - x\nend\n",
        "firecurtain-links 1 last 1\n1 operator 0 0 1 %s0 - - x\nend\n",
        "firecurtain-links 1 last 1\n1 operator 0 0 1 %s - -\nend\n",
        "firecurtain-links 1 last 1\n1 operator 0 0 1 %s - - x\n1 operator 0 0 1 %s - - x\nend\n",
    };
    char hash[2 * SHA256_BYTES + 1];

    memset(hash, 'a', sizeof(hash) - 1);
    hash[sizeof(hash) - 1] = '\0';
    assert_int_equal(read_again(
                         (size_t)sprintf(text, "firecurtain-links 1 last 1\n1 operator 0 0 1 %s - - x\nend\n",
                                         hash)),
                     0); /* the control */
    assert_int_equal(again.n, 1);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        int n = snprintf(text, sizeof(text), wrong[i], hash, hash);
#pragma GCC diagnostic pop

        if (read_again((size_t)n) != -EBADMSG)
            fail_msg("was read: %s", text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_is_written_is_read, setup),
        cmocka_unit_test_setup(test_a_label_cannot_make_a_line, setup),
        cmocka_unit_test_setup(test_all_of_them_fit, setup),
        cmocka_unit_test_setup(test_what_is_cut_off_is_not_read, setup),
        cmocka_unit_test_setup(test_what_was_changed_is_not_read, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

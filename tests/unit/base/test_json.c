/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON: what strings become, and the limits of a buffer. */
#include "broker/base/json.h"
#include "tests/unit/check.h"

static void assert_is(const struct json *json, const char *expected)
{
    assert_false(json->is_full);
    assert_int_equal(json->n, strlen(expected));
    assert_memory_equal(json->bytes, expected, json->n);
}

static void test_text_is_escaped_and_utf8(void **state)
{
    struct json json = {.most = 1000};

    json_text(&json, "a\"\\\n\x1b<\xc3\xa4\xff\xc0\xaf\xed\xa0\x80");
    assert_is(&json, "\"a\\\"\\\\\\u000a\\u001b<\xc3\xa4"
                     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    json_deinit(&json);
}

static void test_a_buffer_has_a_limit(void **state)
{
    struct json json = {.most = 4};

    json_raw(&json, "abc");
    assert_false(json.is_full);
    json_raw(&json, "de");
    assert_true(json.is_full);
    json_raw(&json, "f");
    assert_int_equal(json.n, 3);
    json_deinit(&json);
}

static void test_somebodys_own_buffer_does_not_grow(void **state)
{
    char bytes[8];
    struct json json = {.bytes = bytes, .room = sizeof(bytes), .most = sizeof(bytes)};

    json_raw(&json, "12345678");
    assert_is(&json, "12345678");
    json_raw(&json, "9");
    assert_true(json.is_full);
    assert_ptr_equal(json.bytes, bytes);
    assert_int_equal(json.n, sizeof(bytes));
}

static void test_members(void **state)
{
    static const char *const expected[] = {
        "{\"a\":\"x\",\"b\":\"\",\"c\":18446744073709551615,\"d\":true,\"e\":null,\"f\":0.333333}",
        "{\"a\": \"x\", \"b\": \"\", \"c\": 18446744073709551615, \"d\": true, \"e\": null, \"f\": 0.333333}",
    };

    for (size_t i = 0; i < 2; i++) {
        struct json json = {.most = 1000, .is_spaced = i};

        json_raw(&json, "{");
        json_member_text(&json, "a", "x");
        json_member_text(&json, "b", NULL);
        json_member_count(&json, "c", UINT64_MAX);
        json_member_flag(&json, "d", true);
        json_member_null(&json, "e");
        json_member_value(&json, "f", 1.0 / 3, 6);
        json_raw(&json, "}");
        assert_is(&json, expected[i]);
        json_deinit(&json);
    }
}

/* However long each character becomes, the text ends with a whole one and the ellipsis. */
static void test_a_long_text_is_cut(void **state)
{
    static const char *const characters[] = {"x", "\"", "\x1b", "ä", "🎭", "\xff"};

    for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++) {
        size_t whole = strlen(characters[i]);

        for (size_t most = 16; most < 40; most++) {
            struct json json = {.most = 1000};
            char text[256] = "";

            for (size_t n = 0; n < 50; n++)
                memcpy(text + n * whole, characters[i], whole + 1);
            json_text_cut(&json, text, most);
            assert_false(json.is_full);
            assert_in_range(json.n, most - 9, most);
            assert_memory_equal(json.bytes + json.n - strlen("…\""), "…\"", strlen("…\""));
            json_deinit(&json);
        }
    }
}

static void test_a_short_text_is_not_cut(void **state)
{
    struct json json = {.most = 1000};

    json_text_cut(&json, "12345", 16);
    assert_is(&json, "\"12345\"");
    json_deinit(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_escaped_and_utf8),
        cmocka_unit_test(test_a_buffer_has_a_limit),
        cmocka_unit_test(test_somebodys_own_buffer_does_not_grow),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_a_long_text_is_cut),
        cmocka_unit_test(test_a_short_text_is_not_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Characters of UTF-8: each code point has one spelling, and nothing else is a character. */
#include "firecurtain/utf8.h"
#include "tests/unit/check.h"

/* Writes a code in `length` bytes, whether that is how it should be or not. */
static void spell(char *text, uint32_t code, size_t length)
{
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = length; i-- > 1; code >>= 6)
        text[i] = (char)(0x80 | (code & 0x3f));
    text[0] = (char)(leads[length] | code);
}

static size_t length_of(uint32_t code)
{
    return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

static size_t length_read(const char *text, size_t bytes)
{
    uint32_t code;

    return fc_utf8_read(text, bytes, &code);
}

static void test_every_code_point_is_read_as_itself(void **state)
{
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
        size_t length = length_of(code);
        uint32_t read = UINT32_MAX;
        char text[4];

        spell(text, code, length);
        assert_int_equal(fc_utf8_read(text, length, &read), is_surrogate ? 0 : length);
        assert_int_equal(read, is_surrogate ? UINT32_MAX : code);
    }
}

static void test_what_is_overlong_is_none(void **state)
{
    char text[4];

    for (uint32_t code = 0; code < 0x10000; code++) {
        for (size_t length = length_of(code) + 1; length <= 4; length++) {
            spell(text, code, length);
            assert_int_equal(length_read(text, length), 0);
        }
    }
}

static void test_what_is_beyond_unicode_is_none(void **state)
{
    char text[4];

    for (uint32_t code = 0x110000; code < 0x200000; code++) {
        spell(text, code, 4);
        assert_int_equal(length_read(text, 4), 0);
    }
    for (unsigned first = 0xf8; first <= 0xff; first++) {
        memset(text, 0x80, sizeof(text));
        text[0] = (char)first;
        assert_int_equal(length_read(text, 4), 0);
    }
}

/* Behind the end of what is left stands the rest of the character, which must not be read. */
static void test_what_is_cut_off_is_none(void **state)
{
    static const char *const characters[] = {"a", "ä", "€", "🎭"};

    for (size_t i = 0; i < 4; i++) {
        for (size_t bytes = 0; bytes <= i; bytes++)
            assert_int_equal(length_read(characters[i], bytes), 0);
        assert_int_equal(length_read(characters[i], i + 1), i + 1);
        assert_int_equal(length_read(characters[i], i + 2), i + 1);
    }
}

static void test_what_goes_on_otherwise_is_none(void **state)
{
    static const char *const texts[] = {
        "\x80",     "\xbf",         "\xc3(",   "\xe2\x82(", "\xe2(\xac", "\xf0\x9f\x8e", "\xf0\x9f\x8e\xc3",
        "\xc0\xaf", "\xed\xa0\x80", "\xfe\xff"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(length_read(texts[i], strlen(texts[i])), 0);
}

static void test_controls(void **state)
{
    for (uint32_t code = 0; code < 0x200; code++) {
        bool is_control = code < 0x20 || code == 0x7f || (code >= 0x80 && code <= 0x9f);

        assert_int_equal(fc_utf8_is_control(code), is_control);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point_is_read_as_itself),
        cmocka_unit_test(test_what_is_overlong_is_none),
        cmocka_unit_test(test_what_is_beyond_unicode_is_none),
        cmocka_unit_test(test_what_is_cut_off_is_none),
        cmocka_unit_test(test_what_goes_on_otherwise_is_none),
        cmocka_unit_test(test_controls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

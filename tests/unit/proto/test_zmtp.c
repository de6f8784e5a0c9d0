/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client may send below libzmq: an honest stream passes however it is cut, any other is refused. */
#include "proto/zmtp.h"
#include "tests/programs/zmtp_opening.h"
#include "tests/unit/check.h"

#define MAX_MESSAGE 300

/* Returns the verdict on the opening followed by these bytes, in pieces of `piece`. */
static const char *verdict(const void *more, size_t n_more, size_t piece)
{
    uint8_t stream[4096];
    size_t n = sizeof(zmtp_opening) + n_more;
    struct zmtp zmtp = {0};
    const char *wrong = NULL;

    assert_true(n <= sizeof(stream));
    memcpy(stream, &zmtp_opening, sizeof(zmtp_opening));
    memcpy(stream + sizeof(zmtp_opening), more, n_more);
    for (size_t i = 0; !wrong && i < n; i += piece)
        wrong = zmtp_check(&zmtp, stream + i, n - i < piece ? n - i : piece, MAX_MESSAGE);
    return wrong;
}

/* Asserts the verdict for pieces of all sizes; NULL: passes. */
static void assert_verdict(const void *more, size_t n_more, const char *expected)
{
    for (size_t piece = 1; piece <= sizeof(zmtp_opening) + n_more; piece++) {
        const char *wrong = verdict(more, n_more, piece);

        if (expected && wrong)
            assert_string_equal(wrong, expected);
        else if (expected || wrong)
            fail_msg("in pieces of %zu: %s", piece, wrong ? wrong : "passes");
    }
}

static void test_messages_of_one_frame_pass(void **state)
{
    uint8_t longest[9 + MAX_MESSAGE] = {2, 0, 0, 0, 0, 0, 0, MAX_MESSAGE >> 8, MAX_MESSAGE & 0xff};

    assert_verdict("", 0, NULL);
    assert_verdict("\0\0", 2, NULL);
    assert_verdict("\0\3abc\0\1x", 8, NULL);
    assert_verdict("\2\0\0\0\0\0\0\0\2ab\0\1c", 14, NULL);
    assert_verdict(longest, sizeof(longest), NULL);
}

static void test_a_body_may_look_like_anything(void **state)
{
    assert_verdict("\0\4\1\xff\1\xff\0\0", 8, NULL);
}

static void test_a_message_in_parts_is_cut(void **state)
{
    assert_verdict("\1\1a\0\1b", 6, "a message in parts");
    assert_verdict("\0\1a\3\0\0\0\0\0\0\0\1b", 13, "a message in parts");
    assert_verdict("\1", 1, "a message in parts");
}

static void test_every_other_bit_of_the_flags_is_cut(void **state)
{
    for (unsigned flags = 0; flags < 256; flags++) {
        uint8_t frame[] = {(uint8_t)flags};

        if (flags != 0 && flags != 2)
            assert_non_null(verdict(frame, 1, 1));
        else
            assert_null(verdict(frame, 1, 1));
    }
}

static void test_a_message_that_is_too_large_is_cut(void **state)
{
    assert_verdict("\2\0\0\0\0\0\0\1\x2d", 9, "a message that is too large");
    assert_verdict("\2\xff\xff\xff\xff\xff\xff\xff\xff", 9, "a message that is too large");
    assert_verdict("\2\0\0\0\1\0\0\0\0", 9, "a message that is too large");
}

static void test_no_command_passes_after_ready(void **state)
{
    assert_verdict("\4\7\4PING\0\0", 9, "a command that no client needs");
    assert_verdict("\4\6\5READY", 8, "a command that no client needs");
    assert_verdict("\6", 1, "a command that no client needs");
}

static const char *first_words(const void *bytes, size_t n_bytes)
{
    struct zmtp zmtp = {0};

    return zmtp_check(&zmtp, bytes, n_bytes, MAX_MESSAGE);
}

static void test_another_greeting_is_cut(void **state)
{
    /* byte by byte: the signature, the version, the mechanism and its padding, and who is the server */
    static const unsigned fixed[] = {0, 9, 10, 12, 13, 15, 16, 31, 32};
    uint8_t greeting[64];

    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        memcpy(greeting, &zmtp_opening, sizeof(greeting));
        greeting[fixed[i]] ^= 1;
        assert_string_equal(first_words(greeting, sizeof(greeting)), "a greeting that is not ZMTP 3");
    }
    memcpy(greeting, &zmtp_opening, sizeof(greeting));
    greeting[11] = 0; /* ZMTP 3.0 */
    greeting[5] = 7;
    assert_null(first_words(greeting, sizeof(greeting)));
}

static const char *after_greeting(const char *frame, size_t n_frame)
{
    uint8_t stream[256];

    memcpy(stream, &zmtp_opening, 64);
    memcpy(stream + 64, frame, n_frame);
    return first_words(stream, 64 + n_frame);
}

static void test_only_ready_opens(void **state)
{
    assert_string_equal(after_greeting("\0\1a", 3), "a message before the handshake");
    assert_string_equal(after_greeting("\1\1a", 3), "a message in parts");
    assert_string_equal(after_greeting("\4\0", 2), "a command without a name");
    assert_string_equal(after_greeting("\4\5\5READ", 7), "a command without a name");
    assert_string_equal(after_greeting("\4\6\5ERROR", 8), "a command that no client needs");
    assert_string_equal(after_greeting("\4\6\6READY", 8), "a command that no client needs");
    assert_string_equal(after_greeting("\6\0\0\0\0\0\0\0\6\5READY", 15), "a command that no client needs");
    assert_null(after_greeting("\4\6\5READY\0\0", 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_of_one_frame_pass),
        cmocka_unit_test(test_a_body_may_look_like_anything),
        cmocka_unit_test(test_a_message_in_parts_is_cut),
        cmocka_unit_test(test_every_other_bit_of_the_flags_is_cut),
        cmocka_unit_test(test_a_message_that_is_too_large_is_cut),
        cmocka_unit_test(test_no_command_passes_after_ready),
        cmocka_unit_test(test_another_greeting_is_cut),
        cmocka_unit_test(test_only_ready_opens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

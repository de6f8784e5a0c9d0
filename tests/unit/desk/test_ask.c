/* SPDX-License-Identifier: BSD-2-Clause */
/* What browsers ask, as text, and what they are told, as JSON. */
#include "broker/desk/ask.h"

#include "broker/base/json.h"
#include "broker/desk/fresh.h"
#include "tests/unit/check.h"

static int read_text(struct ask *ask, const char *text, char room[512])
{
    snprintf(room, 512, "%s", text);
    return ask_read(ask, room, strlen(text));
}

static void test_a_request_is_lines(void **state)
{
    struct ask ask;
    char room[512];

    assert_int_equal(read_text(&ask, "verb emit\nname py1./a b\nvalue 0.25\nfrom 7\nlines 9\n", room), 0);
    assert_int_equal(ask.request.verb, CONTROL_EMIT);
    assert_int_equal(ask.request.n_names, 1);
    assert_string_equal(ask.request.names[0], "py1./a b");
    assert_true(ask.request.value == 0.25);
    assert_int_equal(ask.request.from, 7);
    assert_int_equal(ask.request.lines, 9);
    assert_null(ask.token);
    assert_int_equal(read_text(&ask, "verb enter\ntoken abc", room), 0);
    assert_string_equal(ask.token, "abc");
    assert_int_equal(read_text(&ask, "verb unlock\npin 271828", room), 0);
    assert_string_equal(ask.pin, "271828");
    assert_int_equal(read_text(&ask, "verb emit\nname p.go\nvalue 1\nhold 7", room), 0);
    assert_int_equal(ask.page, 7);
    assert_int_equal(read_text(&ask, "verb unlock\npin 271828", room), 0);
    assert_null(ask.request.pin); /* which is for hashes */
}

static void test_anything_else_is_malformed(void **state)
{
    static const char *const bad[] = {"",
                                      "verb",
                                      "verb ",
                                      "verb none",
                                      "verb fly",
                                      "name x",
                                      "verb emit\nx",
                                      "verb emit\nx y",
                                      "verb emit\nvalue nan",
                                      "verb emit\nvalue inf",
                                      "verb emit\nvalue 1x",
                                      "verb status\nfrom -1",
                                      "verb status\nfrom 99999999999999999999",
                                      "verb logs\nlines 4294967296",
                                      "verb emit\nhold -1",
                                      "verb status\nhold 7",
                                      "verb status\ntoken x",
                                      "verb emit\nname \x01",
                                      "verb emit\nname a\x7f",
                                      "verb emit\nname a\rb"};
    char room[512], many[512] = "verb status";
    struct ask ask;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(read_text(&ask, bad[i], room), -EBADMSG);
    for (size_t i = 0; i <= ASK_MAX_NAMES; i++)
        strcat(many, "\nname x");
    assert_int_equal(read_text(&ask, many, room), -EBADMSG);
    memcpy(room, "verb status\0x", 14);
    assert_int_equal(ask_read(&ask, room, 13), -EBADMSG);
}

static void test_a_channel_is_told_once_with_its_newest_value(void **state)
{
    struct json json = {.most = 1u << 20};
    struct fresh fresh = {0};
    char name[32];

    fresh_note(&fresh, "a.x", 0.5);
    fresh_note(&fresh, "a.y", 1);
    fresh_note(&fresh, "a.x", 0.25);
    json_raw(&json, "{");
    fresh_take(&fresh, &json);
    assert_int_equal(json.n, strlen("{\"a.x\":0.25,\"a.y\":1"));
    assert_memory_equal(json.bytes, "{\"a.x\":0.25,\"a.y\":1", json.n);
    assert_int_equal(fresh.n, 0);
    for (unsigned i = 0; i < FRESH_MAX + 10; i++) {
        snprintf(name, sizeof(name), "a.%u", i);
        fresh_note(&fresh, name, 0);
    }
    assert_int_equal(fresh.n, FRESH_MAX);
    fresh_deinit(&fresh);
    json_deinit(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_request_is_lines),
                                       cmocka_unit_test(test_anything_else_is_malformed),
                                       cmocka_unit_test(test_a_channel_is_told_once_with_its_newest_value)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

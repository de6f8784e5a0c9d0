/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of the control interface, encoded and decoded, and which are refused. */
#include "firecurtain/cleanup.h"
#include "proto/codec_control.h"
#include "tests/unit/check.h"

static int setup(void **state)
{
    return codec_control_new((struct codec_control **)state);
}

static int teardown(void **state)
{
    codec_control_free(*state);
    return 0;
}

static int there_and_back(struct codec_control *codec, const struct control_request *request,
                          struct control_request *got)
{
    uint8_t copy[CONTROL_MAX_REQUEST];
    const void *bytes;
    size_t n_bytes;
    int r = codec_control_encode_request(codec, request, &bytes, &n_bytes);

    if (r < 0)
        return r;
    memcpy(copy, bytes, n_bytes);
    return codec_control_decode_request(codec, copy, n_bytes, got);
}

static void test_a_request(void **state)
{
    const char *names[] = {"py1.level", "desk./1/fader1"};
    struct control_request request = {.version = 1,
                                      .id = UINT64_MAX,
                                      .verb = CONTROL_EMIT,
                                      .names = names,
                                      .n_names = 2,
                                      .value = 0.25,
                                      .from = 7,
                                      .lines = 3,
                                      .usage = true,
                                      .channels = true};
    struct control_request got;

    assert_int_equal(there_and_back(*state, &request, &got), 0);
    assert_int_equal(got.version, 1);
    assert_true(got.id == UINT64_MAX);
    assert_int_equal(got.verb, CONTROL_EMIT);
    assert_int_equal(got.n_names, 2);
    assert_string_equal(got.names[1], names[1]);
    assert_true(got.value == 0.25 && got.from == 7 && got.lines == 3 && got.usage && !got.follow &&
                got.channels);
}

static void test_requests_that_are_refused(void **state)
{
    static char long_name[CONTROL_MAX_NAME + 2];
    const char *many[CONTROL_MAX_NAMES + 1];
    const char *bad[] = {"", "a\nb", "\x1b[2J", "\x7f", long_name};
    struct control_request request = {.version = 1, .verb = CONTROL_STATUS, .n_names = 1};
    struct control_request got;

    memset(long_name, 'x', sizeof(long_name) - 1);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        request.names = &bad[i];
        assert_int_equal(there_and_back(*state, &request, &got), -EBADMSG);
    }
    long_name[CONTROL_MAX_NAME] = '\0';
    assert_int_equal(there_and_back(*state, &request, &got), 0);
    for (size_t i = 0; i <= CONTROL_MAX_NAMES; i++)
        many[i] = "x";
    request.names = many;
    request.n_names = CONTROL_MAX_NAMES + 1;
    assert_int_equal(there_and_back(*state, &request, &got), -EMSGSIZE);
    request.n_names = 0;
    request.value = 0.0 / 0.0;
    assert_int_equal(there_and_back(*state, &request, &got), -EBADMSG);
    request.value = 0.0;
    request.verb = CONTROL_VERBS_;
    assert_int_equal(there_and_back(*state, &request, &got), 0);
    assert_int_equal(got.verb, CONTROL_NONE);
    assert_int_equal(codec_control_decode_request(*state, "\xff\xff", 2, &got), -EBADMSG);
    assert_int_equal(codec_control_decode_request(*state, long_name, CONTROL_MAX_REQUEST + 1, &got),
                     -EMSGSIZE);
}

static void test_a_reply(void **state)
{
    struct control_instance instances[] = {
        {.name = "py1", .state = "running", .pid = 7, .cpu_ms = 9, .is_frozen = true}};
    struct control_route routes[] = {{"a.b", "c.d"}, {"e.f", "g.h"}};
    struct control_line lines[] = {{5, "info", "py1", "text"}};
    struct control_value values[] = {{"py1.x", 0.5}};
    struct control_writer writers[] = {{"desk.x", "alice"}, {"desk.y", NULL}};
    struct control_channel channels[] = {
        {.channel = "py1.x", .is_source = true, .has_value = true, .value = 0.25},
        {.channel = "py1.y", .is_target = true}};
    struct control_reply reply = {.id = 3,
                                  .outcome = CONTROL_FAILED,
                                  .text = "why",
                                  .next = 4,
                                  .missed = 5,
                                  .instances = instances,
                                  .n_instances = 1,
                                  .routes = routes,
                                  .n_routes = 2,
                                  .lines = lines,
                                  .n_lines = 1,
                                  .values = values,
                                  .n_values = 1,
                                  .writers = writers,
                                  .n_writers = 2,
                                  .channels = channels,
                                  .n_channels = 2};
    uint8_t copy[CONTROL_MAX_REPLY];
    struct control_reply got;
    const void *bytes;
    size_t n_bytes;

    assert_int_equal(codec_control_encode_reply(*state, &reply, &bytes, &n_bytes), 0);
    memcpy(copy, bytes, n_bytes);
    assert_int_equal(codec_control_decode_reply(*state, copy, n_bytes, &got), 0);
    assert_true(got.id == 3 && got.outcome == CONTROL_FAILED && got.next == 4 && got.missed == 5);
    assert_string_equal(got.text, "why");
    assert_int_equal(got.n_channels, 2);
    assert_string_equal(got.channels[1].channel, "py1.y");
    assert_true(got.channels[0].is_source && got.channels[0].has_value && got.channels[0].value == 0.25 &&
                !got.channels[0].is_target);
    assert_true(got.channels[1].is_target && !got.channels[1].is_source && !got.channels[1].has_value);
    assert_int_equal(got.n_instances, 1);
    assert_string_equal(got.instances[0].name, "py1");
    assert_string_equal(got.instances[0].backend, "");
    assert_true(got.instances[0].pid == 7 && got.instances[0].cpu_ms == 9 && got.instances[0].is_frozen);
    assert_int_equal(got.n_routes, 2);
    assert_string_equal(got.routes[1].to, "g.h");
    assert_string_equal(got.lines[0].text, "text");
    assert_string_equal(got.values[0].channel, "py1.x");
    assert_true(got.values[0].value == 0.5);
    assert_int_equal(got.n_writers, 2);
    assert_string_equal(got.writers[0].user, "alice");
    assert_string_equal(got.writers[1].user, "");
}

/* Parsers other than ours refuse a message with a string that is not UTF-8. */
static void test_texts_of_replies_are_utf8(void **state)
{
    static const struct {
        const char *text, *sent;
    } texts[] = {
        {"caf\303\251 \342\202\254 \360\237\216\271\n", "caf\303\251 \342\202\254 \360\237\216\271\n"},
        {"caf\351 abc", "caf? abc"},
        {"cut \342\202", "cut ??"},
        {"\377\376", "??"},
        {"\300\257 \355\240\200 \364\220\200\200", "?? ??? ????"}, /* too long, a surrogate, too large */
        {NULL, ""},
    };

    for (size_t i = 0; i < FC_ARRAY_SIZE(texts); i++) {
        struct control_instance instance = {.name = "a",
                                            .detail = texts[i].text,
                                            .last_error = texts[i].text};
        struct control_line line = {.text = texts[i].text};
        struct control_reply got, reply = {.text = texts[i].text,
                                           .instances = &instance,
                                           .n_instances = 1,
                                           .lines = &line,
                                           .n_lines = 1};
        uint8_t copy[512];
        const void *bytes;
        size_t n_bytes;

        assert_int_equal(codec_control_encode_reply(*state, &reply, &bytes, &n_bytes), 0);
        assert_true(n_bytes <= sizeof(copy));
        memcpy(copy, bytes, n_bytes);
        assert_int_equal(codec_control_decode_reply(*state, copy, n_bytes, &got), 0);
        assert_string_equal(got.text, texts[i].sent);
        assert_string_equal(got.instances[0].detail, texts[i].sent);
        assert_string_equal(got.instances[0].last_error, texts[i].sent);
        assert_string_equal(got.lines[0].text, texts[i].sent);
    }
}

static void test_a_reply_that_is_too_large(void **state)
{
    static char text[CONTROL_MAX_REPLY + 1];
    struct control_reply reply = {.text = text};
    const void *bytes;
    size_t n_bytes;

    memset(text, 'x', CONTROL_MAX_REPLY);
    assert_int_equal(codec_control_encode_reply(*state, &reply, &bytes, &n_bytes), -EMSGSIZE);
}

static void test_noise(void **state)
{
    struct dice dice = {.state = 4711};
    struct control_request request;
    struct control_reply reply;
    uint8_t bytes[64];

    for (int i = 0; i < 100000; i++) {
        size_t n = dice_roll(&dice, sizeof(bytes));

        for (size_t at = 0; at < n; at++)
            bytes[at] = (uint8_t)dice_roll(&dice, at % 2 ? 256 : 96);
        if (codec_control_decode_request(*state, bytes, n, &request) == 0)
            assert_true(request.verb < CONTROL_VERBS_);
        if (codec_control_decode_reply(*state, bytes, n, &reply) == 0)
            assert_true(reply.outcome < CONTROL_OUTCOMES_);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_request, setup, teardown),
        cmocka_unit_test_setup_teardown(test_requests_that_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_reply, setup, teardown),
        cmocka_unit_test_setup_teardown(test_texts_of_replies_are_utf8, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_reply_that_is_too_large, setup, teardown),
        cmocka_unit_test_setup_teardown(test_noise, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

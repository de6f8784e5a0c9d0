/* SPDX-License-Identifier: BSD-2-Clause */
/* What only drivers are told, and tell: it survives encoding and decoding, and what is unsound is refused. */
#include "proto/codec.h"
#include "proto/codec_driver.h"
#include "tests/unit/check.h"

static struct codec *encoder, *decoder;
static uint8_t bytes[CODEC_MAX_MESSAGE];

static int setup(void **state)
{
    assert_int_equal(codec_new(&encoder), 0);
    return codec_new(&decoder);
}

static int teardown(void **state)
{
    codec_free(encoder);
    codec_free(decoder);
    return 0;
}

static int send_over(const struct message *message, struct message *result)
{
    ptrdiff_t size = codec_prepare(encoder, message);
    enum codec_side side = message->type < MESSAGE_HELLO ? CODEC_TO_WORKER : CODEC_FROM_WORKER;

    assert_true(size >= 0);
    codec_encode(encoder, bytes);
    *result = (struct message){.type = MESSAGE_TYPES_};
    return codec_decode(decoder, side, bytes, (size_t)size, result);
}

static void test_setup_has_the_options_in_their_order(void **state)
{
    static const struct message_option options[] = {{1, "host", "10.0.0.1"},
                                                    {2, "/a b", "range 0 255"},
                                                    {2, "/a b", ""},
                                                    {4, "user", "ü"}};
    const struct message message = {
        .type = MESSAGE_SETUP,
        .setup = {.instance = "mq",
                  .default_handler = "",
                  .backend = "mqtt",
                  .folder = "/shows",
                  .hosts = "10.0.0.1 a\n",
                  .failed = "there is no device",
                  .is_probe = true,
                  .options = options,
                  .n_options = 4},
    };
    struct message result;

    assert_int_equal(send_over(&message, &result), 0);
    assert_string_equal(result.setup.instance, "mq");
    assert_string_equal(result.setup.backend, "mqtt");
    assert_string_equal(result.setup.folder, "/shows");
    assert_string_equal(result.setup.hosts, "10.0.0.1 a\n");
    assert_string_equal(result.setup.failed, "there is no device");
    assert_true(result.setup.is_probe);
    assert_int_equal(result.setup.n_options, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(result.setup.options[i].scope, options[i].scope);
        assert_string_equal(result.setup.options[i].name, options[i].name);
        assert_string_equal(result.setup.options[i].value, options[i].value);
    }
}

static void test_directions_of_channels(void **state)
{
    static const struct message_channel list[] = {{.name = "a", .source = true},
                                                  {.name = "b", .target = true}};
    const struct message message = {.type = MESSAGE_CHANNELS, .channels = {.list = list, .n = 2}};
    struct message result;

    assert_int_equal(send_over(&message, &result), 0);
    assert_true(result.channels.list[0].source && !result.channels.list[0].target);
    assert_true(result.channels.list[1].target && !result.channels.list[1].source);
}

static void test_a_report_about_the_device(void **state)
{
    static const struct message_device device = {true, "connected to 10.0.0.1", 7};
    const struct message message = {.type = MESSAGE_REPORT, .report = {.device = &device, .heard = true}};
    struct message result;

    assert_int_equal(send_over(&message, &result), 0);
    assert_true(result.report.heard && result.report.device->is_up);
    assert_string_equal(result.report.device->status, "connected to 10.0.0.1");
    assert_int_equal(result.report.device->malformed, 7);
    assert_true(codec_report_fits_driver(&result.report));
    assert_int_equal(send_over(&(struct message){.type = MESSAGE_REPORT}, &result), 0);
    assert_null(result.report.device);
    assert_false(result.report.heard);
}

static void test_words_that_nobody_should_read(void **state)
{
    static char endless[CODEC_MAX_NAME + 2];
    const char *const words[] = {"\x1b[2J", "two\nlines", "\xff", endless};
    struct message result;

    memset(endless, 'x', CODEC_MAX_NAME + 1);
    for (size_t i = 0; i < 4; i++) {
        const struct message_device device = {.status = words[i]};
        const struct message message = {.type = MESSAGE_REPORT, .report = {.device = &device}};

        assert_int_equal(send_over(&message, &result), -EBADMSG);
    }
}

static void test_what_only_scripts_say(void **state)
{
    static const struct message_interval interval = {.id = 1};
    static const struct message_socket socket = {.id = 1};
    static const char *const names[] = {"x"};
    static const uint32_t id;
    static const uint64_t time_ns;

    assert_false(
        codec_report_fits_driver(&(struct message_report){.intervals = &interval, .n_intervals = 1}));
    assert_false(codec_report_fits_driver(&(struct message_report){.sockets = &socket, .n_sockets = 1}));
    assert_false(
        codec_report_fits_driver(&(struct message_report){.new_channels = names, .n_new_channels = 1}));
    assert_false(codec_report_fits_driver(&(struct message_report){.files = names, .n_files = 1}));
    assert_false(codec_report_fits_driver(&(struct message_report){.exceptions = 1}));
    assert_false(codec_report_fits_driver(&(struct message_report){.ticked = {&id, &time_ns, 1, 0}}));
    assert_true(codec_report_fits_driver(&(struct message_report){.done = true, .n_events = 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_setup_has_the_options_in_their_order),
        cmocka_unit_test(test_directions_of_channels),
        cmocka_unit_test(test_a_report_about_the_device),
        cmocka_unit_test(test_words_that_nobody_should_read),
        cmocka_unit_test(test_what_only_scripts_say),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

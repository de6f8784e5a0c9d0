/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that no peer of ours would send: each is refused, and the codec works on as if nothing had been. */
#include "proto/codec.h"
#include "tests/unit/check.h"

#define BYTES(literal) literal, sizeof(literal) - 1

/* FromWorker.report, Report.new_channels; see worker.proto */
#define TAG_REPORT 0x1a
#define TAG_NAME   0x12

static struct codec *codec;

static int setup(void **state)
{
    return codec_new(&codec);
}

static int teardown(void **state)
{
    codec = codec_free(codec);
    return 0;
}

static int decode(enum codec_side side, const void *bytes, size_t n_bytes, struct message *message)
{
    void *copy = malloc(n_bytes ? n_bytes : 1); /* of exactly this size, so that a sanitizer sees the end */
    int r;

    assert_non_null(copy);
    memcpy(copy, bytes, n_bytes);
    r = codec_decode(codec, side, copy, n_bytes, message);
    free(copy);
    return r;
}

static void assert_refused(enum codec_side side, const char *bytes, size_t n_bytes)
{
    struct message message;
    int r = decode(side, bytes, n_bytes, &message);

    if (r != -EBADMSG)
        fail_msg("%d for \"%.*s\"", r, (int)n_bytes, bytes);
}

static void test_no_kind(void **state)
{
    assert_refused(CODEC_FROM_WORKER, BYTES(""));
    assert_refused(CODEC_TO_WORKER, BYTES(""));
    assert_refused(CODEC_FROM_WORKER, BYTES("\x78\x01")); /* a field that there is not */
}

static void test_the_other_direction(void **state)
{
    assert_refused(CODEC_TO_WORKER, BYTES("\x2a\x00"));           /* stopped */
    assert_refused(CODEC_FROM_WORKER, BYTES("\x0a\x02\x0a\x00")); /* setup, in the place of hello */
}

static void test_cut_and_wrong(void **state)
{
    assert_refused(CODEC_FROM_WORKER, BYTES("\x0a"));
    assert_refused(CODEC_FROM_WORKER, BYTES("\x0a\x05\x08\x01"));
    assert_refused(CODEC_FROM_WORKER, BYTES("\x0a\xff\xff\xff\xff\x0f"));
    assert_refused(CODEC_FROM_WORKER, BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    assert_refused(CODEC_FROM_WORKER, BYTES("\xff\xff\xff\xff\xff\xff"));
    assert_refused(CODEC_FROM_WORKER, BYTES("\x08\x01"));                     /* hello as a number */
    assert_refused(CODEC_FROM_WORKER, BYTES("\x0b\x0c"));                     /* a group */
    assert_refused(CODEC_FROM_WORKER, BYTES("\x1a\x04\x1a\x02\x01\x02"));     /* half a channel */
    assert_refused(CODEC_FROM_WORKER, BYTES("\x1a\x05\x22\x03\x01\x02\x03")); /* a part of a value */
    assert_refused(CODEC_FROM_WORKER, "garbage that is no message at all", 33);
}

static void test_every_cut_of_a_report_is_refused_or_consistent(void **state)
{
    const uint32_t channels[] = {1, 2};
    const double values[] = {0.5, 1.0};
    const char *names[] = {"one"};
    const struct message_interval interval = {1, 1000, 5};
    const struct message_socket socket = {2, 9};
    struct message sent = {.type = MESSAGE_REPORT,
                           .report = {.done = true,
                                      .new_channels = names,
                                      .n_new_channels = 1,
                                      .channels = channels,
                                      .values = values,
                                      .n_events = 2,
                                      .intervals = &interval,
                                      .n_intervals = 1,
                                      .sockets = &socket,
                                      .n_sockets = 1,
                                      .exceptions = 3}};
    struct message message;
    uint8_t bytes[256];
    ptrdiff_t size = codec_prepare(codec, &sent);

    assert_true(size > 0 && (size_t)size <= sizeof(bytes));
    codec_encode(codec, bytes);
    for (size_t n = 0; n < (size_t)size; n++)
        assert_int_equal(decode(CODEC_FROM_WORKER, bytes, n, &message), -EBADMSG);
    assert_int_equal(decode(CODEC_FROM_WORKER, bytes, (size_t)size, &message), 0);
}

static void test_unequal_arrays(void **state)
{
    /* one channel and no value, and the other way round, in both directions */
    assert_refused(CODEC_FROM_WORKER, BYTES("\x1a\x06\x1a\x04\x01\x00\x00\x00"));
    assert_refused(CODEC_FROM_WORKER, BYTES("\x1a\x0a\x22\x08\x00\x00\x00\x00\x00\x00\xf0\x3f"));
    assert_refused(CODEC_TO_WORKER, BYTES("\x1a\x06\x0a\x04\x01\x00\x00\x00"));
    assert_refused(CODEC_TO_WORKER, BYTES("\x1a\x0a\x12\x08\x00\x00\x00\x00\x00\x00\xf0\x3f"));
    /* an interval and no time */
    assert_refused(CODEC_FROM_WORKER, BYTES("\x1a\x03\x4a\x01\x01"));
    assert_refused(CODEC_TO_WORKER, BYTES("\x3a\x03\x0a\x01\x01"));
    /* two channels, one value */
    assert_refused(CODEC_FROM_WORKER, BYTES("\x1a\x14\x1a\x08\x01\x00\x00\x00\x02\x00\x00\x00"
                                            "\x22\x08\x00\x00\x00\x00\x00\x00\xf0\x3f"));
}

/* A report that makes one channel of this name. */
static int decode_name(const char *name, size_t n_bytes)
{
    uint8_t bytes[1024] = {TAG_REPORT};
    size_t inner = n_bytes + (n_bytes < 128 ? 2 : 3), n = 1;
    struct message message;
    int r;

    assert_true(n_bytes < 1000);
    bytes[n++] = (uint8_t)(inner | 0x80);
    bytes[n++] = (uint8_t)(inner >> 7);
    bytes[n++] = TAG_NAME;
    if (n_bytes >= 128) {
        bytes[n++] = (uint8_t)(n_bytes | 0x80);
        bytes[n++] = (uint8_t)(n_bytes >> 7);
    } else {
        bytes[n++] = (uint8_t)n_bytes;
    }
    memcpy(bytes + n, name, n_bytes);
    r = decode(CODEC_FROM_WORKER, bytes, n + n_bytes, &message);
    if (r == 0) {
        assert_int_equal(message.report.n_new_channels, 1);
        assert_int_equal(strlen(message.report.new_channels[0]), n_bytes);
        assert_memory_equal(message.report.new_channels[0], name, n_bytes);
    }
    return r;
}

static void assert_name(const char *name, size_t n_bytes, int expected)
{
    int r = decode_name(name, n_bytes);

    if (r != expected)
        fail_msg("%d, not %d, for the name \"%.*s\"", r, expected, (int)n_bytes, name);
}

static void test_good_names(void **state)
{
    assert_name(BYTES("a"), 0);
    assert_name(BYTES("/1/fader 2"), 0);
    assert_name(BYTES("~!\"\\"), 0);
    assert_name(BYTES("\xc2\xa0\xc3\xa9\xdf\xbf"), 0);
    assert_name(BYTES("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"), 0);
    assert_name(BYTES("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), 0);
}

static void test_names_of_bad_utf8(void **state)
{
    assert_name(BYTES("a\x80"), -EBADMSG);
    assert_name(BYTES("\xc0\x80"), -EBADMSG);
    assert_name(BYTES("\xc1\xbf"), -EBADMSG);
    assert_name(BYTES("\xc3"), -EBADMSG);
    assert_name(BYTES("\xc3z"), -EBADMSG);
    assert_name(BYTES("\xe0\x9f\xbf"), -EBADMSG);
    assert_name(BYTES("\xe2\x82"), -EBADMSG);
    assert_name(BYTES("\xed\xa0\x80"), -EBADMSG);
    assert_name(BYTES("\xf0\x8f\xbf\xbf"), -EBADMSG);
    assert_name(BYTES("\xf0\x9f\x98"), -EBADMSG);
    assert_name(BYTES("\xf4\x90\x80\x80"), -EBADMSG);
    assert_name(BYTES("\xf5\x80\x80\x80"), -EBADMSG);
    assert_name(BYTES("\xff"), -EBADMSG);
}

static void test_names_with_control_characters(void **state)
{
    assert_name(BYTES("a\nb"), -EBADMSG);
    assert_name(BYTES("\x1b[2J"), -EBADMSG);
    assert_name(BYTES("\x01"), -EBADMSG);
    assert_name(BYTES("\x1f"), -EBADMSG);
    assert_name(BYTES("\x7f"), -EBADMSG);
    assert_name(BYTES("tab\there"), -EBADMSG);
}

/* U+0080 to U+009F are control characters too: U+009B begins a terminal's escape sequence. */
static void test_names_with_c1_control_characters(void **state)
{
    assert_name(BYTES("\xc2\x80"), -EBADMSG);
    assert_name(BYTES("a\xc2\x9b"
                      "2J"),
                -EBADMSG);
    assert_name(BYTES("\xc2\x9f"), -EBADMSG);
}

/* A NUL ends the name: what is behind it never reaches anybody. */
static void test_names_with_a_nul(void **state)
{
    struct message message;

    assert_int_equal(decode(CODEC_FROM_WORKER, BYTES("\x1a\x0a\x12\x08other\0\x1b["), &message), 0);
    assert_string_equal(message.report.new_channels[0], "other");
    assert_int_equal(decode(CODEC_FROM_WORKER, BYTES("\x1a\x06\x12\x04one\0"), &message), 0);
    assert_string_equal(message.report.new_channels[0], "one");
    assert_refused(CODEC_FROM_WORKER, BYTES("\x1a\x04\x12\x02\0a"));
}

static void test_length_of_names(void **state)
{
    char name[CODEC_MAX_NAME + 1];

    memset(name, 'n', sizeof(name));
    assert_name(name, 0, -EBADMSG);
    assert_name(name, CODEC_MAX_NAME, 0);
    assert_name(name, CODEC_MAX_NAME + 1, -EBADMSG);
}

static void test_too_large_in_either_direction(void **state)
{
    static const enum codec_side sides[] = {CODEC_FROM_WORKER, CODEC_TO_WORKER};
    uint8_t *bytes = calloc(1, CODEC_MAX_MESSAGE + 1);
    struct message message;

    assert_non_null(bytes);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(codec_decode(codec, sides[i], bytes, CODEC_MAX_MESSAGE + 1, &message), -EMSGSIZE);
        assert_int_equal(codec_decode(codec, sides[i], bytes, CODEC_MAX_MESSAGE, &message), -EBADMSG);
    }
    free(bytes);
}

static void test_too_large_to_send(void **state)
{
    size_t n = CODEC_MAX_MESSAGE / 12 + 1; /* an event has twelve bytes */
    uint32_t *channels = calloc(n, sizeof(*channels));
    double *values = calloc(n, sizeof(*values));
    struct message report = {.type = MESSAGE_REPORT, .report = {.channels = channels, .values = values}};
    struct message batch = {.type = MESSAGE_BATCH, .batch = {.channels = channels, .values = values}};

    assert_true(channels && values);
    report.report.n_events = batch.batch.n_events = n;
    assert_int_equal(codec_prepare(codec, &report), -EMSGSIZE);
    assert_int_equal(codec_prepare(codec, &batch), -EMSGSIZE);
    report.report.n_events = batch.batch.n_events = n - 3;
    assert_true(codec_prepare(codec, &report) > 0);
    assert_true(codec_prepare(codec, &batch) > 0);
    free(channels);
    free(values);
}

/* Two bytes on the wire may be a structure of many in memory: a message full of them must not be a flood. */
static void test_a_message_of_empty_intervals(void **state)
{
    uint8_t *bytes = malloc(CODEC_MAX_MESSAGE);
    size_t inner = CODEC_MAX_MESSAGE - 4;
    struct message message;

    assert_non_null(bytes);
    bytes[0] = TAG_REPORT;
    bytes[1] = (uint8_t)(inner | 0x80);
    bytes[2] = (uint8_t)(inner >> 7 | 0x80);
    bytes[3] = (uint8_t)(inner >> 14);
    for (size_t i = 4; i + 1 < CODEC_MAX_MESSAGE; i += 2) {
        bytes[i] = 0x2a;
        bytes[i + 1] = 0;
    }
    assert_int_equal(codec_decode(codec, CODEC_FROM_WORKER, bytes, CODEC_MAX_MESSAGE, &message), -EBADMSG);
    free(bytes);
}

/* After all this, an ordinary message is read as ever; of two kinds in one message the last one counts. */
static void test_it_works_on(void **state)
{
    struct message message;

    for (size_t i = 0; i < 100; i++)
        assert_refused(CODEC_FROM_WORKER, BYTES("\x1a\x05\x12\x03"
                                                "a\nb"));
    assert_int_equal(decode(CODEC_FROM_WORKER, BYTES("\x0a\x02\x08\x07"), &message), 0);
    assert_int_equal(message.type, MESSAGE_HELLO);
    assert_int_equal(message.hello_version, 7);
    assert_int_equal(decode(CODEC_FROM_WORKER, BYTES("\x0a\x02\x08\x07\x2a\x00"), &message), 0);
    assert_int_equal(message.type, MESSAGE_STOPPED);
}

int main(void)
{
#define codec_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        codec_test(test_no_kind),
        codec_test(test_the_other_direction),
        codec_test(test_cut_and_wrong),
        codec_test(test_every_cut_of_a_report_is_refused_or_consistent),
        codec_test(test_unequal_arrays),
        codec_test(test_good_names),
        codec_test(test_names_of_bad_utf8),
        codec_test(test_names_with_control_characters),
        codec_test(test_names_with_c1_control_characters),
        codec_test(test_names_with_a_nul),
        codec_test(test_length_of_names),
        codec_test(test_too_large_in_either_direction),
        codec_test(test_too_large_to_send),
        codec_test(test_a_message_of_empty_intervals),
        codec_test(test_it_works_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

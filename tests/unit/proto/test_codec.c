/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages survive encoding and decoding: every type, empty and as full as possible. */
#include <float.h>
#include <limits.h>
#include <math.h>

#include "proto/codec.h"
#include "tests/unit/check.h"

/* As in worker/base/session.c: when one of them is reached, a report is sent. */
#define SESSION_MAX_NAMES   1024u
#define SESSION_MAX_CHANGES 4096u
#define SESSION_MAX_TICKED  256u

struct wire {
    struct codec *encoder;
    struct codec *decoder;
    uint8_t *bytes;
    size_t n_bytes;
};

static int setup(void **state)
{
    struct wire *wire = calloc(1, sizeof(*wire));

    assert_non_null(wire);
    assert_int_equal(codec_new(&wire->encoder), 0);
    assert_int_equal(codec_new(&wire->decoder), 0);
    *state = wire;
    return 0;
}

static int teardown(void **state)
{
    struct wire *wire = *state;

    assert_null(codec_free(wire->encoder));
    assert_null(codec_free(wire->decoder));
    assert_null(codec_free(NULL));
    free(wire->bytes);
    free(wire);
    return 0;
}

/* Encodes and decodes; what comes out has the same type. */
static struct message send_over(struct wire *wire, const struct message *message)
{
    enum codec_side side = message->type < MESSAGE_HELLO ? CODEC_TO_WORKER : CODEC_FROM_WORKER;
    ptrdiff_t size = codec_prepare(wire->encoder, message);
    struct message result = {.type = MESSAGE_TYPES_};

    assert_true(size >= 0);
    free(wire->bytes);
    wire->n_bytes = (size_t)size;
    wire->bytes = malloc(wire->n_bytes + 1);
    assert_non_null(wire->bytes);
    wire->bytes[wire->n_bytes] = 0xa5;
    codec_encode(wire->encoder, wire->bytes);
    assert_int_equal(wire->bytes[wire->n_bytes], 0xa5);
    assert_int_equal(codec_decode(wire->decoder, side, wire->bytes, wire->n_bytes, &result), 0);
    assert_int_equal(result.type, message->type);
    return result;
}

static void test_messages_without_content(void **state)
{
    static const enum message_type types[] = {MESSAGE_PROCEED, MESSAGE_STOP, MESSAGE_READY, MESSAGE_STOPPED};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        send_over(*state, &(struct message){.type = types[i]});
}

static void test_ready(void **state)
{
    struct message message = {.type = MESSAGE_READY, .ready_missing = 3};

    assert_int_equal(send_over(*state, &message).ready_missing, 3);
}

static void test_channels(void **state)
{
    static const struct message_channel list[] = {{"a", true, 0.25, 1.0}, {"größer", false, 0.0, 0.5}};
    struct message message = {.type = MESSAGE_CHANNELS, .channels = {.list = list, .n = 2, .values = true}};
    struct message result = send_over(*state, &message);

    assert_true(result.channels.values);
    assert_int_equal(result.channels.n, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(result.channels.list[i].name, list[i].name);
        assert_int_equal(result.channels.list[i].target, list[i].target);
        assert_double(result.channels.list[i].input, list[i].input);
        assert_double(result.channels.list[i].output, list[i].output);
    }
    message.channels = (struct message_channels){0};
    assert_int_equal(send_over(*state, &message).channels.n, 0);
}

static void test_hello(void **state)
{
    static const uint32_t versions[] = {0, CODEC_VERSION, UINT32_MAX};

    for (size_t i = 0; i < 3; i++) {
        struct message message = {.type = MESSAGE_HELLO, .hello_version = versions[i]};

        assert_int_equal(send_over(*state, &message).hello_version, versions[i]);
    }
}

static void test_times(void **state)
{
    struct message proceed = {.type = MESSAGE_PROCEED, .time_ns = UINT64_MAX};
    struct message stop = {.type = MESSAGE_STOP, .time_ns = 1};
    struct message batch = {.type = MESSAGE_BATCH, .batch = {.time_ns = 2}};

    assert_true(send_over(*state, &proceed).time_ns == UINT64_MAX);
    assert_true(send_over(*state, &stop).time_ns == 1);
    assert_true(send_over(*state, &batch).batch.time_ns == 2);
}

static void test_locked(void **state)
{
    static const int32_t fds[] = {0, 7, -1, INT32_MAX, INT32_MIN};

    for (size_t i = 0; i < 5; i++) {
        struct message message = {.type = MESSAGE_LOCKED, .locked = {.notify_fd = fds[i], .calls = i}};

        assert_int_equal(send_over(*state, &message).locked.notify_fd, fds[i]);
    }
}

static void test_setup(void **state)
{
    static const char *const modules[] = {"faders", "lights.scenes"};
    static const struct message_channel channels[] = {{"a", true, 0.25, 1.0},
                                                      {"", false, 0.0, 0.0},
                                                      {"grün {1..5}", false, 1.0, 0.5},
                                                      {"a", true, 0.0, 0.1}};
    struct message message = {.type = MESSAGE_SETUP,
                              .setup = {.instance = "py",
                                        .modules = modules,
                                        .n_modules = 2,
                                        .default_handler = "faders.default",
                                        .channels = channels,
                                        .n_channels = 4}};
    struct message result = send_over(*state, &message);

    assert_string_equal(result.setup.instance, "py");
    assert_string_equal(result.setup.default_handler, "faders.default");
    assert_int_equal(result.setup.n_modules, 2);
    assert_string_equal(result.setup.modules[0], "faders");
    assert_string_equal(result.setup.modules[1], "lights.scenes");
    assert_int_equal(result.setup.n_channels, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(result.setup.channels[i].name, channels[i].name);
        assert_int_equal(result.setup.channels[i].target, channels[i].target);
        assert_double(result.setup.channels[i].input, channels[i].input);
        assert_double(result.setup.channels[i].output, channels[i].output);
    }
}

static void test_setup_with_nothing(void **state)
{
    struct message message = {.type = MESSAGE_SETUP, .setup = {.instance = "", .default_handler = ""}};
    struct message result = send_over(*state, &message);

    assert_string_equal(result.setup.instance, "");
    assert_string_equal(result.setup.default_handler, "");
    assert_int_equal(result.setup.n_modules, 0);
    assert_int_equal(result.setup.n_channels, 0);
}

static void test_batch(void **state)
{
    static const uint32_t channels[] = {0, UINT32_MAX, 5, 5}, ready[] = {3};
    static const double values[] = {0.0, 1.0, 0.1, DBL_MIN};
    struct message message = {.type = MESSAGE_BATCH, .batch = {channels, values, 4, ready, 1, 0}};
    struct message result = send_over(*state, &message);

    assert_int_equal(result.batch.n_events, 4);
    assert_memory_equal(result.batch.channels, channels, sizeof(channels));
    assert_memory_equal(result.batch.values, values, sizeof(values));
    assert_int_equal(result.batch.n_ready, 1);
    assert_int_equal(result.batch.ready[0], 3);
}

static void test_batch_with_nothing(void **state)
{
    struct message result = send_over(*state, &(struct message){.type = MESSAGE_BATCH});

    assert_int_equal(result.batch.n_events, 0);
    assert_int_equal(result.batch.n_ready, 0);
}

static void test_ticks(void **state)
{
    static const uint32_t ids[] = {0, 1000, UINT32_MAX};
    static const uint64_t due_ns[] = {UINT64_MAX, 0, 1};
    struct message result =
        send_over(*state, &(struct message){.type = MESSAGE_TICKS, .ticks = {ids, due_ns, 3, 0}});

    assert_int_equal(result.ticks.n, 3);
    assert_memory_equal(result.ticks.ids, ids, sizeof(ids));
    assert_memory_equal(result.ticks.times_ns, due_ns, sizeof(due_ns));
}

static void test_report(void **state)
{
    static const char *const names[] = {"new", "größer"};
    static const uint32_t channels[] = {7, 0};
    static const double values[] = {0.5, 1.0};
    static const struct message_interval intervals[] = {{1, 0, 0}, {UINT32_MAX, UINT64_MAX, UINT64_MAX}};
    static const struct message_socket sockets[] = {{0, -1}, {UINT32_MAX, INT32_MAX}, {3, INT32_MIN}};
    static const char *const files[] = {"show.py", "größe/__init__.py"};
    static const uint32_t ticked[] = {5, UINT32_MAX};
    static const uint64_t ticked_ns[] = {1, UINT64_MAX};
    struct message message = {.type = MESSAGE_REPORT,
                              .report = {true,
                                         names,
                                         2,
                                         channels,
                                         values,
                                         2,
                                         intervals,
                                         2,
                                         sockets,
                                         3,
                                         UINT32_MAX,
                                         files,
                                         2,
                                         {ticked, ticked_ns, 2, 0}}};
    struct message result = send_over(*state, &message);

    assert_true(result.report.done);
    assert_int_equal(result.report.n_new_channels, 2);
    assert_string_equal(result.report.new_channels[0], "new");
    assert_string_equal(result.report.new_channels[1], "größer");
    assert_int_equal(result.report.n_events, 2);
    assert_memory_equal(result.report.channels, channels, sizeof(channels));
    assert_memory_equal(result.report.values, values, sizeof(values));
    assert_int_equal(result.report.n_intervals, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(result.report.intervals[i].id, intervals[i].id);
        assert_true(result.report.intervals[i].period_ms == intervals[i].period_ms);
        assert_true(result.report.intervals[i].from_ns == intervals[i].from_ns);
    }
    assert_int_equal(result.report.n_sockets, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(result.report.sockets[i].id, sockets[i].id);
        assert_int_equal(result.report.sockets[i].fd, sockets[i].fd);
    }
    assert_int_equal(result.report.exceptions, UINT32_MAX);
    assert_int_equal(result.report.n_files, 2);
    assert_string_equal(result.report.files[0], "show.py");
    assert_string_equal(result.report.files[1], "größe/__init__.py");
    assert_int_equal(result.report.ticked.n, 2);
    assert_memory_equal(result.report.ticked.ids, ticked, sizeof(ticked));
    assert_memory_equal(result.report.ticked.times_ns, ticked_ns, sizeof(ticked_ns));
}

static void test_report_with_nothing(void **state)
{
    struct message result = send_over(*state, &(struct message){.type = MESSAGE_REPORT});

    assert_false(result.report.done);
    assert_int_equal(result.report.n_new_channels, 0);
    assert_int_equal(result.report.n_events, 0);
    assert_int_equal(result.report.n_intervals, 0);
    assert_int_equal(result.report.n_sockets, 0);
    assert_int_equal(result.report.exceptions, 0);
}

/* Judging values is up to the broker; they must arrive bit by bit as they were sent. */
static void test_values_that_are_no_numbers_arrive_unchanged(void **state)
{
    const uint32_t channels[] = {0, 1, 2, 3};
    const double values[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, -0.0};
    struct message message = {.type = MESSAGE_REPORT,
                              .report = {.channels = channels, .values = values, .n_events = 4}};
    struct message result = send_over(*state, &message);

    assert_memory_equal(result.report.values, values, sizeof(values));
}

/* The largest report that worker/base/session.c can make: all its lists full, every number at its longest. */
static void test_the_largest_report_fits(void **state)
{
    struct wire *wire = *state;
    uint32_t *channels = malloc(CODEC_MAX_BATCH_EVENTS * sizeof(*channels));
    double *values = malloc(CODEC_MAX_BATCH_EVENTS * sizeof(*values));
    static const char *names[SESSION_MAX_NAMES];
    static struct message_interval intervals[SESSION_MAX_CHANGES];
    static struct message_socket sockets[SESSION_MAX_CHANGES];
    static uint32_t ticked[SESSION_MAX_TICKED];
    static uint64_t ticked_ns[SESSION_MAX_TICKED];
    char name[CODEC_MAX_NAME + 1];
    struct message message, result;

    memset(name, 'n', CODEC_MAX_NAME);
    name[CODEC_MAX_NAME] = '\0';
    memset(ticked, 0xff, sizeof(ticked));
    for (size_t i = 0; i < SESSION_MAX_NAMES; i++)
        names[i] = name;
    for (size_t i = 0; i < SESSION_MAX_CHANGES; i++) {
        intervals[i] = (struct message_interval){UINT32_MAX, UINT64_MAX, UINT64_MAX};
        sockets[i] = (struct message_socket){UINT32_MAX, INT32_MIN};
    }
    for (size_t i = 0; i < CODEC_MAX_BATCH_EVENTS; i++) {
        channels[i] = UINT32_MAX - (uint32_t)i;
        values[i] = 0.1;
    }
    message = (struct message){.type = MESSAGE_REPORT,
                               .report = {true,
                                          names,
                                          SESSION_MAX_NAMES,
                                          channels,
                                          values,
                                          CODEC_MAX_BATCH_EVENTS,
                                          intervals,
                                          SESSION_MAX_CHANGES,
                                          sockets,
                                          SESSION_MAX_CHANGES,
                                          UINT32_MAX,
                                          NULL,
                                          0,
                                          {ticked, ticked_ns, SESSION_MAX_TICKED, 0}}};
    result = send_over(wire, &message);
    assert_true(wire->n_bytes <= CODEC_MAX_FROM_WORKER);
    assert_int_equal(result.report.n_new_channels, SESSION_MAX_NAMES);
    assert_string_equal(result.report.new_channels[SESSION_MAX_NAMES - 1], name);
    assert_int_equal(result.report.n_events, CODEC_MAX_BATCH_EVENTS);
    assert_memory_equal(result.report.channels, channels, CODEC_MAX_BATCH_EVENTS * sizeof(*channels));
    assert_memory_equal(result.report.values, values, CODEC_MAX_BATCH_EVENTS * sizeof(*values));
    assert_int_equal(result.report.n_intervals, SESSION_MAX_CHANGES);
    assert_int_equal(result.report.n_sockets, SESSION_MAX_CHANGES);
    free(channels);
    free(values);
}

/* As many channels as an instance may have, with names as long as fit into the message. */
static void test_the_largest_setup(void **state)
{
    const size_t n = 262144, name_bytes = 96;
    struct message_channel *channels = calloc(n, sizeof(*channels));
    char *names = malloc(n * name_bytes);
    struct message message = {
        .type = MESSAGE_SETUP,
        .setup = {.instance = "py", .default_handler = "", .channels = channels, .n_channels = n}};
    struct message result;

    assert_true(channels && names);
    for (size_t i = 0; i < n; i++) {
        snprintf(names + i * name_bytes, name_bytes, "%0*zu", (int)name_bytes - 1, i);
        channels[i] = (struct message_channel){names + i * name_bytes, true, 0.5, 0.25};
    }
    result = send_over(*state, &message);
    assert_int_equal(result.setup.n_channels, n);
    for (size_t i = 0; i < n; i += 997)
        assert_string_equal(result.setup.channels[i].name, channels[i].name);
    free(channels);
    free(names);
}

int main(void)
{
#define codec_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        codec_test(test_messages_without_content),
        codec_test(test_hello),
        codec_test(test_times),
        codec_test(test_ready),
        codec_test(test_channels),
        codec_test(test_locked),
        codec_test(test_setup),
        codec_test(test_setup_with_nothing),
        codec_test(test_batch),
        codec_test(test_batch_with_nothing),
        codec_test(test_ticks),
        codec_test(test_report),
        codec_test(test_report_with_nothing),
        codec_test(test_values_that_are_no_numbers_arrive_unchanged),
        codec_test(test_the_largest_report_fits),
        codec_test(test_the_largest_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages survive encoding and decoding: every type, empty and as full as possible. */
#include <float.h>
#include <limits.h>
#include <math.h>

#include "proto/codec.h"
#include "tests/unit/check.h"

/* As in worker/base/session.c: when one of them is reached, a report is sent. */
#define SESSION_MAX_TEXT_BYTES 16384u

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

static void test_failed(void **state)
{
    char text[CODEC_MAX_FAILURE + 2];
    struct message message = {.type = MESSAGE_FAILED,
                              .failure = {.text = "the module x cannot be imported\n\x1b[2J\n",
                                          .is_lasting = true}};
    struct message result = send_over(*state, &message);

    assert_string_equal(result.failure.text, message.failure.text);
    assert_true(result.failure.is_lasting);
    memset(text, 'a', sizeof(text));
    text[CODEC_MAX_FAILURE] = '\0';
    message.failure = (struct message_failure){.text = text};
    assert_int_equal(strlen(send_over(*state, &message).failure.text), CODEC_MAX_FAILURE);
}

static void test_a_traceback_that_is_too_long(void **state)
{
    struct wire *wire = *state;
    char text[CODEC_MAX_FAILURE + 2];
    struct message message = {.type = MESSAGE_FAILED, .failure = {.text = text}}, result;
    ptrdiff_t n;

    memset(text, 'a', sizeof(text));
    text[CODEC_MAX_FAILURE + 1] = '\0';
    n = codec_prepare(wire->encoder, &message);
    assert_true(n > 0);
    free(wire->bytes);
    wire->bytes = malloc((size_t)n);
    assert_non_null(wire->bytes);
    codec_encode(wire->encoder, wire->bytes);
    assert_int_equal(codec_decode(wire->decoder, CODEC_FROM_WORKER, wire->bytes, (size_t)n, &result),
                     -EBADMSG);
}

static void test_ready(void **state)
{
    struct message message = {.type = MESSAGE_READY, .ready_missing = 3};

    assert_int_equal(send_over(*state, &message).ready_missing, 3);
}

static void test_channels(void **state)
{
    static const struct message_channel list[] = {{"a", true, 0.25, 1.0, false},
                                                  {"größer", false, 0.0, 0.5, false}};
    struct message message = {.type = MESSAGE_CHANNELS,
                              .channels = {.list = list, .n = 2, .first = 7, .values = true}};
    struct message result = send_over(*state, &message);

    assert_true(result.channels.values);
    assert_int_equal(result.channels.first, 7);
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
        struct message message = {.type = MESSAGE_LOCKED, .notify_fd = fds[i]};

        assert_int_equal(send_over(*state, &message).notify_fd, fds[i]);
    }
}

static void test_setup(void **state)
{
    static const char *const modules[] = {"faders", "lights.scenes"};
    struct message message = {.type = MESSAGE_SETUP,
                              .setup = {.instance = "py",
                                        .modules = modules,
                                        .n_modules = 2,
                                        .default_handler = "faders.default",
                                        .start_ms = 1,
                                        .handler_ms = 2,
                                        .stop_ms = UINT64_MAX}};
    struct message result = send_over(*state, &message);

    assert_string_equal(result.setup.instance, "py");
    assert_string_equal(result.setup.default_handler, "faders.default");
    assert_int_equal(result.setup.n_modules, 2);
    assert_string_equal(result.setup.modules[0], "faders");
    assert_string_equal(result.setup.modules[1], "lights.scenes");
    assert_true(result.setup.start_ms == 1 && result.setup.handler_ms == 2 &&
                result.setup.stop_ms == UINT64_MAX);
}

static void test_setup_with_nothing(void **state)
{
    struct message message = {.type = MESSAGE_SETUP, .setup = {.instance = "", .default_handler = ""}};
    struct message result = send_over(*state, &message);

    assert_string_equal(result.setup.instance, "");
    assert_string_equal(result.setup.default_handler, "");
    assert_int_equal(result.setup.n_modules, 0);
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
                                         {ticked, ticked_ns, 2, 0},
                                         NULL,
                                         false}};
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

/*
 * The most that worker/base/session.c collects: every list full, every number at its longest. Names and files
 * share what there may be of text.
 */
/* With room for one entry too many in each list. */
struct full_report {
    char name[CODEC_MAX_NAME + 1];
    const char *names[CODEC_MAX_NEW_CHANNELS + 1];
    const char *files[CODEC_MAX_FILES + 1];
    struct message_interval intervals[CODEC_MAX_INTERVALS + 1];
    struct message_socket sockets[CODEC_MAX_SOCKETS + 1];
    uint32_t ticked[CODEC_MAX_TICKED + 1];
    uint64_t ticked_ns[CODEC_MAX_TICKED + 1];
    uint32_t channels[CODEC_MAX_BATCH_EVENTS];
    double values[CODEC_MAX_BATCH_EVENTS];
};

/* As short as they can be, for the most of them, and one that is as long as it can be when there is almost no
 * room. */
static void fill_names(struct full_report *full)
{
    const size_t short_bytes = SESSION_MAX_TEXT_BYTES / (CODEC_MAX_NEW_CHANNELS + CODEC_MAX_FILES);

    memset(full->name, 'n', CODEC_MAX_NAME);
    for (size_t i = 0; i <= CODEC_MAX_NEW_CHANNELS; i++)
        full->names[i] = full->name + CODEC_MAX_NAME - short_bytes;
    for (size_t i = 0; i <= CODEC_MAX_FILES; i++)
        full->files[i] = full->name + CODEC_MAX_NAME - short_bytes;
    full->files[CODEC_MAX_FILES - 1] = full->name;
}

static struct message fill(struct full_report *full)
{
    memset(full->ticked, 0xff, sizeof(full->ticked));
    fill_names(full);
    for (size_t i = 0; i <= CODEC_MAX_INTERVALS; i++)
        full->intervals[i] = (struct message_interval){UINT32_MAX, UINT64_MAX, UINT64_MAX};
    for (size_t i = 0; i <= CODEC_MAX_SOCKETS; i++)
        full->sockets[i] = (struct message_socket){UINT32_MAX, INT32_MIN};
    for (size_t i = 0; i < CODEC_MAX_BATCH_EVENTS; i++) {
        full->channels[i] = UINT32_MAX - (uint32_t)i;
        full->values[i] = 0.1;
    }
    return (struct message){.type = MESSAGE_REPORT,
                            .report = {true,
                                       full->names,
                                       CODEC_MAX_NEW_CHANNELS,
                                       full->channels,
                                       full->values,
                                       CODEC_MAX_BATCH_EVENTS,
                                       full->intervals,
                                       CODEC_MAX_INTERVALS,
                                       full->sockets,
                                       CODEC_MAX_SOCKETS,
                                       UINT32_MAX,
                                       full->files,
                                       CODEC_MAX_FILES,
                                       {full->ticked, full->ticked_ns, CODEC_MAX_TICKED, 0},
                                       NULL,
                                       false}};
}

static void test_one_entry_too_many_is_refused(void **state)
{
    struct full_report *full = calloc(1, sizeof(*full));
    struct wire *wire = *state;
    struct message message;

    assert_non_null(full);
    message = fill(full);
    message.report.n_events = 0;
    size_t *const counts[] = {&message.report.n_new_channels, &message.report.n_intervals,
                              &message.report.n_sockets, &message.report.n_files, &message.report.ticked.n};

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct message result;
        ptrdiff_t size;

        send_over(wire, &message);
        ++*counts[i];
        size = codec_prepare(wire->encoder, &message);
        assert_true(size > 0 && (size_t)size <= wire->n_bytes + 300);
        wire->bytes = realloc(wire->bytes, (size_t)size);
        assert_non_null(wire->bytes);
        codec_encode(wire->encoder, wire->bytes);
        assert_int_equal(codec_decode(wire->decoder, CODEC_FROM_WORKER, wire->bytes, (size_t)size, &result),
                         -EMSGSIZE);
        --*counts[i];
    }
    free(full);
}

static void test_the_largest_report_fits(void **state)
{
    struct wire *wire = *state;
    struct full_report *full = calloc(1, sizeof(*full));
    struct message message, result;

    assert_non_null(full);
    message = fill(full);
    result = send_over(wire, &message);
    assert_true(wire->n_bytes <= CODEC_MAX_MESSAGE);
    assert_int_equal(result.report.n_new_channels, CODEC_MAX_NEW_CHANNELS);
    assert_string_equal(result.report.new_channels[0], full->names[0]);
    assert_string_equal(result.report.files[CODEC_MAX_FILES - 1], full->name);
    assert_int_equal(result.report.n_events, CODEC_MAX_BATCH_EVENTS);
    assert_memory_equal(result.report.channels, full->channels, sizeof(full->channels));
    assert_memory_equal(result.report.values, full->values, sizeof(full->values));
    assert_int_equal(result.report.n_intervals, CODEC_MAX_INTERVALS);
    assert_int_equal(result.report.n_sockets, CODEC_MAX_SOCKETS);
    assert_int_equal(result.report.ticked.n, CODEC_MAX_TICKED);
    free(full);
}

/* Of names of this length, as many channels as broker/guest/batch.c puts into one message. */
static void send_channels(struct wire *wire, size_t name_bytes)
{
    size_t n = CODEC_MAX_MESSAGE / 2 / (CODEC_CHANNEL_BYTES + name_bytes);
    struct message_channel *list = calloc(n, sizeof(*list));
    struct message message = {.type = MESSAGE_CHANNELS,
                              .channels = {.list = list, .n = n, .first = UINT32_MAX, .values = true}};
    char name[CODEC_MAX_NAME + 1] = "";
    struct message result;

    assert_non_null(list);
    memset(name, 'n', name_bytes);
    for (size_t i = 0; i < n; i++)
        list[i] = (struct message_channel){name, true, 0.1, 0.2, false};
    result = send_over(wire, &message);
    assert_true(wire->n_bytes <= CODEC_MAX_MESSAGE / 2 + 16);
    assert_int_equal(result.channels.n, n);
    assert_string_equal(result.channels.list[n - 1].name, name);
    assert_double(result.channels.list[n - 1].output, 0.2);
    free(list);
}

static void test_the_largest_channels(void **state)
{
    send_channels(*state, 1);
    send_channels(*state, 127);
    send_channels(*state, 128);
    send_channels(*state, CODEC_MAX_NAME);
}

static void test_the_largest_batch(void **state)
{
    struct full_report *full = calloc(1, sizeof(*full));
    struct message message, result;

    assert_non_null(full);
    message = fill(full);
    message = (struct message){.type = MESSAGE_BATCH,
                               .batch = {full->channels, full->values, CODEC_MAX_BATCH_EVENTS, full->ticked,
                                         CODEC_MAX_TICKED, UINT64_MAX}};
    result = send_over(*state, &message);
    assert_int_equal(result.batch.n_events, CODEC_MAX_BATCH_EVENTS);
    assert_int_equal(result.batch.n_ready, CODEC_MAX_TICKED);
    free(full);
}

int main(void)
{
#define codec_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        codec_test(test_messages_without_content),
        codec_test(test_hello),
        codec_test(test_times),
        codec_test(test_ready),
        codec_test(test_failed),
        codec_test(test_a_traceback_that_is_too_long),
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
        codec_test(test_one_entry_too_many_is_refused),
        codec_test(test_the_largest_channels),
        codec_test(test_the_largest_batch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

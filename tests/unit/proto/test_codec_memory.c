/* SPDX-License-Identifier: BSD-2-Clause */
/* At steady state an event costs no allocation, and running out of memory is an error, not the end. */
#include "proto/codec.h"
#include "tests/unit/check.h"

#define N_EVENTS 1000

static size_t n_allocations;
static bool refuse;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);

void *__wrap_malloc(size_t bytes)
{
    n_allocations++;
    return refuse ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t n, size_t bytes)
{
    n_allocations++;
    return refuse ? NULL : __real_calloc(n, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
    n_allocations++;
    return refuse ? NULL : __real_realloc(old, bytes);
}

static uint32_t channels[N_EVENTS];
static double values[N_EVENTS];
static const char *const names[] = {"one", "two"};
static const struct message_interval intervals[] = {{1, 1000, 1}, {2, 20, 2}};
static const struct message_socket sockets[] = {{1, 5}};

static struct message make(enum message_type type, size_t n_events)
{
    struct message message = {.type = type};

    if (type == MESSAGE_BATCH)
        message.batch = (struct message_batch){channels, values, n_events, channels, 2, 1};
    else
        message.report =
            (struct message_report){true, names,   2, channels, values, n_events, intervals,
                                    2,    sockets, 1, 0,        names,  2,        {channels, NULL, 0, 0},
                                    NULL, false};
    return message;
}

/* Uses one codec for sending and receiving, as the broker does. */
static void exchange(struct codec *codec, size_t n_events)
{
    static const enum message_type types[] = {MESSAGE_BATCH, MESSAGE_REPORT};
    static uint8_t bytes[N_EVENTS * 16];

    for (size_t i = 0; i < 2; i++) {
        struct message message = make(types[i], n_events);
        ptrdiff_t size = codec_prepare(codec, &message);

        assert_true(size > 0 && (size_t)size <= sizeof(bytes));
        codec_encode(codec, bytes);
        assert_int_equal(codec_decode(codec, i ? CODEC_FROM_WORKER : CODEC_TO_WORKER, bytes, (size_t)size,
                                      &message),
                         0);
        assert_int_equal(message.type, types[i]);
    }
}

static void test_steady_state_allocates_nothing(void **state)
{
    struct codec *codec;
    size_t before;

    assert_int_equal(codec_new(&codec), 0);
    for (size_t i = 0; i < 3; i++)
        exchange(codec, N_EVENTS);
    before = n_allocations;
    assert_true(before > 0);
    for (size_t i = 0; i < 2000; i++)
        exchange(codec, i % N_EVENTS);
    assert_int_equal(n_allocations, before);
    codec_free(codec);
}

static void test_out_of_memory(void **state)
{
    struct message message = make(MESSAGE_REPORT, N_EVENTS);
    static uint8_t bytes[N_EVENTS * 16];
    struct codec *encoder, *decoder, *none = NULL;
    ptrdiff_t size;

    assert_int_equal(codec_new(&encoder), 0);
    assert_int_equal(codec_new(&decoder), 0);
    size = codec_prepare(encoder, &message);
    codec_encode(encoder, bytes);
    codec_free(encoder);
    assert_int_equal(codec_new(&encoder), 0);
    refuse = true;
    assert_int_equal(codec_new(&none), -ENOMEM);
    assert_int_equal(codec_prepare(encoder, &message), -ENOMEM);
    assert_true(codec_decode(decoder, CODEC_FROM_WORKER, bytes, (size_t)size, &message) < 0);
    refuse = false;
    assert_int_equal(codec_decode(decoder, CODEC_FROM_WORKER, bytes, (size_t)size, &message), 0);
    codec_free(encoder);
    codec_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steady_state_allocates_nothing),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making recordings: what was handed over can be read, whatever the keeper does, and what it was too slow to
 * take is a gap of the right size.
 */
#include "broker/record/recording.h"
#include "broker/show/instance.h"
#include "tests/unit/check.h"

struct keeper {
    int result;
    size_t n_blocks;
    size_t n_lives;
    uint64_t missed;
    uint64_t gaps;
    size_t kinds[RECORD_KINDS_];
    size_t n_events;
    struct codec_record *codec;
};

static int keep(void *userdata, const void *block, size_t n_bytes, uint64_t missed)
{
    struct keeper *keeper = userdata;
    struct record_item item;

    if (keeper->result < 0)
        return keeper->result;
    keeper->missed = missed;
    keeper->n_lives += n_bytes == 0;
    keeper->n_blocks += n_bytes != 0;
    assert_true(n_bytes <= RECORD_MAX_BLOCK);
    assert_int_equal(codec_record_decode(keeper->codec, block ? block : "", n_bytes), 0);
    while (codec_record_take(keeper->codec, &item)) {
        keeper->kinds[item.kind]++;
        keeper->n_events += item.kind == RECORD_OUTPUT ? item.n_events : 0;
        keeper->gaps += item.kind == RECORD_GAP ? item.count : 0;
    }
    return 0;
}

/* An instance with one channel, as far as recordings use it. */
struct rig {
    struct keeper keeper;
    struct recording *recording;
    struct fc_instance instance;
    struct channel channel;
    struct channel_name *name;
};

static int setup(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    struct record_item start = {.kind = RECORD_START, .time_ns = 1};

    rig->name = calloc(1, sizeof(*rig->name) + 2);
    rig->name->text[0] = 'c';
    rig->channel.name = rig->name;
    rig->instance.name = (char *)"py";
    rig->instance.channels = &rig->channel;
    rig->instance.n_channels = 1;
    assert_int_equal(codec_record_new(&rig->keeper.codec), 0);
    assert_int_equal(recording_new(&rig->recording, &start, keep, &rig->keeper), 0);
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    recording_free(rig->recording);
    codec_record_free(rig->keeper.codec);
    free(rig->name);
    free(rig);
    return 0;
}

static void output(struct rig *rig, size_t n)
{
    static uint32_t channels[100000];
    static double values[100000];
    struct record_item item = {
        .kind = RECORD_OUTPUT, .time_ns = 2, .channels = channels, .values = values, .n_events = n};

    recording_add(rig->recording, &rig->instance, &item);
}

static void test_names_come_once_and_before_what_has_them(void **state)
{
    struct rig *rig = *state;

    output(rig, 1);
    output(rig, 1);
    recording_flush(rig->recording, 1);
    assert_int_equal(rig->keeper.kinds[RECORD_INSTANCE], 1);
    assert_int_equal(rig->keeper.kinds[RECORD_CHANNEL], 1);
    assert_int_equal(rig->keeper.kinds[RECORD_OUTPUT], 2);
    recording_forget(rig->recording);
    output(rig, 1);
    recording_flush(rig->recording, 1);
    assert_int_equal(rig->keeper.kinds[RECORD_INSTANCE], 2);
}

static void test_an_item_with_many_events_is_several(void **state)
{
    struct rig *rig = *state;

    output(rig, 100000);
    recording_flush(rig->recording, 1);
    assert_int_equal(rig->keeper.n_events, 100000);
    assert_true(rig->keeper.n_blocks > 1);
    assert_int_equal(rig->keeper.gaps, 0);
}

static void test_who_is_slow_gets_all_up_to_a_limit_and_then_a_gap(void **state)
{
    struct rig *rig = *state;
    size_t n = 0;

    rig->keeper.result = -EAGAIN;
    for (; n < 10; n++)
        output(rig, 10000);
    rig->keeper.result = 0;
    recording_flush(rig->recording, 1);
    assert_int_equal(rig->keeper.n_events, 100000);
    assert_int_equal(rig->keeper.gaps, 0);

    rig->keeper.result = -EAGAIN;
    for (n = 0; n < 2000; n++)
        output(rig, 1000);
    rig->keeper.result = 0;
    recording_flush(rig->recording, 1);
    output(rig, 1);
    recording_flush(rig->recording, 1);
    assert_true(rig->keeper.gaps > 0 && rig->keeper.gaps == rig->keeper.missed);
    assert_int_equal(rig->keeper.n_events, 100000 + 2000 * 1000 - rig->keeper.gaps + 1);
    assert_int_equal(rig->keeper.kinds[RECORD_GAP], 1);
}

static void test_a_keeper_that_has_gone_is_left_alone(void **state)
{
    struct rig *rig = *state;

    rig->keeper.result = -EPIPE;
    output(rig, 1);
    recording_flush(rig->recording, 1);
    assert_true(recording_is_over(rig->recording));
    rig->keeper.result = 0;
    output(rig, 1);
    recording_flush(rig->recording, UINT64_MAX);
    assert_int_equal(rig->keeper.n_blocks, 0);
}

static void test_silence_is_a_sign_of_life_now_and_then(void **state)
{
    struct rig *rig = *state;

    recording_flush(rig->recording, 1);
    recording_flush(rig->recording, 1000000000);
    assert_int_equal(rig->keeper.n_lives, 0);
    recording_flush(rig->recording, 3000000000);
    assert_int_equal(rig->keeper.n_lives, 1);
}

int main(void)
{
#define recording_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        recording_test(test_names_come_once_and_before_what_has_them),
        recording_test(test_an_item_with_many_events_is_several),
        recording_test(test_who_is_slow_gets_all_up_to_a_limit_and_then_a_gap),
        recording_test(test_a_keeper_that_has_gone_is_left_alone),
        recording_test(test_silence_is_a_sign_of_life_now_and_then),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

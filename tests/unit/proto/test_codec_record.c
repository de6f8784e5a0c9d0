/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Items of a recording, encoded and decoded; what no recording may contain; and the reader of its file: cut
 * anywhere, it yields what is intact, and says why it ended.
 */
#include "tests/unit/check.h"

#include <math.h>
#include <sys/mman.h>

#include "proto/codec_record.h"

static int setup(void **state)
{
    return codec_record_new((struct codec_record **)state);
}

static int teardown(void **state)
{
    codec_record_free(*state);
    return 0;
}

/* Encodes and decodes an item. Returns the result of decoding. */
static int send_over(struct codec_record *codec, const struct record_item *item, struct record_item *result)
{
    static uint8_t block[RECORD_MAX_BLOCK];
    const void *bytes;
    size_t n_bytes;
    int r = codec_record_encode(codec, item, &bytes, &n_bytes);

    assert_int_equal(r, 0);
    memcpy(block, bytes, n_bytes);
    r = codec_record_decode(codec, block, n_bytes);
    assert_int_equal(codec_record_take(codec, result), r == 0);
    return r;
}

static void test_a_step_comes_as_it_went(void **state)
{
    static const uint32_t channels[] = {0, 7, UINT32_MAX}, ticks[] = {3, 1};
    static const double values[] = {0.0, 0.1, 1.0};
    struct record_item step = {.kind = RECORD_STEP,
                               .time_ns = UINT64_MAX,
                               .instance = 5,
                               .phase = RECORD_BATCH,
                               .more = true,
                               .died = true,
                               .channels = channels,
                               .values = values,
                               .n_events = 3,
                               .ticks = ticks,
                               .n_ticks = 2,
                               .ready = 4};
    struct record_item result;

    assert_int_equal(send_over(*state, &step, &result), 0);
    assert_true(result.kind == RECORD_STEP && result.time_ns == UINT64_MAX && result.instance == 5);
    assert_true(result.phase == RECORD_BATCH && result.more && result.died && result.ready == 4);
    assert_int_equal(result.n_events, 3);
    assert_memory_equal(result.channels, channels, sizeof(channels));
    assert_memory_equal(result.values, values, sizeof(values));
    assert_int_equal(result.n_ticks, 2);
    assert_memory_equal(result.ticks, ticks, sizeof(ticks));
}

static void test_what_no_recording_has(void **state)
{
    static const uint32_t channel = 0;
    static const double wrong[] = {NAN, INFINITY, -0.1, 1.1};
    struct record_item result;

    for (size_t i = 0; i < 4; i++) {
        struct record_item item = {.kind = RECORD_INPUT,
                                   .channels = &channel,
                                   .values = &wrong[i],
                                   .n_events = 1};

        assert_int_equal(send_over(*state, &item, &result), -EBADMSG);
    }
    assert_int_equal(send_over(*state, &(struct record_item){.kind = RECORD_INPUT}, &result), -EBADMSG);
    assert_int_equal(send_over(*state, &(struct record_item){.kind = RECORD_CHANNEL}, &result), -EBADMSG);
    assert_int_equal(send_over(*state, &(struct record_item){.kind = RECORD_CHANNEL, .text = "a\x1b"},
                               &result),
                     -EBADMSG);
    assert_int_equal(send_over(*state, &(struct record_item){.kind = RECORD_STEP, .phase = 3}, &result),
                     -EBADMSG);
    assert_int_equal(send_over(*state, &(struct record_item){.kind = RECORD_CHANNEL, .text = "a"}, &result),
                     0);
}

static void append(int fd, struct codec_record *codec, const struct record_item *item)
{
    uint8_t frame[RECORD_FRAME_SIZE];
    const void *bytes;
    size_t n_bytes;

    assert_int_equal(codec_record_encode(codec, item, &bytes, &n_bytes), 0);
    record_frame(bytes, n_bytes, frame);
    assert_int_equal(write(fd, frame, sizeof(frame)), sizeof(frame));
    assert_int_equal(write(fd, bytes, n_bytes), n_bytes);
}

/* Counts the items; `*end` is the reason why there are not more. */
static size_t read_all(int fd, int *end)
{
    struct record_reader *reader;
    struct record_item item;
    size_t n = 0;

    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(record_reader_new(&reader, fd), 0);
    while ((*end = record_reader_next(reader, &item)) == 1)
        n++;
    assert_int_equal(record_reader_next(reader, &item), *end);
    record_reader_free(reader);
    return n;
}

static void test_a_file_that_is_cut_or_damaged_anywhere(void **state)
{
    static const uint32_t channel = 3;
    static const double value = 0.5;
    struct record_item start = {.kind = RECORD_START, .time_ns = 1, .text = "show.cfg"};
    struct record_item input = {
        .kind = RECORD_INPUT, .time_ns = 2, .channels = &channel, .values = &value, .n_events = 1};
    int whole = memfd_create("whole", 0), fd = memfd_create("part", 0), end;
    off_t ends[5] = {RECORD_MAGIC_SIZE};
    uint8_t bytes[4096];

    assert_int_equal(write(whole, RECORD_MAGIC, RECORD_MAGIC_SIZE), RECORD_MAGIC_SIZE);
    for (size_t i = 1; i < 5; i++) {
        append(whole, *state, i == 1 ? &start : &input);
        ends[i] = lseek(whole, 0, SEEK_CUR);
    }
    assert_int_equal(read_all(whole, &end), 4);
    assert_int_equal(end, 0);
    assert_int_equal(pread(whole, bytes, sizeof(bytes), 0), ends[4]);
    for (off_t cut = 0; cut < ends[4]; cut++) {
        size_t n = 0;

        while (ends[n + 1] <= cut)
            n++;
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, bytes, (size_t)cut, 0), cut);
        assert_int_equal(read_all(fd, &end), n);
        assert_int_equal(end, cut == ends[n] ? 0 : -ENODATA);

        bytes[cut] ^= 1;
        assert_int_equal(pwrite(fd, bytes, (size_t)ends[4], 0), ends[4]);
        bytes[cut] ^= 1;
        assert_int_equal(read_all(fd, &end), n);
        assert_true(end == -EBADMSG || end == -ENODATA || (end == -EPROTO && cut < ends[0]));
    }
    close(whole);
    close(fd);
}

static void test_another_version_is_not_read(void **state)
{
    int fd = memfd_create("file", 0), end;

    assert_int_equal(write(fd, RECORD_MAGIC, RECORD_MAGIC_SIZE), RECORD_MAGIC_SIZE);
    append(fd, *state, &(struct record_item){.kind = RECORD_END}); /* instead of a start with the version */
    assert_int_equal(read_all(fd, &end), 0);
    assert_int_equal(end, -EPROTO);
    close(fd);
}

int main(void)
{
#define record_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        record_test(test_a_step_comes_as_it_went),
        record_test(test_what_no_recording_has),
        record_test(test_a_file_that_is_cut_or_damaged_anywhere),
        record_test(test_another_version_is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

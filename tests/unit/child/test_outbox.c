/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that wait for room in a link: in their order, none lost, none twice. */
#include <poll.h>
#include <stdio.h>

#include "broker/child/outbox.h"
#include "tests/unit/check.h"

struct rig {
    struct link_buffers *buffers;
    struct link *broker;
    struct link *worker;
    struct outbox outbox;
};

static int setup(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    int other;

    assert_non_null(rig);
    assert_int_equal(link_buffers_new(&rig->buffers), 0);
    assert_int_equal(link_pair(&rig->broker, rig->buffers, &other), 0);
    assert_int_equal(link_new(&rig->worker, rig->buffers, other), 0);
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    outbox_clear(&rig->outbox);
    link_free(rig->broker);
    link_free(rig->worker);
    link_buffers_free(rig->buffers);
    free(rig);
    return 0;
}

static void add_number(struct rig *rig, unsigned number, size_t n_bytes)
{
    unsigned char bytes[8192] = {(unsigned char)number, (unsigned char)(number >> 8)};

    assert_true(n_bytes >= 2 && n_bytes <= sizeof(bytes));
    assert_int_equal(outbox_add(&rig->outbox, bytes, n_bytes), 0);
}

/* The next message's number, or -1. */
static int receive_number(struct rig *rig)
{
    const void *bytes;
    size_t n_bytes;

    if (link_receive(rig->worker, &bytes, &n_bytes) < 0)
        return -1;
    return ((const unsigned char *)bytes)[0] | ((const unsigned char *)bytes)[1] << 8;
}

static void test_what_finds_room_goes_at_once(void **state)
{
    struct rig *rig = *state;

    assert_true(outbox_is_empty(&rig->outbox));
    assert_int_equal(outbox_flush(&rig->outbox, rig->broker), 0);
    add_number(rig, 1, 10);
    add_number(rig, 2, 20);
    assert_false(outbox_is_empty(&rig->outbox));
    assert_int_equal(outbox_flush(&rig->outbox, rig->broker), 0);
    assert_true(outbox_is_empty(&rig->outbox));
    assert_int_equal(receive_number(rig), 1);
    assert_int_equal(receive_number(rig), 2);
    assert_int_equal(receive_number(rig), -1);
}

/* Far more than the link holds: each flush takes up where the one before had to stop. */
static void test_the_rest_waits_in_its_order(void **state)
{
    struct rig *rig = *state;
    unsigned received = 0;
    int r;

    for (unsigned i = 0; i < 1000; i++)
        add_number(rig, i, 8192);
    assert_int_equal(outbox_flush(&rig->outbox, rig->broker), -EAGAIN);
    do {
        int number;

        while ((number = receive_number(rig)) >= 0)
            assert_int_equal(number, received++);
        r = outbox_flush(&rig->outbox, rig->broker);
        assert_true(r == 0 || r == -EAGAIN);
    } while (r == -EAGAIN);
    while (receive_number(rig) == (int)received)
        received++;
    assert_int_equal(received, 1000);
    assert_int_equal(rig->outbox.n_bytes, 0);
}

static void test_it_is_bounded(void **state)
{
    struct rig *rig = *state;
    static unsigned char bytes[LINK_MAX_MESSAGE];
    unsigned n = 0;
    int r;

    while ((r = outbox_add(&rig->outbox, bytes, sizeof(bytes))) == 0)
        n++;
    assert_int_equal(r, -ENOBUFS);
    assert_int_equal(n, OUTBOX_MAX_BYTES / LINK_MAX_MESSAGE);
    outbox_clear(&rig->outbox);
    assert_true(outbox_is_empty(&rig->outbox));
    add_number(rig, 1, 2);
}

static void test_an_end_that_has_gone(void **state)
{
    struct rig *rig = *state;

    rig->worker = link_free(rig->worker);
    add_number(rig, 1, 2);
    assert_int_equal(outbox_flush(&rig->outbox, rig->broker), -EPIPE);
    assert_false(outbox_is_empty(&rig->outbox));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_finds_room_goes_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_rest_waits_in_its_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_it_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_end_that_has_gone, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

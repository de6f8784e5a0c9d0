/* SPDX-License-Identifier: BSD-2-Clause */
/* What is sent to a child that does not read: nothing waits for it, and all of it comes, in its order. */
#include <sys/epoll.h>

#include "broker/child/child_link.h"
#include "tests/unit/check.h"

struct rig {
    struct loop *loop;
    struct codec *codec;
    struct link_buffers *buffers;
    struct child_link child;
    struct link *other;
    unsigned n_received;
};

static int setup(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    int fd;

    assert_non_null(rig);
    assert_int_equal(loop_new(&rig->loop), 0);
    assert_int_equal(codec_new(&rig->codec), 0);
    assert_int_equal(link_buffers_new(&rig->buffers), 0);
    assert_int_equal(link_pair(&rig->child.link, rig->buffers, &fd), 0);
    assert_int_equal(link_new(&rig->other, rig->buffers, fd), 0);
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    child_link_close(&rig->child);
    link_free(rig->other);
    link_buffers_free(rig->buffers);
    codec_free(rig->codec);
    loop_free(rig->loop);
    free(rig);
    return 0;
}

/* Whoever owns the link does this. */
static void ready(void *userdata, uint32_t events)
{
    struct rig *rig = userdata;

    if (events & EPOLLOUT)
        assert_int_equal(child_link_send_rest(&rig->child), 0);
    if (events & EPOLLHUP)
        child_link_ignore(&rig->child);
    loop_stop(rig->loop);
}

/* Sends a large message with a number. */
static int send_number(struct rig *rig, unsigned number)
{
    enum { EVENTS = 1000 };
    uint32_t channels[EVENTS] = {0};
    double values[EVENTS] = {number};

    return child_link_send(
        &rig->child, rig->codec,
        &(struct message){.type = MESSAGE_BATCH,
                          .batch = {.channels = channels, .values = values, .n_events = EVENTS}});
}

/* Takes all messages that are there, whose numbers follow each other. */
static void receive_all(struct rig *rig)
{
    const void *bytes;
    size_t n_bytes;

    while (link_receive(rig->other, &bytes, &n_bytes) == 0) {
        struct message message;

        assert_int_equal(codec_decode(rig->codec, CODEC_TO_WORKER, bytes, n_bytes, &message), 0);
        assert_int_equal(message.type, MESSAGE_BATCH);
        assert_double(message.batch.values[0], rig->n_received);
        rig->n_received++;
    }
}

static void test_what_finds_no_room_waits_for_it(void **state)
{
    struct rig *rig = *state;
    unsigned n = 0;

    assert_int_equal(child_link_watch(&rig->child, rig->loop, "a test", ready, rig), 0);
    assert_int_equal(rig->child.events, EPOLLIN);
    while (outbox_is_empty(&rig->child.outbox))
        assert_int_equal(send_number(rig, n++), 0);
    for (unsigned i = 0; i < 100; i++) /* behind the one that waits, though the child reads on */
        assert_int_equal(send_number(rig, n++), 0);
    assert_int_equal(rig->child.events, EPOLLIN | EPOLLOUT);
    while (rig->child.events & EPOLLOUT) {
        receive_all(rig);
        assert_int_equal(loop_run(rig->loop), 0);
    }
    receive_all(rig);
    assert_int_equal(rig->n_received, n);
    assert_true(outbox_is_empty(&rig->child.outbox));
}

static void test_what_was_sent_before_it_is_watched_waits_too(void **state)
{
    struct rig *rig = *state;
    unsigned n = 0;

    while (outbox_is_empty(&rig->child.outbox))
        assert_int_equal(send_number(rig, n++), 0);
    assert_int_equal(child_link_watch(&rig->child, rig->loop, "a test", ready, rig), 0);
    receive_all(rig);
    assert_int_equal(rig->n_received, n - 1);
    assert_int_equal(loop_run(rig->loop), 0);
    receive_all(rig);
    assert_int_equal(rig->n_received, n);
}

static void test_a_child_that_has_gone_is_sent_nothing(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(child_link_watch(&rig->child, rig->loop, "a test", ready, rig), 0);
    while (outbox_is_empty(&rig->child.outbox))
        assert_int_equal(send_number(rig, 0), 0);
    rig->other = link_free(rig->other);
    assert_int_equal(loop_run(rig->loop), 0);
    assert_null(rig->child.source);
    assert_int_equal(rig->child.events & EPOLLOUT, 0);
    child_link_close(&rig->child);
    assert_true(outbox_is_empty(&rig->child.outbox));
    assert_null(rig->child.link);
}

static void test_what_is_too_large_is_refused(void **state)
{
    struct rig *rig = *state;
    static double values[LINK_MAX_MESSAGE / sizeof(double) + 1];
    static uint32_t channels[LINK_MAX_MESSAGE / sizeof(double) + 1];
    const size_t n = sizeof(values) / sizeof(*values);

    assert_true(
        child_link_send(&rig->child, rig->codec,
                        &(struct message){.type = MESSAGE_BATCH,
                                          .batch = {.channels = channels, .values = values, .n_events = n}}) <
        0);
    assert_int_equal(send_number(rig, 0), 0);
    receive_all(rig);
    assert_int_equal(rig->n_received, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_finds_no_room_waits_for_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_sent_before_it_is_watched_waits_too, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_child_that_has_gone_is_sent_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_too_large_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What waits while the broker reads nothing: nothing is lost, and a client's end comes after its request. */
#include <errno.h>
#include <stdlib.h>

#include "broker/desk/outbound.h"
#include "proto/link.h"
#include "tests/unit/check.h"

struct rig {
    struct link_buffers *ours, *theirs;
    struct link *broker;
    struct outbound outbound;
};

static int setup(void **state)
{
    static struct rig rig;
    int other;

    rig = (struct rig){0};
    assert_int_equal(link_buffers_new(&rig.ours), 0);
    assert_int_equal(link_buffers_new(&rig.theirs), 0);
    assert_int_equal(link_pair(&rig.broker, rig.ours, &other), 0);
    assert_int_equal(link_new(&rig.outbound.link, rig.theirs, other), 0);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    link_free(rig->broker);
    link_free(rig->outbound.link);
    link_buffers_free(rig->ours);
    link_buffers_free(rig->theirs);
    return 0;
}

/* Fills the link, with what the broker does not look at here. */
static void fill(struct rig *rig)
{
    int r;

    do
        r = desk_message_send(rig->outbound.link,
                              &(struct desk_message){.type = DESK_SENT, .client = 1, .id = 9});
    while (r == 0);
    assert_int_equal(r, -EAGAIN);
}

/* What the broker has read. */
struct seen {
    size_t n_messages; /* of DESK_GONE */
    bool gone[OUTBOUND_GONE + 1];
    size_t n_gone;
    bool is_asked;   /* by client 7 */
    uint64_t n_sent; /* of client 2, in their order */
};

static void take(struct seen *seen, const struct desk_message *message)
{
    if (message->type == DESK_SENT && message->client == 2)
        assert_int_equal(message->id, ++seen->n_sent);
    if (message->type == DESK_REQUEST) {
        assert_int_equal(message->client, 7);
        assert_false(seen->gone[7]);
        seen->is_asked = true;
    }
    if (message->type != DESK_GONE)
        return;
    seen->n_messages++;
    for (size_t i = 0; i < message->n_bytes / sizeof(uint64_t); i++) {
        uint64_t client;

        memcpy(&client, (const uint8_t *)message->bytes + i * sizeof(client), sizeof(client));
        assert_true(client && client <= OUTBOUND_GONE);
        assert_false(seen->gone[client]);
        seen->gone[client] = true;
        seen->n_gone++;
    }
}

/* Has the broker read everything, with the desk sending what waits. */
static void drain(struct rig *rig, struct seen *seen)
{
    struct desk_message message;
    int r;

    memset(seen, 0, sizeof(*seen));
    do {
        while (desk_message_receive(rig->broker, true, &message) == 0)
            take(seen, &message);
        r = outbound_flush(&rig->outbound);
        assert_true(r == 0 || r == -EAGAIN);
    } while (r == -EAGAIN);
    assert_false(outbound_waits(&rig->outbound));
    while (desk_message_receive(rig->broker, true, &message) == 0)
        take(seen, &message);
}

static void test_nothing_waits_while_the_broker_reads(void **state)
{
    static struct seen seen;
    struct rig *rig = *state;

    assert_int_equal(outbound_tell_gone(&rig->outbound, 3), 0);
    assert_int_equal(outbound_tell_sent(&rig->outbound, 2, 1), 0);
    assert_false(outbound_waits(&rig->outbound));
    drain(rig, &seen);
    assert_true(seen.gone[3] && seen.n_gone == 1 && seen.n_sent == 1);
}

static void test_however_many_have_gone(void **state)
{
    static struct seen seen;
    struct rig *rig = *state;

    fill(rig);
    for (uint64_t client = 1; client <= OUTBOUND_GONE; client++)
        assert_int_equal(outbound_tell_gone(&rig->outbound, client), 0);
    assert_int_equal(outbound_tell_gone(&rig->outbound, 1), -ENOBUFS);
    for (uint64_t id = 1; id <= OUTBOUND_SENT; id++)
        assert_int_equal(outbound_tell_sent(&rig->outbound, 2, id), 0);
    assert_int_equal(outbound_tell_sent(&rig->outbound, 2, 1), -ENOBUFS);
    drain(rig, &seen);
    assert_int_equal(seen.n_gone, OUTBOUND_GONE);
    assert_int_equal(seen.n_messages, OUTBOUND_GONE / DESK_MAX_GONE);
    assert_int_equal(seen.n_sent, OUTBOUND_SENT);
}

static void test_an_end_comes_after_the_request(void **state)
{
    static struct seen seen;
    struct rig *rig = *state;

    fill(rig);
    assert_int_equal(
        outbound_ask(&rig->outbound,
                     &(struct desk_message){.type = DESK_REQUEST, .client = 7, .bytes = "abc", .n_bytes = 3}),
        0);
    assert_true(rig->outbound.has_request);
    for (uint64_t client = 1; client <= 200; client++)
        assert_int_equal(outbound_tell_gone(&rig->outbound, client), 0);
    drain(rig, &seen);
    assert_true(seen.is_asked);
    assert_int_equal(seen.n_gone, 200);
}

int main(void)
{
#define outbound_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        outbound_test(test_nothing_waits_while_the_broker_reads),
        outbound_test(test_however_many_have_gone),
        outbound_test(test_an_end_comes_after_the_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

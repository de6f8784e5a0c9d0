/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages between broker and desk: what each side may send, and what is refused. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "proto/desk_messages.h"
#include "proto/link.h"
#include "tests/unit/check.h"

struct rig {
    struct link_buffers *ours, *theirs;
    struct link *broker, *desk;
};

static int setup(void **state)
{
    static struct rig rig;
    int other;

    assert_int_equal(link_buffers_new(&rig.ours), 0);
    assert_int_equal(link_buffers_new(&rig.theirs), 0);
    assert_int_equal(link_pair(&rig.broker, rig.ours, &other), 0);
    assert_int_equal(link_new(&rig.desk, rig.theirs, other), 0);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    link_free(rig->broker);
    link_free(rig->desk);
    link_buffers_free(rig->ours);
    link_buffers_free(rig->theirs);
    return 0;
}

static void test_a_request_arrives_as_it_was(void **state)
{
    struct rig *rig = *state;
    const struct desk_message sent = {.type = DESK_REQUEST,
                                      .client = 7,
                                      .id = UINT64_MAX,
                                      .peer = {.uid = 1, .gid = 2, .pid = 3},
                                      .bytes = "abc",
                                      .n_bytes = 3};
    struct desk_message got;

    assert_int_equal(desk_message_send(rig->desk, &sent), 0);
    assert_int_equal(desk_message_receive(rig->broker, true, &got), 0);
    assert_int_equal(got.type, DESK_REQUEST);
    assert_true(got.client == 7 && got.id == UINT64_MAX);
    assert_true(got.peer.uid == 1 && got.peer.gid == 2 && got.peer.pid == 3);
    assert_int_equal(got.n_bytes, 3);
    assert_memory_equal(got.bytes, "abc", 3);
    assert_int_equal(desk_message_receive(rig->broker, true, &got), -EAGAIN);
}

static void assert_refused(struct rig *rig, struct desk_message message, bool is_from_desk)
{
    struct desk_message got;

    assert_int_equal(desk_message_send(is_from_desk ? rig->desk : rig->broker, &message), 0);
    assert_int_equal(desk_message_receive(is_from_desk ? rig->broker : rig->desk, is_from_desk, &got),
                     -EBADMSG);
}

static void test_each_side_has_its_messages(void **state)
{
    static uint8_t much[LINK_MAX_MESSAGE];

    assert_refused(*state, (struct desk_message){.type = DESK_REPLY, .client = 1}, true);
    assert_refused(*state, (struct desk_message){.type = DESK_VALUES, .bytes = much, .n_bytes = 24}, true);
    assert_refused(*state, (struct desk_message){.type = DESK_REQUEST, .client = 1}, false);
    assert_refused(*state, (struct desk_message){.type = DESK_GONE, .bytes = much, .n_bytes = 8}, false);
    assert_refused(*state, (struct desk_message){.type = DESK_NOTHING}, true);
    assert_refused(*state, (struct desk_message){.type = DESK_TYPES_}, true);
    assert_refused(*state, (struct desk_message){.type = DESK_REQUEST}, true); /* of no client */
    assert_refused(*state, (struct desk_message){.type = DESK_GONE}, true);    /* nobody */
    assert_refused(*state, (struct desk_message){.type = DESK_GONE, .bytes = much, .n_bytes = 12}, true);
    assert_refused(
        *state, (struct desk_message){.type = DESK_GONE, .bytes = much, .n_bytes = 8 * (DESK_MAX_GONE + 1)},
        true);
    assert_refused(*state, (struct desk_message){.type = DESK_WATCH, .client = 1, .number = DESK_WATCHES},
                   false);
    assert_refused(*state,
                   (struct desk_message){
                       .type = DESK_REQUEST, .client = 1, .bytes = much, .n_bytes = CONTROL_MAX_REQUEST + 1},
                   true);
}

static void test_values_come_back_in_order(void **state)
{
    uint8_t room[256];
    struct desk_values values = {.bytes = room, .room = sizeof(room)};
    struct desk_value value;
    const uint8_t *bytes = room;
    size_t n_bytes;

    (void)state;
    assert_true(
        desk_values_add(&values,
                        &(struct desk_value){.channel = 0, .seen_by = 5, .value = 0.25, .name = "py1.out"}));
    assert_true(desk_values_add(&values, &(struct desk_value){.channel = 0, .value = 1}));
    n_bytes = values.n_bytes;
    assert_int_equal(desk_values_next(&bytes, &n_bytes, &value), 1);
    assert_true(value.channel == 0 && value.seen_by == 5 && value.value == 0.25);
    assert_string_equal(value.name, "py1.out");
    assert_int_equal(desk_values_next(&bytes, &n_bytes, &value), 1);
    assert_true(!value.name && value.value == 1);
    assert_int_equal(desk_values_next(&bytes, &n_bytes, &value), 0);
    while (desk_values_add(&values, &(struct desk_value){.name = "a name"}))
        assert_true(values.n_bytes <= sizeof(room));
}

static void test_wrong_values_are_refused(void **state)
{
    uint8_t room[64];
    struct desk_values values = {.bytes = room, .room = sizeof(room)};
    const struct desk_value wrong[] = {{.value = NAN}, {.channel = DESK_MAX_CHANNEL}, {.name = ""}};
    struct desk_value value;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const uint8_t *bytes = room;

        values.n_bytes = values.n = 0;
        assert_true(desk_values_add(&values, &wrong[i]));
        assert_int_equal(desk_values_next(&bytes, &values.n_bytes, &value), -EBADMSG);
    }
    values.n_bytes = values.n = 0;
    assert_true(desk_values_add(&values, &(struct desk_value){.name = "name"}));
    for (size_t n = 1; n < values.n_bytes; n++) {
        const uint8_t *bytes = room;
        size_t n_bytes = n;

        assert_int_equal(desk_values_next(&bytes, &n_bytes, &value), -EBADMSG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_request_arrives_as_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_side_has_its_messages, setup, teardown),
        cmocka_unit_test(test_values_come_back_in_order),
        cmocka_unit_test(test_wrong_values_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

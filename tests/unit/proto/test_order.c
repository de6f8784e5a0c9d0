/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of the protocol: every message in every state, written out from docs/protocol.md. */
#include "proto/codec_name.h"
#include "proto/order.h"
#include "tests/unit/check.h"

/* The messages a worker may send in each state; any other ends it. */
static const struct {
    enum order_state state;
    const char *name;
    const char *legal;
} prose[] = {
    {ORDER_CONNECTING, "connecting", "hello"},
    {ORDER_LOCKING, "locking", "locked"},
    {ORDER_IMPORTING, "importing", "report ready failed"},
    {ORDER_IDLE, "idle", "report"},
    {ORDER_BUSY, "busy", "report"},
    {ORDER_STOPPING, "stopping", "report stopped"},
    {ORDER_CLOSED, "closed", ""},
};

static bool is_word_of(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at++) {
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    }
    return false;
}

static void test_every_message_in_every_state(void **state)
{
    assert_int_equal(sizeof(prose) / sizeof(prose[0]), ORDER_STATES_);
    for (unsigned i = 0; i < ORDER_STATES_; i++) {
        assert_int_equal(prose[i].state, i);
        for (unsigned type = 0; type < MESSAGE_TYPES_; type++) {
            bool legal = is_word_of(prose[i].legal, message_name(type));

            if (order_legal(i, type) != legal)
                fail_msg("%s while %s", message_name(type), prose[i].name);
        }
    }
}

static void test_what_the_broker_says_is_never_legal_from_a_worker(void **state)
{
    for (unsigned i = 0; i < ORDER_STATES_; i++) {
        assert_false(order_legal(i, MESSAGE_SETUP));
        assert_false(order_legal(i, MESSAGE_PROCEED));
        assert_false(order_legal(i, MESSAGE_BATCH));
        assert_false(order_legal(i, MESSAGE_TICKS));
        assert_false(order_legal(i, MESSAGE_CHANNELS));
        assert_false(order_legal(i, MESSAGE_STOP));
    }
}

static void test_no_message_is_never_legal(void **state)
{
    for (unsigned i = 0; i < ORDER_STATES_; i++) {
        assert_false(order_legal(i, MESSAGE_TYPES_));
        assert_false(order_legal(i, (enum message_type)1000));
    }
}

static void test_names(void **state)
{
    for (unsigned i = 0; i < ORDER_STATES_; i++)
        assert_string_equal(order_state_name(i), prose[i].name);
    assert_string_equal(order_state_name(ORDER_STATES_), "unknown");
    assert_string_equal(message_name(MESSAGE_SETUP), "setup");
    assert_string_equal(message_name(MESSAGE_PROCEED), "proceed");
    assert_string_equal(message_name(MESSAGE_BATCH), "batch");
    assert_string_equal(message_name(MESSAGE_CHANNELS), "channels");
    assert_string_equal(message_name(MESSAGE_STOP), "stop");
    assert_string_equal(message_name(MESSAGE_HELLO), "hello");
    assert_string_equal(message_name(MESSAGE_STOPPED), "stopped");
    assert_string_equal(message_name(MESSAGE_TYPES_), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_message_in_every_state),
        cmocka_unit_test(test_what_the_broker_says_is_never_legal_from_a_worker),
        cmocka_unit_test(test_no_message_is_never_legal),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

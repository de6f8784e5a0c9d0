/* SPDX-License-Identifier: BSD-2-Clause */
/* What the broker and a gate tell each other: a policy survives the way, and what is unsound is noticed. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "broker/gate/message.h"
#include "tests/unit/check.h"

static struct gate_add add;

static int setup(void **state)
{
    add = (struct gate_add){.head = {.kind = GATE_ADD, .id = 1}, .files = 64, .instance = "py"};
    return 0;
}

static bool allows(const struct policy *policy, const char *host, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct policy_target target;

    assert_int_equal(inet_pton(AF_INET, host, &to.sin_addr), 1);
    return policy_judge(policy, POLICY_CONNECT, POLICY_TCP, AF_INET, &to, sizeof(to), &target) == 0;
}

static void test_a_policy_survives(void **state)
{
    struct policy policy = {0}, read = {0};
    struct fc_reason reason;

    assert_int_equal(policy_add(&policy, POLICY_CONNECT, "tcp:10.0.0.0/8:80-90", &reason), 0);
    assert_int_equal(policy_add(&policy, POLICY_LISTEN, "127.0.0.2:*", &reason), 0);
    assert_int_equal(policy_add(&policy, POLICY_CONNECT, "tcp:[::/0]:*", &reason), 0);
    assert_int_equal(policy_add(&policy, POLICY_CONNECT, "tcp:a-name:80", &reason),
                     0); /* allows nothing itself */
    assert_int_equal(gate_write_rules(&add, &policy), 0);
    assert_int_equal(add.n_rules, 3);
    assert_true(gate_request_is_sound(&add, gate_add_bytes(&add), GATE_DESCRIPTORS_));
    assert_int_equal(gate_read_rules(&read, &add), 0);
    assert_true(allows(&read, "10.1.2.3", 85));
    assert_false(allows(&read, "10.1.2.3", 91));
    assert_false(allows(&read, "11.1.2.3", 85));
    assert_false(allows(&read, "127.0.0.2", 85));
    policy_deinit(&policy);
    policy_deinit(&read);
}

static void test_too_many_rules(void **state)
{
    struct policy policy = {0};
    struct fc_reason reason;

    for (size_t i = 0; i < GATE_MAX_RULES; i++)
        assert_int_equal(policy_add(&policy, POLICY_CONNECT, "10.0.0.1:80", &reason), 0);
    assert_int_equal(gate_write_rules(&add, &policy), 0);
    assert_true(gate_request_is_sound(&add, gate_add_bytes(&add), GATE_DESCRIPTORS_));
    assert_int_equal(policy_add(&policy, POLICY_CONNECT, "10.0.0.1:80", &reason), 0);
    assert_int_equal(gate_write_rules(&add, &policy), -E2BIG);
    policy_deinit(&policy);
}

static void test_requests(void **state)
{
    size_t bytes = gate_add_bytes(&add);

    assert_true(gate_request_is_sound(&add, bytes, GATE_DESCRIPTORS_));
    assert_false(gate_request_is_sound(&add, bytes, GATE_DESCRIPTORS_ - 1));
    assert_false(gate_request_is_sound(&add, bytes + 1, GATE_DESCRIPTORS_));
    assert_false(gate_request_is_sound(&add, 3, 0));
    add.n_rules = GATE_MAX_RULES + 1;
    assert_false(gate_request_is_sound(&add, gate_add_bytes(&add), GATE_DESCRIPTORS_));
    add.n_rules = 1; /* which allows no protocol */
    assert_false(gate_request_is_sound(&add, gate_add_bytes(&add), GATE_DESCRIPTORS_));
    add.n_rules = 0;
    memset(add.instance, 'x', sizeof(add.instance));
    assert_false(gate_request_is_sound(&add, bytes, GATE_DESCRIPTORS_));
    add.head.kind = GATE_REMOVE;
    assert_true(gate_request_is_sound(&add, sizeof(add.head), 0));
    assert_false(gate_request_is_sound(&add, sizeof(add.head), 1));
    add.head.id = 0;
    assert_false(gate_request_is_sound(&add, sizeof(add.head), 0));
    add.head.kind = GATE_KNOWN;
    assert_true(gate_request_is_sound(&add, sizeof(add.head), 0));
    add.head.kind = GATE_REQUESTS_;
    assert_false(gate_request_is_sound(&add, sizeof(add.head), 0));
}

static void test_notices(void **state)
{
    struct gate_notice notice = {.kind = GATE_PLACED, .fd = 3};

    assert_true(gate_notice_is_sound(&notice, sizeof(notice), 1));
    assert_false(gate_notice_is_sound(&notice, sizeof(notice), 0));
    notice.error = -EBADF;
    assert_true(gate_notice_is_sound(&notice, sizeof(notice), 0));
    assert_false(gate_notice_is_sound(&notice, sizeof(notice), 1));
    notice.error = EBADF;
    assert_false(gate_notice_is_sound(&notice, sizeof(notice), 0));
    notice = (struct gate_notice){.kind = GATE_LOG};
    assert_true(gate_notice_is_sound(&notice, sizeof(notice), 0));
    assert_false(gate_notice_is_sound(&notice, sizeof(notice) - 1, 0));
    memset(notice.text, 'x', sizeof(notice.text));
    assert_false(gate_notice_is_sound(&notice, sizeof(notice), 0));
    notice = (struct gate_notice){.kind = GATE_NOTICES_};
    assert_false(gate_notice_is_sound(&notice, sizeof(notice), 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_policy_survives, setup),
        cmocka_unit_test_setup(test_too_many_rules, setup),
        cmocka_unit_test_setup(test_requests, setup),
        cmocka_unit_test_setup(test_notices, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

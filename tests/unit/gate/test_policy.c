/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules as text, and the addresses that they open. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "broker/gate/policy.h"
#include "tests/unit/check.h"

static struct policy policy_of(enum policy_use use, const char *text)
{
    struct policy policy = {0};
    struct fc_reason reason;

    assert_int_equal(policy_add(&policy, use, text, &reason), 0);
    return policy;
}

static void assert_refused(const char *text)
{
    struct policy policy = {0};
    struct fc_reason reason = {.text = ""};

    assert_int_equal(policy_add(&policy, POLICY_CONNECT, text, &reason), -EINVAL);
    assert_int_not_equal(reason.text[0], '\0');
    assert_int_equal(policy.n_rules, 0);
    policy_deinit(&policy);
}

static int judge(const struct policy *policy, enum policy_use use, enum policy_protocol protocol,
                 const char *host, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct policy_target target;

    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
        return policy_judge(policy, use, protocol, AF_INET, &v4, sizeof(v4), &target);
    assert_int_equal(inet_pton(AF_INET6, host, &v6.sin6_addr), 1);
    return policy_judge(policy, use, protocol, AF_INET6, &v6, sizeof(v6), &target);
}

/* Found by fuzzing: /0112 was read as 112, although elsewhere a leading zero means octal. */
static void test_leading_zeroes_are_refused(void **state)
{
    assert_refused("::/0112:1");
    assert_refused("10.0.0.0/08:80");
    assert_refused("10.0.0.1:080");
    assert_refused("10.0.0.1:1-02");
    for (size_t i = 0; i < 2; i++) {
        struct policy policy = policy_of(POLICY_CONNECT, i ? "[::]/112:0" : "10.0.0.0/8:0-80");

        policy_deinit(&policy);
    }
}

static void test_malformed_rules(void **state)
{
    static const char *const texts[] = {
        "",        ":",         "a",       "a:",           "a:x",         "a:1-",      "a:2-1",
        "a:65536", "a/8:1",     "1.2.3:1", "1.2.3.4/33:1", "[::1]/129:1", "[::1/64:1", "sctp:1.2.3.4:1",
        "a b:1",   "[[::1]]:1", "*/0:1",   "-1.2.3.4:1",   "1.2.3.4:+1",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_refused(texts[i]);
}

static void test_what_is_named_is_open_and_nothing_beside_it(void **state)
{
    struct policy policy = policy_of(POLICY_CONNECT, "tcp:10.1.0.0/16:80-90");

    assert_int_equal(judge(&policy, POLICY_CONNECT, POLICY_TCP, "10.1.255.255", 80), 0);
    assert_int_equal(judge(&policy, POLICY_CONNECT, POLICY_TCP, "::ffff:10.1.2.3", 90), 0);
    assert_int_equal(judge(&policy, POLICY_CONNECT, POLICY_TCP, "10.2.0.0", 80), -EACCES);
    assert_int_equal(judge(&policy, POLICY_CONNECT, POLICY_TCP, "10.1.0.0", 91), -EACCES);
    assert_int_equal(judge(&policy, POLICY_CONNECT, POLICY_UDP, "10.1.0.0", 80), -EACCES);
    assert_int_equal(judge(&policy, POLICY_LISTEN, POLICY_TCP, "10.1.0.0", 80), -EACCES);
    policy_deinit(&policy);
}

static void test_a_range_of_ipv6_covers_no_ipv4(void **state)
{
    static const char *const ranges[] = {"[::/0]:80", "[::]/0:80", "::/0:80", "[::ffff:10.0.0.0]/80:80"};

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        struct policy policy = policy_of(POLICY_CONNECT, ranges[i]);

        assert_int_equal(judge(&policy, POLICY_CONNECT, POLICY_TCP, "10.0.0.1", 80), -EACCES);
        assert_int_equal(judge(&policy, POLICY_CONNECT, POLICY_TCP, "::ffff:10.0.0.1", 80), -EACCES);
        assert_int_equal(judge(&policy, POLICY_CONNECT, POLICY_TCP, "0.0.0.0", 80), -EACCES);
        assert_int_equal(judge(&policy, POLICY_CONNECT, POLICY_TCP, "::1:2", 80), 0);
        policy_deinit(&policy);
    }
}

/* What is written as a mapped address is one of IPv4, in either spelling of the peer; `*` is both. */
static void test_mapped_addresses_are_ipv4(void **state)
{
    static const char *const ranges[] = {"[::ffff:0:0/96]:80", "0.0.0.0/0:80", "[::ffff:10.0.0.0]/104:80",
                                         "*:80"};

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        struct policy policy = policy_of(POLICY_CONNECT, ranges[i]);

        assert_int_equal(judge(&policy, POLICY_CONNECT, POLICY_TCP, "10.0.0.1", 80), 0);
        assert_int_equal(judge(&policy, POLICY_CONNECT, POLICY_TCP, "::ffff:10.0.0.1", 80), 0);
        assert_int_equal(judge(&policy, POLICY_CONNECT, POLICY_TCP, "fe80::1", 80), i == 3 ? 0 : -EACCES);
        policy_deinit(&policy);
    }
}

/* 0.0.0.0 and :: are judged as what they mean to a client. */
static void test_any_address_is_this_host(void **state)
{
    struct policy policy = policy_of(POLICY_CONNECT, "127.0.0.1:80");
    struct policy other = policy_of(POLICY_CONNECT, "0.0.0.0:80");

    assert_int_equal(judge(&policy, POLICY_CONNECT, POLICY_TCP, "0.0.0.0", 80), 0);
    assert_int_equal(judge(&policy, POLICY_CONNECT, POLICY_TCP, "::", 80), -EACCES);
    assert_int_equal(judge(&other, POLICY_CONNECT, POLICY_TCP, "0.0.0.0", 80), -EACCES);
    policy_deinit(&policy);
    policy_deinit(&other);
}

/* Any free port, for a socket that may send or connect; for a connection, of no address in particular. */
static void test_a_client_may_bind_to_port_0(void **state)
{
    struct policy policy = policy_of(POLICY_CONNECT, "udp:10.0.0.1:9000");
    struct policy tcp = policy_of(POLICY_CONNECT, "tcp:10.0.0.1:9000");

    assert_int_equal(judge(&policy, POLICY_LISTEN, POLICY_UDP, "0.0.0.0", 0), 0);
    assert_int_equal(judge(&policy, POLICY_LISTEN, POLICY_UDP, "0.0.0.0", 1), -EACCES);
    assert_int_equal(judge(&policy, POLICY_LISTEN, POLICY_TCP, "0.0.0.0", 0), -EACCES);
    assert_int_equal(judge(&tcp, POLICY_LISTEN, POLICY_UDP, "0.0.0.0", 0), -EACCES);
    assert_int_equal(judge(&tcp, POLICY_LISTEN, POLICY_TCP, "0.0.0.0", 0), 0);
    assert_int_equal(judge(&tcp, POLICY_LISTEN, POLICY_TCP, "::", 0), 0);
    assert_int_equal(judge(&tcp, POLICY_LISTEN, POLICY_TCP, "0.0.0.0", 1), -EACCES);
    assert_int_equal(judge(&tcp, POLICY_LISTEN, POLICY_TCP, "127.0.0.1", 0), -EACCES);
    assert_int_equal(judge(&tcp, POLICY_CONNECT, POLICY_TCP, "10.0.0.1", 0), -EACCES);
    policy_deinit(&policy);
    policy_deinit(&tcp);
}

static void test_what_is_no_internet_address(void **state)
{
    struct policy policy = policy_of(POLICY_CONNECT, "*:*");
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(1)};
    struct policy_target target;
    sa_family_t none = AF_UNSPEC, local = AF_UNIX, v4 = AF_INET;

#define JUDGE(family, sockaddr, bytes)                                                                       \
    policy_judge(&policy, POLICY_CONNECT, POLICY_TCP, family, sockaddr, bytes, &target)
    assert_int_equal(JUDGE(AF_INET, "", 0), -EINVAL);
    assert_int_equal(JUDGE(AF_INET, &v4, 1), -EINVAL);
    assert_int_equal(JUDGE(AF_INET, &v4, sizeof(v4)), -EINVAL);
    assert_int_equal(JUDGE(AF_INET, &none, sizeof(none)), -ENOENT);
    assert_int_equal(JUDGE(AF_INET, &local, sizeof(local)), -EAFNOSUPPORT);
    assert_int_equal(JUDGE(AF_INET6, &v6, sizeof(v6) - 1), -EINVAL);
    assert_int_equal(JUDGE(AF_INET6, &v6, sizeof(v6)), 0);
    assert_int_equal(JUDGE(AF_INET, &v6, sizeof(v6)), -EAFNOSUPPORT); /* no IPv6 on an IPv4 socket */
    policy_deinit(&policy);
}

/* Tells whether `outer` covers all rules of `inner`. */
static bool holds(enum policy_use outer_use, const char *outer, const char *inner)
{
    struct policy out = policy_of(outer_use, outer), in = policy_of(POLICY_CONNECT, inner);
    bool result = policy_holds(&out, &in, 0);

    policy_deinit(&out);
    policy_deinit(&in);
    return result;
}

static void test_a_rule_within_another(void **state)
{
    static const char *const within[][2] = {
        {"*:*", "tcp:10.0.0.1:80"},
        {"*:*", "desk.local:80"},
        {"tcp:10.0.0.0/8:1-100", "tcp:10.2.0.0/16:7-9"},
        {"a.b:80", "tcp:A.B:80"},
        {"10.0.0.1:80", "10.0.0.1:80"},
        {"[fe80::]/16:*", "[fe80::1]:1-2"},
        {"10.0.0.0/8:80", "[::ffff:10.1.1.1]:80"},
        {"*:*", "[::/0]:80"},
        {"[::/0]:*", "[fe80::/16]:1"},
        {"[::/0]:*", "[::]/0:1"},
    };
    static const char *const beyond[][2] = {
        {"tcp:*:*", "10.0.0.1:80"},
        {"tcp:*:*", "udp:10.0.0.1:80"},
        {"10.0.0.0/8:80", "10.0.0.0/7:80"},
        {"10.0.0.0/8:80-90", "10.0.0.1:80-91"},
        {"10.0.0.0/8:80-90", "10.0.0.1:79"},
        {"10.0.0.0/8:*", "desk.local:80"},
        {"desk.local:80", "10.0.0.1:80"},
        {"desk.local:80", "*:80"},
        {"10.0.0.0/8:*", "*:*"},
        {"10.0.0.0/8:*", "11.0.0.1:1"},
        {"[::/0]:*", "10.0.0.1:1"},
        {"[::/0]:*", "0.0.0.0/0:1"},
        {"[::/0]:*", "*:1"},
        {"[::/0]:*", "desk.local:1"},
        {"0.0.0.0/0:*", "[::/0]:1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(within) / sizeof(within[0]); i++) {
        assert_true(holds(POLICY_CONNECT, within[i][0], within[i][1]));
        assert_false(holds(POLICY_LISTEN, within[i][0], within[i][1]));
    }
    for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
        assert_false(holds(POLICY_CONNECT, beyond[i][0], beyond[i][1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_rule_within_another),
        cmocka_unit_test(test_leading_zeroes_are_refused),
        cmocka_unit_test(test_malformed_rules),
        cmocka_unit_test(test_what_is_named_is_open_and_nothing_beside_it),
        cmocka_unit_test(test_a_range_of_ipv6_covers_no_ipv4),
        cmocka_unit_test(test_mapped_addresses_are_ipv4),
        cmocka_unit_test(test_any_address_is_this_host),
        cmocka_unit_test(test_a_client_may_bind_to_port_0),
        cmocka_unit_test(test_what_is_no_internet_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

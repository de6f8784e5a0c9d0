/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom a script may answer: who has just sent to its server, and nobody else. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/gate/peers.h"

static struct policy policy;
static struct gate_worker worker;
static struct gate_socket server;

/* Returns a datagram socket with a port of 127.0.0.1. */
static int bound(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

static struct sockaddr_in name_of(int fd)
{
    struct sockaddr_in at;
    socklen_t n = sizeof(at);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    return at;
}

static bool may_answer(int peer)
{
    struct sockaddr_in at = name_of(peer);
    struct policy_address address;

    assert_int_equal(policy_read_address(&address, &at, sizeof(at)), 0);
    return gate_peers_may_answer(&worker, &server, &address);
}

/* A datagram comes from the peer, the gate looks at it, and the script takes it. */
static void hear(int peer)
{
    struct sockaddr_in to = name_of(server.fd);
    char byte;

    assert_int_equal(sendto(peer, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
    gate_peers_note(&worker, &server);
    assert_int_equal(recv(server.fd, &byte, 1, 0), 1);
}

static int setup(void **state)
{
    struct fc_reason reason;

    policy = (struct policy){0};
    assert_int_equal(policy_add(&policy, POLICY_LISTEN, "udp:127.0.0.1:*", &reason), 0);
    worker = (struct gate_worker){.spec.policy = &policy};
    server =
        (struct gate_socket){.fd = bound(), .kind = {.cookie = 7, .protocol = POLICY_UDP, .is_ours = true}};
    return 0;
}

static int teardown(void **state)
{
    close(server.fd);
    free(worker.peers);
    policy_deinit(&policy);
    return 0;
}

static void test_only_who_was_heard(void **state)
{
    int one = bound(), other = bound();

    gate_peers_note(&worker, &server); /* nothing waits */
    assert_false(may_answer(one));
    hear(one);
    assert_true(may_answer(one));
    assert_false(may_answer(other));
    hear(other);
    assert_true(may_answer(one) && may_answer(other));
    close(one);
    close(other);
}

static void test_only_by_that_socket(void **state)
{
    int one = bound();

    hear(one);
    server.kind.cookie++;
    assert_false(may_answer(one));
    server.kind.cookie--;
    server.kind.is_ours = false;
    assert_false(may_answer(one));
    close(one);
}

static void test_only_while_the_policy_has_the_server(void **state)
{
    struct policy none = {0};
    int one = bound();

    worker.spec.policy = &none;
    hear(one);
    assert_null(worker.peers);
    worker.spec.policy = &policy;
    hear(one);
    worker.spec.policy = &none;
    assert_false(may_answer(one));
    close(one);
}

static void test_only_for_a_while(void **state)
{
    int one = bound();

    hear(one);
    worker.peers[0].heard_ns -= GATE_PEER_NS + FC_NS_PER_S;
    assert_false(may_answer(one));
    hear(one);
    assert_true(may_answer(one));
    assert_int_equal(worker.peers[1].cookie, 0); /* it has one entry */
    close(one);
}

static void test_only_the_latest_are_known(void **state)
{
    int peers[GATE_PEERS + 1];

    for (size_t i = 0; i <= GATE_PEERS; i++) {
        peers[i] = bound();
        hear(peers[i]);
    }
    assert_false(may_answer(peers[0]));
    for (size_t i = 1; i <= GATE_PEERS; i++)
        assert_true(may_answer(peers[i]));
    for (size_t i = 0; i <= GATE_PEERS; i++)
        close(peers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_only_who_was_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_by_that_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_while_the_policy_has_the_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_for_a_while, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_the_latest_are_known, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

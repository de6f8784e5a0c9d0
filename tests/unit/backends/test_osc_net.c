/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the OSC backend listens and sends, with both families of addresses, and how it handles failures. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/backends/osc_net.h"
#include "broker/backends/osc_private.h"
#include "broker/base/loop.h"
#include "broker/os/lookup_answer.h"
#include "firecurtain/time.h"
#include "tests/unit/osc_rig.h"

#define A_1   "/a\0\0,f\0\0\x3f\x80\0\0"
#define A_0_5 "/a\0\0,f\0\0\x3f\0\0\0"

static struct rig rig;

static int setup(void **state)
{
    rig_init(&rig);
    rig_set(&rig, "/a", "f 0 1");
    rig_channel(&rig, "/a", FC_SOURCE | FC_TARGET);
    return 0;
}

static int teardown(void **state)
{
    rig_deinit(&rig);
    return 0;
}

static void send_value(double value)
{
    backend_osc.set(rig.self, 0, value);
    backend_osc.flush(rig.self);
}

static unsigned count_lines(const char *text)
{
    unsigned lines = 0;

    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static struct loop *loop;
static struct lookup_service *service;
static int name_ends[2];

static int begin_lookup(struct keeper *keeper, unsigned account, const char *host, const char *port,
                        const struct addrinfo *hints)
{
    assert_string_equal(host, "desk.test");
    assert_int_equal(hints->ai_family, AF_INET); /* that of the socket */
    assert_int_equal(pipe2(name_ends, O_CLOEXEC | O_NONBLOCK), 0);
    return name_ends[0];
}

static void stop_loop(void *userdata)
{
    loop_stop(loop);
}

static void turn(void)
{
    struct loop_task end = {.fn = stop_loop};

    loop_defer(loop, &end);
    assert_int_equal(loop_run(loop), 0);
}

static void begin_with_name(void)
{
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(lookup_service_new(&service, loop, begin_lookup, NULL, 1), 0);
    lookups_free(rig.instance.lookups);
    rig.instance.lookups = lookups_new(service, 0, stop_loop, NULL);
    rig_set(&rig, "bind", "127.0.0.1 0");
    rig_set(&rig, "dest", "desk.test 9");
    assert_int_equal(backend_osc.start(rig.self), -EINPROGRESS);
}

static void end_with_name(void)
{
    rig.instance.lookups = lookups_free(rig.instance.lookups);
    lookup_service_free(service);
    loop = loop_free(loop);
}

static void name_answers(int peer)
{
    struct lookup_answer answer = {.n_addresses = 1};

    answer.addresses[0] = (struct lookup_address){.family = AF_INET, .type = SOCK_DGRAM};
    answer.addresses[0].bytes = rig_address(&answer.addresses[0].storage, AF_INET, rig_port(peer));
    assert_int_equal(write(name_ends[1], &answer, lookup_answer_bytes(&answer)),
                     lookup_answer_bytes(&answer));
    close(name_ends[1]);
    turn();
    turn();
}

/* What is set while the name of its destination is looked up is sent afterwards, the newest value of each. */
static void test_values_wait_for_a_name(void **state)
{
    int peer = rig_peer(AF_INET);

    begin_with_name();
    assert_int_equal(rig.instance.watched, -1);
    send_value(0.25);
    send_value(0.5);
    turn();
    turn();
    assert_int_equal(backend_osc.start(rig.self), -EINPROGRESS);
    send_value(1);
    name_answers(peer);
    assert_int_equal(backend_osc.start(rig.self), 0);
    rig_assert_packet(peer, RIG_BYTES(A_1));
    rig_assert_silence(peer);
    send_value(0.5);
    rig_assert_packet(peer, RIG_BYTES(A_0_5));
    close(peer);
    end_with_name();
}

/* Nothing that was set is sent later if the start is given up. */
static void test_values_do_not_wait_for_ever(void **state)
{
    int peer = rig_peer(AF_INET);

    begin_with_name();
    turn();
    turn();
    send_value(0.25);
    backend_osc.stop(rig.self);
    assert_int_equal(backend_osc.start(rig.self), -EINPROGRESS);
    name_answers(peer);
    assert_int_equal(backend_osc.start(rig.self), 0);
    rig_assert_silence(peer);
    send_value(1);
    rig_assert_packet(peer, RIG_BYTES(A_1));
    close(peer);
    end_with_name();
}

static void test_socket_has_its_flags(void **state)
{
    socklen_t bytes = sizeof(int);
    int on = 0;

    rig_set(&rig, "bind", "127.0.0.1 0");
    rig_start(&rig);
    assert_true(fcntl(rig.instance.watched, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(rig.instance.watched, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(getsockopt(rig.instance.watched, SOL_SOCKET, SO_BROADCAST, &on, &bytes), 0);
    assert_int_equal(on, 1);
}

static void test_ipv6(void **state)
{
    int peer = rig_peer(AF_INET6);

    rig_set(&rig, "bind", "::1 0");
    rig_set(&rig, "dest", rig_at("::1", peer));
    rig_start(&rig);
    rig_send(&rig, peer, AF_INET6, RIG_BYTES(A_0_5));
    rig_ready(&rig);
    rig_assert_event(&rig, 0, 0, 0.5);
    send_value(1);
    rig_assert_packet(peer, RIG_BYTES(A_1));
    close(peer);
}

static void test_both_families_reach_one_socket(void **state)
{
    int four = rig_peer(AF_INET);
    int six = rig_peer(AF_INET6);

    rig_set(&rig, "bind", ":: 0");
    rig_set(&rig, "dest", rig_at("127.0.0.1", four));
    rig_start(&rig);
    rig_send(&rig, six, AF_INET6, RIG_BYTES(A_1));
    rig_send(&rig, four, AF_INET, RIG_BYTES(A_0_5));
    rig_ready(&rig);
    rig_assert_event(&rig, 0, 0, 1);
    rig_assert_event(&rig, 1, 0, 0.5);
    send_value(1);
    rig_assert_packet(four, RIG_BYTES(A_1));
    rig_assert_silence(six);
    close(four);
    close(six);
}

static void test_learning_from_both_families(void **state)
{
    int four = rig_peer(AF_INET);
    int six = rig_peer(AF_INET6);

    rig_set(&rig, "bind", ":: 0");
    rig_set(&rig, "dest", "learn");
    rig_start(&rig);
    rig_send(&rig, four, AF_INET, RIG_BYTES(A_1));
    rig_ready(&rig);
    send_value(1);
    rig_assert_packet(four, RIG_BYTES(A_1));
    rig_send(&rig, six, AF_INET6, RIG_BYTES("/elsewhere\0\0,\0\0\0"));
    rig_ready(&rig);
    send_value(0.5);
    rig_assert_packet(six, RIG_BYTES(A_0_5));
    rig_assert_silence(four);
    close(four);
    close(six);
}

static void test_nothing_is_learned_from_malformed_packets(void **state)
{
    int good = rig_peer(AF_INET);
    int bad = rig_peer(AF_INET);

    rig_set(&rig, "bind", "127.0.0.1 0");
    rig_set(&rig, "dest", "learn");
    rig_start(&rig);
    rig_send(&rig, good, AF_INET, RIG_BYTES(A_1));
    rig_send(&rig, bad, AF_INET, RIG_BYTES("/a\0\0,f\0\0"));
    rig_ready(&rig);
    assert_int_equal(rig.instance.n_malformed, 1);
    send_value(1);
    rig_assert_packet(good, RIG_BYTES(A_1));
    rig_assert_silence(bad);
    close(good);
    close(bad);
}

static void learn_with_port(const char *bind, int family)
{
    int sender = rig_peer(family);
    int listener = rig_peer(family);
    char learn[32];

    snprintf(learn, sizeof(learn), "learn@%u", rig_port(listener));
    rig_set(&rig, "bind", bind);
    rig_set(&rig, "dest", learn);
    rig_start(&rig);
    rig_send(&rig, sender, family, RIG_BYTES(A_1));
    rig_ready(&rig);
    send_value(0.5);
    rig_assert_packet(listener, RIG_BYTES(A_0_5));
    rig_assert_silence(sender);
    close(sender);
    close(listener);
}

static void test_learning_with_a_port(void **state)
{
    learn_with_port("127.0.0.1 0", AF_INET);
}

static void test_learning_with_a_port_over_ipv6(void **state)
{
    learn_with_port("::1 0", AF_INET6);
}

static void test_before_anything_is_learned(void **state)
{
    int peer = rig_peer(AF_INET);

    rig_set(&rig, "bind", "127.0.0.1 0");
    rig_set(&rig, "dest", "learn");
    rig_start(&rig);
    send_value(1);
    send_value(0.5);
    assert_string_equal(rig_log,
                        "1 nothing is sent: no packet has arrived yet from which to learn the destination\n");
    rig_receive(&rig, peer, RIG_BYTES(A_1));
    send_value(0.5); /* unchanged, but the first one to be sent */
    rig_assert_packet(peer, RIG_BYTES(A_0_5));
    close(peer);
}

static void test_without_destination(void **state)
{
    rig_set(&rig, "bind", "127.0.0.1 0");
    rig_start(&rig);
    send_value(1);
    send_value(0.5);
    assert_string_equal(rig_log, "1 nothing is sent: there is no destination\n");
}

static void test_without_bind(void **state)
{
    int peer = rig_peer(AF_INET);

    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_start(&rig);
    send_value(1);
    rig_assert_packet(peer, RIG_BYTES(A_1));
    rig_receive(&rig, peer, RIG_BYTES(A_0_5)); /* an answer, to the port that the kernel chose */
    rig_assert_event(&rig, 0, 0, 0.5);
    close(peer);
}

/* `localhost` may be ::1 first: then the next address is used, as that one cannot reach the destination. */
static void test_bind_fits_the_destination(void **state)
{
    int peer = rig_peer(AF_INET);

    rig_set(&rig, "bind", "localhost 0");
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_start(&rig);
    send_value(1);
    rig_assert_packet(peer, RIG_BYTES(A_1));
    close(peer);
}

static void test_families_that_do_not_fit(void **state)
{
    rig_set(&rig, "bind", "::1 0");
    rig_set(&rig, "dest", "127.0.0.1 9");
    assert_true(backend_osc.start(rig.self) < 0);
    assert_non_null(strstr(rig_log, "0 the address 127.0.0.1 is of another family than what is bound"));
    assert_int_equal(rig.instance.watched, -1);
}

static void test_port_in_use(void **state)
{
    int peer = rig_peer(AF_INET);

    rig_set(&rig, "bind", rig_at("127.0.0.1", peer));
    assert_int_equal(backend_osc.start(rig.self), -EADDRINUSE);
    assert_non_null(strstr(rig_log, " is in use by another program: end that one (ss -ulnp sport = "));
    backend_osc.stop(rig.self);
    send_value(1); /* without effect while it is stopped */
    close(peer);
    assert_int_equal(backend_osc.start(rig.self), 0);
    assert_true(rig.instance.watched >= 0);
}

/* Two instances of one show that bind one port: the second one is told whose it is. */
static void test_port_in_use_by_another_instance(void **state)
{
    struct fc_reason reason;
    struct osc_net first, second;
    int peer = rig_peer(AF_INET);
    const char *at = rig_at("127.0.0.1", peer);

    osc_net_init(&first, "mixer");
    osc_net_init(&second, "desk");
    assert_int_equal(osc_net_set_bind(&first, at, &reason), 0);
    assert_int_equal(osc_net_set_bind(&second, at, &reason), 0);
    close(peer);
    assert_int_equal(osc_net_open(&first, rig.instance.lookups, &reason), 0);
    assert_int_equal(osc_net_open(&second, rig.instance.lookups, &reason), -EADDRINUSE);
    assert_non_null(strstr(reason.text, "is in use by the instance \"mixer\""));
    osc_net_close(&first);
    assert_int_equal(osc_net_open(&second, rig.instance.lookups, &reason), 0);
    osc_net_deinit(&first);
    osc_net_deinit(&second);
}

static void test_an_address_that_the_machine_does_not_have(void **state)
{
    rig_set(&rig, "bind", "192.0.2.1 0");
    assert_int_equal(backend_osc.start(rig.self), -EADDRNOTAVAIL);
    assert_non_null(strstr(rig_log, "this machine does not have the address 192.0.2.1"));
}

/* Nothing listens there any more: the errors that the kernel reports must neither end nor fill anything. */
static void test_peer_is_gone(void **state)
{
    int peer = rig_peer(AF_INET);

    rig_set(&rig, "bind", "127.0.0.1 0");
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    close(peer);
    rig_start(&rig);
    for (unsigned n = 0; n < 10; n++) {
        send_value(n % 2);
        rig_ready(&rig);
    }
    assert_true(count_lines(rig_log) <= 1);
    peer = rig_peer(AF_INET);
    rig_receive(&rig, peer, RIG_BYTES(A_0_5));
    rig_assert_event(&rig, 0, 0, 0.5);
    close(peer);
}

/* A documentation address cannot be reached from 127.0.0.1. */
static void test_failures_are_logged_once_a_second(void **state)
{
    rig_set(&rig, "bind", "127.0.0.1 0");
    rig_set(&rig, "dest", "192.0.2.1 9");
    rig_start(&rig);
    for (unsigned n = 0; n < 10; n++)
        send_value(n % 2);
    assert_int_equal(count_lines(rig_log), 1);
    assert_non_null(strstr(rig_log, "1 sending failed: "));
    assert_non_null(strstr(rig_log, "(1 times since the last such message)\n"));
    ((struct osc *)rig.self)->failure_logged_ns -= FC_NS_PER_S; /* as if a second had passed */
    send_value(0);
    assert_int_equal(count_lines(rig_log), 2);
    assert_non_null(strstr(rig_log, "(10 times since the last such message)\n"));
}

static void test_after_a_restart_the_first_value_is_sent(void **state)
{
    int peer = rig_peer(AF_INET);

    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_start(&rig);
    send_value(1);
    rig_assert_packet(peer, RIG_BYTES(A_1));
    backend_osc.stop(rig.self);
    backend_osc.stop(rig.self);
    assert_int_equal(rig.instance.watched, -1);
    rig_start(&rig);
    send_value(1);
    rig_assert_packet(peer, RIG_BYTES(A_1));
    close(peer);
}

static void test_stopping_closes_and_forgets(void **state)
{
    int peer = rig_peer(AF_INET);
    int fd;

    rig_set(&rig, "bind", "127.0.0.1 0");
    rig_set(&rig, "dest", "learn");
    rig_start(&rig);
    rig_receive(&rig, peer, RIG_BYTES(A_1));
    fd = rig.instance.watched;
    backend_osc.stop(rig.self);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    rig_start(&rig);
    send_value(1);
    rig_assert_silence(peer);
    assert_int_equal(count_lines(rig_log), 1);
    close(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values_wait_for_a_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_do_not_wait_for_ever, setup, teardown),
        cmocka_unit_test_setup_teardown(test_socket_has_its_flags, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ipv6, setup, teardown),
        cmocka_unit_test_setup_teardown(test_both_families_reach_one_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(test_learning_from_both_families, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_learned_from_malformed_packets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_learning_with_a_port, setup, teardown),
        cmocka_unit_test_setup_teardown(test_learning_with_a_port_over_ipv6, setup, teardown),
        cmocka_unit_test_setup_teardown(test_before_anything_is_learned, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_destination, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_bind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bind_fits_the_destination, setup, teardown),
        cmocka_unit_test_setup_teardown(test_families_that_do_not_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_port_in_use, setup, teardown),
        cmocka_unit_test_setup_teardown(test_port_in_use_by_another_instance, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_address_that_the_machine_does_not_have, setup, teardown),
        cmocka_unit_test_setup_teardown(test_peer_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures_are_logged_once_a_second, setup, teardown),
        cmocka_unit_test_setup_teardown(test_after_a_restart_the_first_value_is_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stopping_closes_and_forgets, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

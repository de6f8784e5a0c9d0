/* SPDX-License-Identifier: BSD-2-Clause */
/* Art-Net's discovery: which nodes get a universe, for how long, and how many of everything are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/backends/artnet_poll.h"
#include "tests/unit/dmx_rig.h"

#define BEGIN (1000 * FC_NS_PER_S)

struct fc_timer {
    uint64_t deadline_ns;
};

static struct fc_instance core = {.name = "artnet"};
static struct artnet_socket net;
static struct artnet_port port;
static struct fc_timer timer;

int fc_timer_new(struct fc_timer **made, struct fc_instance *instance, fc_timer_fn fn, void *userdata)
{
    *made = &timer;
    return 0;
}

void fc_timer_set(struct fc_timer *set, uint64_t deadline_ns)
{
    set->deadline_ns = deadline_ns;
}

struct fc_timer *fc_timer_free(struct fc_timer *freed)
{
    return NULL;
}

int fc_watch_new(struct fc_watch **watch, struct fc_instance *instance, int fd, fc_watch_fn ready,
                 void *userdata)
{
    return -ENOMEM; /* no socket is opened here */
}

struct fc_watch *fc_watch_free(struct fc_watch *watch)
{
    return NULL;
}

static int setup(void **state)
{
    const struct sockaddr_in broadcast = {.sin_family = AF_INET, .sin_addr.s_addr = UINT32_MAX};

    net = (struct artnet_socket){.fd = -1};
    port = (struct artnet_port){.universe.instance = &core};
    timer.deadline_ns = FC_TIMER_NEVER;
    HASH_ADD(hh, net.ports, address, sizeof(port.address), &port);
    assert_int_equal(artnet_poll_begin(&net), 0);
    artnet_poll_ask(&net, &broadcast, BEGIN);
    return 0;
}

static int teardown(void **state)
{
    HASH_DEL(net.ports, &port);
    artnet_poll_end(&net);
    return 0;
}

/* A packet from 10.0.x.y, whose number is x * 256 + y. */
static struct artnet_received from(unsigned number)
{
    return (struct artnet_received){.from = {.sin_family = AF_INET,
                                             .sin_addr.s_addr = htonl(0x0a000000 | number),
                                             .sin_port = htons(999)}};
}

static void answer(unsigned number, uint8_t bind_index, uint16_t output, uint64_t now_ns)
{
    struct artnet_received received = from(number);

    received.packet.reply.bind_index = bind_index;
    received.packet.reply.n_outputs = 1;
    received.packet.reply.outputs[0] = output;
    artnet_poll_answered(&net, &received, now_ns);
}

static size_t subscribers(uint16_t address, uint64_t now_ns)
{
    struct sockaddr_in list[ARTNET_MAX_SUBSCRIBERS];
    size_t n = artnet_poll_subscribers(&net, address, now_ns, list);

    for (size_t i = 0; i < n; i++)
        assert_int_equal(list[i].sin_port, htons(ARTNET_PORT)); /* not the one that it sent from */
    return n;
}

static void test_nodes_get_what_they_ask_for(void **state)
{
    answer(1, 1, 7, BEGIN);
    answer(1, 2, 8, BEGIN); /* another port of the same node */
    answer(2, 1, 7, BEGIN);
    assert_int_equal(subscribers(7, BEGIN), 2);
    assert_int_equal(subscribers(8, BEGIN), 1);
    assert_int_equal(subscribers(9, BEGIN), 0);
}

static void test_a_node_gets_a_frame_once(void **state)
{
    answer(1, 1, 7, BEGIN);
    answer(1, 2, 7, BEGIN);
    assert_int_equal(subscribers(7, BEGIN), 1);
}

static void test_a_later_answer_replaces_an_earlier_one(void **state)
{
    answer(1, 1, 7, BEGIN);
    answer(1, 1, 8, BEGIN + 1);
    assert_int_equal(subscribers(7, BEGIN + 1), 0);
    assert_int_equal(subscribers(8, BEGIN + 1), 1);
}

static void test_a_node_is_gone_after_three_polls(void **state)
{
    answer(1, 1, 7, BEGIN);
    assert_int_equal(subscribers(7, BEGIN + 3 * ARTNET_POLL_NS - 1), 1);
    assert_int_equal(subscribers(7, BEGIN + 3 * ARTNET_POLL_NS), 0);
}

static void test_answers_that_nobody_asked_for_are_ignored(void **state)
{
    net.poll.next_ns = 0;
    answer(1, 1, 7, BEGIN);
    assert_int_equal(net.poll.n_nodes, 0);
}

static void test_nodes_and_receivers_have_a_limit(void **state)
{
    for (unsigned number = 0; number < 2 * ARTNET_MAX_NODES; number++)
        answer(number, 1, 7, BEGIN);
    assert_int_equal(net.poll.n_nodes, ARTNET_MAX_NODES);
    assert_int_equal(subscribers(7, BEGIN), ARTNET_MAX_SUBSCRIBERS);
}

static void test_askers_wait_up_to_a_second_and_have_a_limit(void **state)
{
    net.poll.next_ns = 0;
    for (unsigned number = 0; number < 2 * ARTNET_MAX_ASKERS; number++) {
        struct artnet_received received = from(number);

        artnet_poll_asked(&net, &received, BEGIN + number);
        artnet_poll_asked(&net, &received, BEGIN + number); /* twice, for one answer */
    }
    assert_int_equal(net.poll.n_askers, ARTNET_MAX_ASKERS);
    for (size_t i = 0; i < net.poll.n_askers; i++)
        assert_in_range(net.poll.askers[i].due_ns, BEGIN, BEGIN + FC_NS_PER_S + 2 * ARTNET_MAX_ASKERS);
    assert_in_range(timer.deadline_ns, BEGIN, BEGIN + FC_NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nodes_get_what_they_ask_for, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_node_gets_a_frame_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_later_answer_replaces_an_earlier_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_node_is_gone_after_three_polls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answers_that_nobody_asked_for_are_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nodes_and_receivers_have_a_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_askers_wait_up_to_a_second_and_have_a_limit, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

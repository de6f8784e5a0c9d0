/* SPDX-License-Identifier: BSD-2-Clause */
/* Which messages are answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/backends/osc_echo.h"

#define NOW    UINT64_C(1000000000000)
#define LATE   (NOW + OSC_ECHO_LATE_NS + 1)
#define FORGET (NOW + OSC_ECHO_FORGET_NS + 1)

static struct osc_echo echo;
static struct osc_echo_address a, b;

static int setup(void **state)
{
    memset(&echo, 0, sizeof(echo));
    a.n_unanswered = b.n_unanswered = 0;
    return 0;
}

static void send_at(uint32_t mark, uint32_t chain, uint64_t now_ns)
{
    osc_echo_sent(&echo, &a, 1, mark, chain, now_ns);
}

static uint32_t receive_at(uint32_t mark, uint64_t now_ns)
{
    return osc_echo_received(&echo, &a, 1, mark, now_ns);
}

static void test_marks(void **state)
{
    uint32_t none = OSC_ECHO_NO_VALUES;

    assert_true(osc_echo_mark(none, 0.5) == osc_echo_mark(none, 0.5));
    assert_true(osc_echo_mark(none, 0.0) == osc_echo_mark(none, -0.0));
    assert_true(osc_echo_mark(none, 0.0) != none);
    assert_true(osc_echo_mark(none, 0.5) != osc_echo_mark(none, 1));
    assert_true(osc_echo_mark(osc_echo_mark(none, 0), 1) != osc_echo_mark(osc_echo_mark(none, 1), 0));
}

static void test_each_message_is_answered_once(void **state)
{
    assert_int_equal(receive_at(5, NOW), 0);
    send_at(5, 0, NOW);
    assert_int_equal(receive_at(6, NOW), 0);
    assert_int_equal(receive_at(5, NOW), 1);
    assert_int_equal(receive_at(5, NOW), 0);
    assert_int_equal(a.n_unanswered, 0);
}

/* An answer takes the first message with its values, and leaves those before it to their answers. */
static void test_answers_in_another_order(void **state)
{
    send_at(5, 0, NOW);
    send_at(6, 2, NOW);
    send_at(5, 1, NOW);
    assert_int_equal(receive_at(6, NOW), 3);
    assert_int_equal(receive_at(5, NOW), 1);
    assert_int_equal(receive_at(5, NOW), 2);
    assert_int_equal(receive_at(5, NOW), 0);
}

static void test_addresses_are_apart(void **state)
{
    send_at(5, 0, NOW);
    osc_echo_sent(&echo, &b, 1, 5, 1, NOW);
    osc_echo_sent(&echo, &b, 1, 6, 1, NOW);
    assert_int_equal(receive_at(6, NOW), 0);
    assert_int_equal(osc_echo_received(&echo, &b, 1, 5, NOW), 2);
    assert_int_equal(receive_at(5, NOW), 1);
    assert_int_equal(b.n_unanswered, 1);
}

static void test_the_oldest_are_forgotten_when_there_are_too_many(void **state)
{
    for (uint32_t mark = 0; mark < OSC_ECHO_MESSAGES + 2; mark++)
        send_at(mark, 0, NOW);
    assert_int_equal(a.n_unanswered, OSC_ECHO_MESSAGES);
    assert_int_equal(receive_at(1, NOW), 0);
    for (uint32_t mark = OSC_ECHO_MESSAGES + 2; mark-- > 2;)
        assert_int_equal(receive_at(mark, NOW), 1);
    assert_int_equal(a.n_unanswered, 0);
    for (uint32_t n = 0; n < 3 * OSC_ECHO_MESSAGES; n++)
        send_at(7, 0, NOW); /* all in one bucket */
    for (uint32_t n = 0; n < OSC_ECHO_MESSAGES; n++)
        assert_int_equal(receive_at(7, NOW), 1);
    assert_int_equal(receive_at(7, NOW), 0);
}

static void test_late_answers_are_counted_apart(void **state)
{
    send_at(5, 1, NOW);
    assert_int_equal(receive_at(5, NOW + OSC_ECHO_LATE_NS), 2);
    send_at(5, 1, NOW);
    assert_int_equal(receive_at(5, LATE), OSC_ECHO_LATE);
    send_at(5, OSC_ECHO_LATE, LATE);
    assert_int_equal(receive_at(5, LATE), OSC_ECHO_LATE + 1);
    send_at(5, 0, NOW);
    assert_int_equal(receive_at(5, FORGET), 0);
    assert_int_equal(a.n_unanswered, 0);
}

/* Returns how often a late answer leads to a message again while `n` to the address are unanswered. */
static uint32_t count_late(uint32_t n_unanswered)
{
    uint32_t n = 0;

    setup(NULL);
    for (uint32_t i = 1; i < n_unanswered; i++)
        send_at(6, 0, NOW);
    for (uint32_t chain = 0; osc_echo_is_news(chain, true) && n < 1000; n++) {
        send_at(5, chain, NOW);
        chain = receive_at(5, LATE);
    }
    return n - 1;
}

static void test_late_answers_in_a_row_have_an_end(void **state)
{
    assert_int_equal(count_late(1), OSC_ECHO_MAX_LATE_OF_FEW);
    assert_int_equal(count_late(OSC_ECHO_FEW), OSC_ECHO_MAX_LATE_OF_FEW);
    assert_int_equal(count_late(OSC_ECHO_FEW + 1), OSC_ECHO_MAX_LATE);
}

static void test_what_is_news(void **state)
{
    assert_true(osc_echo_is_news(0, true));
    assert_true(osc_echo_is_news(3 * OSC_ECHO_LATE, true));
    assert_false(osc_echo_is_news(1, true));
    assert_true(osc_echo_is_news(OSC_ECHO_MAX_CHAIN - 1, false));
    assert_false(osc_echo_is_news(OSC_ECHO_MAX_CHAIN, false));
    assert_false(osc_echo_is_news(OSC_ECHO_LATE + 1, true));
    send_at(5, OSC_ECHO_LATE - 1, NOW); /* a chain that is too long does not become another */
    assert_false(osc_echo_is_news(receive_at(5, NOW), false));
    send_at(5, UINT32_MAX, NOW);
    assert_false(osc_echo_is_news(receive_at(5, LATE), false));
}

static void test_not_from_another_peer(void **state)
{
    send_at(5, 0, NOW);
    assert_int_equal(osc_echo_received(&echo, &a, 2, 5, NOW), 0);
    assert_int_equal(a.n_unanswered, 0);
    send_at(5, 0, NOW);
    osc_echo_sent(&echo, &a, 2, 6, 0, NOW);
    assert_int_equal(osc_echo_received(&echo, &a, 2, 5, NOW), 0);
    assert_int_equal(osc_echo_received(&echo, &a, 2, 6, NOW), 1);
}

/*
 * Two peers that report everything, `x` and `y`, whose addresses are mapped to each other, and what comes
 * from `x` goes back there through a loopback, too.
 */
enum { X, Y, PEERS };
#define UNDER_WAY 20000

static struct {
    struct osc_echo echo;
    struct osc_echo_address address;
    double known;
} peers[PEERS];

static struct {
    uint8_t peer;
    double value;
} under_way[UNDER_WAY];

static size_t n_begun, n_sent;
static uint64_t now;

static void set(unsigned to, double value, uint32_t chain)
{
    if (!osc_echo_is_news(chain, peers[to].known == value))
        return;
    peers[to].known = value;
    osc_echo_sent(&peers[to].echo, &peers[to].address, 1, osc_echo_mark(OSC_ECHO_NO_VALUES, value), chain,
                  now);
    assert_true(n_sent < UNDER_WAY);
    under_way[n_sent].peer = (uint8_t)to;
    under_way[n_sent++].value = value;
}

static void receive(unsigned from, double value)
{
    uint32_t mark = osc_echo_mark(OSC_ECHO_NO_VALUES, value);
    uint32_t chain = osc_echo_received(&peers[from].echo, &peers[from].address, 1, mark, now);

    peers[from].known = value;
    set(from == X ? Y : X, value, chain);
    if (from == X)
        set(X, value, chain);
}

/* Lets the peers report `n` of the messages, except each `lost`th one, which does not arrive. */
static void report(size_t n, size_t lost)
{
    for (; n > 0 && n_begun < n_sent; n--, n_begun++) {
        if (!lost || n_begun % lost > 0)
            receive(under_way[n_begun].peer, under_way[n_begun].value);
    }
}

/* Plays `n` values, which come from `x` and `y` at once. Returns how many messages they lead to. */
static size_t play(size_t n, size_t n_values, uint64_t delay_ns, size_t at_once, size_t lost)
{
    memset(peers, 0, sizeof(peers));
    n_begun = n_sent = 0;
    now = NOW;
    for (size_t i = 0; i < n; i++)
        receive(i % 3 == 2 ? Y : X, (double)(i % n_values) + 1);
    while (n_begun < n_sent) {
        now += delay_ns;
        report(at_once ? at_once : n_sent - n_begun, lost);
    }
    return n_sent;
}

static void test_peers_come_to_rest_at_once(void **state)
{
    assert_int_equal(play(1, 1, FC_NS_PER_MS, 0, 0), 2);
    assert_in_range(play(3, 3, FC_NS_PER_MS, 0, 0), 5, 5 * OSC_ECHO_MAX_CHAIN);
}

/* However late each answer is, however many values are under way, and if some answers are lost. */
static void test_starved_peers_come_to_rest(void **state)
{
    const uint64_t delays[] = {OSC_ECHO_LATE_NS, OSC_ECHO_LATE_NS + 1, OSC_ECHO_FORGET_NS};

    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        for (size_t n = 1; n <= 40; n += 3) {
            for (size_t n_values = 1; n_values <= n && n_values <= 5; n_values++) {
                assert_in_range(play(n, n_values, delays[i], 0, 0), n, 300 * n);
                assert_in_range(play(n, n_values, delays[i], 0, 7), n, 300 * n);
            }
        }
    }
}

/* Some answers come while more and more are under way. */
static void test_answers_that_trickle_come_to_rest(void **state)
{
    for (size_t at_once = 1; at_once <= 8; at_once++) {
        assert_in_range(play(40, 10, 60 * FC_NS_PER_MS, at_once, 0), 40, 12000);
        assert_in_range(play(40, 3, 120 * FC_NS_PER_MS, at_once, 0), 40, 12000);
        assert_in_range(play(40, 40, 240 * FC_NS_PER_MS, at_once, 5), 40, 12000);
    }
}

#define echo_test(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        echo_test(test_marks),
        echo_test(test_each_message_is_answered_once),
        echo_test(test_answers_in_another_order),
        echo_test(test_addresses_are_apart),
        echo_test(test_the_oldest_are_forgotten_when_there_are_too_many),
        echo_test(test_late_answers_are_counted_apart),
        echo_test(test_late_answers_in_a_row_have_an_end),
        echo_test(test_what_is_news),
        echo_test(test_not_from_another_peer),
        echo_test(test_peers_come_to_rest_at_once),
        echo_test(test_starved_peers_come_to_rest),
        echo_test(test_answers_that_trickle_come_to_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

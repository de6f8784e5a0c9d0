/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests to the counter, which the test plays: one that does not read, as when it waits for a disk, keeps
 * nobody waiting, and gets all requests in their order later.
 */
#include "broker/keeper/counter_client.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

#include "broker/base/loop.h"
#include "broker/keeper/counter.h"
#include "broker/keeper/private.h"
#include "firecurtain/cleanup.h"
#include "tests/unit/check.h"
#include "tests/unit/turn.h"

#define N_QUOTAS 500 /* many times as many as a socket has room for */

static struct loop *loop;
static struct keeper keeper = {.socket = -1};
static struct counter_client *client;
static int counter = -1;
static unsigned n_exceeded;

static int setup(void **state)
{
    int pair[2];

    n_exceeded = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    keeper.counter = pair[0];
    counter = pair[1];
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(counter_client_new(&client, loop, &keeper), 0);
    return 0;
}

static int teardown(void **state)
{
    client = counter_client_free(client);
    loop = loop_free(loop);
    fc_closep(&keeper.counter);
    fc_closep(&counter);
    return 0;
}

static void exceeded(void *userdata, int error, const struct folder_excess *excess)
{
    assert_int_equal(error, 0);
    assert_true(excess->is_far);
    n_exceeded++;
}

static struct counter_quota *quota(unsigned n)
{
    struct counter_quota *made;
    char path[32];
    const struct folder_quota_spec spec = {.path = path, .exceeded = exceeded};

    snprintf(path, sizeof(path), "/folder/%u", n);
    assert_int_equal(folder_quota_new(&made, client, &spec), 0);
    return made;
}

static bool take(struct counter_request *request)
{
    return recv(counter, request, sizeof(*request), MSG_DONTWAIT) == sizeof(*request);
}

static void test_nobody_waits_for_a_counter_that_does_not_read(void **state)
{
    static struct counter_quota *made[N_QUOTAS];
    struct counter_request request;
    char expected[32];
    unsigned n = 0, n_turns = 0;

    for (unsigned i = 0; i < N_QUOTAS; i++)
        made[i] = quota(i);
    turn_once(loop);
    while (n < N_QUOTAS) {
        while (n < N_QUOTAS && take(&request)) {
            snprintf(expected, sizeof(expected), "/folder/%u", n++);
            assert_int_equal(request.kind, COUNTER_FOLDER);
            assert_string_equal(request.path, expected);
        }
        turn_once(loop);
        n_turns++;
    }
    assert_true(n_turns > 1); /* or there was room for all of them, and nothing is tested */
    for (unsigned i = 0; i < N_QUOTAS; i++)
        counter_quota_free(made[i]);
    for (n = 0; n < N_QUOTAS; turn_once(loop)) {
        for (; n < N_QUOTAS && take(&request); n++)
            assert_int_equal(request.kind, COUNTER_END);
    }
    assert_false(take(&request));
}

static void test_answers_are_read_while_requests_wait(void **state)
{
    static struct counter_quota *made[N_QUOTAS];
    struct counter_request first;
    struct counter_reply reply = {.is_over = true, .excess = {.is_far = true}};

    for (unsigned i = 0; i < N_QUOTAS; i++)
        made[i] = quota(i);
    assert_true(take(&first));
    reply.id = first.id;
    assert_int_equal(send(counter, &reply, sizeof(reply), 0), sizeof(reply));
    turn_once(loop);
    assert_int_equal(n_exceeded, 1);
    for (unsigned i = 0; i < N_QUOTAS; i++)
        counter_quota_free(made[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nobody_waits_for_a_counter_that_does_not_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answers_are_read_while_requests_wait, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

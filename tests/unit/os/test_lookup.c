/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lookups of names in the broker's loop: nobody waits for a silent name server but those that asked it, and
 * an answer may be anything. The test plays the keeper: each lookup is a pipe.
 */
#include "broker/os/lookup.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>

#include "broker/base/loop.h"
#include "broker/os/lookup_answer.h"
#include "firecurtain/cleanup.h"
#include "tests/unit/check.h"
#include "tests/unit/turn.h"

#define N_ACCOUNTS 2
#define N_BEGUN    64

static const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};

static struct loop *loop;
static struct lookup_service *service;
static struct {
    unsigned account;
    char host[64];
    char port[32];
    int answer; /* the writing end, or -1 */
} begun[N_BEGUN];
static unsigned n_begun, n_answered, n_open;
static int refusal; /* what begins no lookup */

static int begin(struct keeper *keeper, unsigned account, const char *host, const char *port,
                 const struct addrinfo *asked)
{
    int ends[2];

    if (refusal)
        return refusal;
    assert_true(n_begun < N_BEGUN);
    assert_int_equal(asked->ai_socktype, SOCK_DGRAM);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    begun[n_begun].account = account;
    snprintf(begun[n_begun].host, sizeof(begun[n_begun].host), "%s", host);
    snprintf(begun[n_begun].port, sizeof(begun[n_begun].port), "%s", port ? port : "");
    begun[n_begun++].answer = ends[1];
    return ends[0];
}

static void answered(void *userdata)
{
    (void)userdata;
    n_answered++;
}

static int setup(void **state)
{
    signal(SIGPIPE, SIG_IGN);
    n_open = count_descriptors();
    n_begun = n_answered = 0;
    refusal = 0;
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(lookup_service_new(&service, loop, begin, NULL, N_ACCOUNTS), 0);
    return 0;
}

static int teardown(void **state)
{
    for (unsigned i = 0; i < n_begun; i++)
        fc_closep(&begun[i].answer);
    service = lookup_service_free(service);
    loop = loop_free(loop);
    assert_int_equal(count_descriptors(), n_open);
    return 0;
}

static void turns(unsigned n)
{
    while (n--)
        turn_once(loop);
}

static struct fc_lookups *names(unsigned account)
{
    struct fc_lookups *made = lookups_new(service, account, answered, NULL);

    assert_non_null(made);
    return made;
}

static int ask(struct fc_lookups *lookups, const char *host, const struct addrinfo **list)
{
    const struct addrinfo *ignored;

    return fc_lookup(lookups, host, "80", &hints, list ? list : &ignored);
}

/* Returns an answer with `n` addresses: 10.0.0.0, 10.0.0.1… */
static struct lookup_answer addresses(uint32_t n)
{
    struct lookup_answer answer = {.n_addresses = n};

    for (uint32_t i = 0; i < n; i++) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000 + i)};

        answer.addresses[i] =
            (struct lookup_address){.family = AF_INET, .type = SOCK_DGRAM, .bytes = sizeof(in)};
        memcpy(&answer.addresses[i].storage, &in, sizeof(in));
    }
    return answer;
}

static void reply(unsigned which, const void *bytes, size_t n)
{
    assert_int_equal(write(begun[which].answer, bytes, n), n);
    close(fc_steal_fd(&begun[which].answer));
}

static void reply_addresses(unsigned which, uint32_t n)
{
    struct lookup_answer answer = addresses(n);

    reply(which, &answer, lookup_answer_bytes(&answer));
}

/* Whether the broker's end of a lookup is closed, which is what ends the lookup. */
static bool is_cancelled(unsigned which)
{
    return write(begun[which].answer, "", 1) < 0 && errno == EPIPE;
}

static void test_an_address_is_no_name(void **state)
{
    struct fc_lookups *lookups = names(0);
    const struct addrinfo *list;

    assert_int_equal(ask(lookups, "127.0.0.1", &list), 0);
    assert_int_equal(list->ai_family, AF_INET);
    assert_int_equal(ask(lookups, "::1", &list), 0);
    assert_int_equal(list->ai_family, AF_INET6);
    assert_null(lookups_awaited(lookups));
    turns(2);
    assert_int_equal(n_begun, 0);
    assert_int_equal(n_answered, 0);
    lookups_free(lookups);
}

static void test_without_a_service_it_blocks(void **state)
{
    struct fc_lookups *lookups = lookups_new(NULL, 0, NULL, NULL);
    const struct addrinfo *list;

    assert_int_equal(ask(lookups, "localhost", &list), 0);
    assert_non_null(list);
    lookups_free(lookups);
    assert_int_equal(ask(NULL, "localhost", &list), EAI_MEMORY);
}

static void test_it_goes_on_when_all_answers_are_there(void **state)
{
    struct fc_lookups *lookups = names(1);
    const struct addrinfo *list, *again;

    assert_int_equal(ask(lookups, "one.test", &list), EAI_INPROGRESS);
    assert_null(list);
    assert_int_equal(ask(lookups, "two.test", NULL), EAI_INPROGRESS);
    assert_int_equal(ask(lookups, "one.test", NULL), EAI_INPROGRESS); /* is not asked for twice */
    assert_int_equal(n_begun, 0);                                     /* not within the call */
    turns(3);
    assert_int_equal(n_begun, 2);
    assert_int_equal(begun[0].account, 1);
    assert_string_equal(begun[0].host, "one.test");
    assert_string_equal(begun[0].port, "80");
    assert_string_equal(lookups_awaited(lookups), "one.test");
    reply_addresses(0, 2);
    turns(2);
    assert_int_equal(n_answered, 0);
    assert_string_equal(lookups_awaited(lookups), "two.test");
    reply_addresses(1, LOOKUP_MAX_ADDRESSES);
    turns(2);
    assert_int_equal(n_answered, 1);
    assert_null(lookups_awaited(lookups));
    assert_int_equal(ask(lookups, "one.test", &list), 0);
    assert_int_equal(((const struct sockaddr_in *)list->ai_next->ai_addr)->sin_addr.s_addr,
                     htonl(0x0a000001));
    assert_null(list->ai_next->ai_next);
    assert_int_equal(ask(lookups, "one.test", &again), 0);
    assert_ptr_equal(list, again);
    lookups_free(lookups);
}

static void test_an_answer_in_pieces(void **state)
{
    struct fc_lookups *lookups = names(0);
    struct lookup_answer answer = addresses(3);

    ask(lookups, "a.test", NULL);
    turns(2);
    for (size_t i = 0; i + 1 < lookup_answer_bytes(&answer); i += 7) {
        size_t left = lookup_answer_bytes(&answer) - 1 - i;
        size_t n = left < 7 ? left : 7;

        assert_int_equal(write(begun[0].answer, (char *)&answer + i, n), n);
        turns(2);
        assert_int_equal(n_answered, 0);
    }
    reply(0, (char *)&answer + lookup_answer_bytes(&answer) - 1, 1);
    turns(2);
    assert_int_equal(n_answered, 1);
    assert_int_equal(ask(lookups, "a.test", NULL), 0);
    lookups_free(lookups);
}

static void test_one_is_begun_in_a_turn_and_so_many_at_once(void **state)
{
    struct fc_lookups *many = names(0), *other = names(1);
    char host[32];

    for (unsigned i = 0; i < 3 * LOOKUP_AT_ONCE; i++) {
        snprintf(host, sizeof(host), "n%u.test", i);
        assert_int_equal(ask(many, host, NULL), EAI_INPROGRESS);
    }
    for (unsigned i = 0; i < LOOKUP_AT_ONCE; i++) {
        assert_in_range(n_begun, i, i + 1);
        turns(1);
    }
    turns(4);
    assert_int_equal(n_begun, LOOKUP_AT_ONCE);
    ask(other, "b.test", NULL); /* another account does not stand in that line */
    turns(2);
    assert_int_equal(n_begun, LOOKUP_AT_ONCE + 1);
    reply_addresses(LOOKUP_AT_ONCE, 1);
    turns(2);
    assert_int_equal(n_answered, 1);
    assert_int_equal(ask(other, "b.test", NULL), 0);
    for (unsigned i = 0; i < 3; i++) /* in the order of asking, as places become free */
        reply_addresses(i, 1);
    turns(8);
    assert_int_equal(n_begun, LOOKUP_AT_ONCE + 1 + 3);
    assert_string_equal(begun[n_begun - 1].host, "n10.test");
    lookups_free(many);
    lookups_free(other);
}

static void test_freeing_cancels(void **state)
{
    struct fc_lookups *lookups = names(0), *next = names(0);
    char host[32];

    for (unsigned i = 0; i < LOOKUP_AT_ONCE + 2; i++) {
        snprintf(host, sizeof(host), "n%u.test", i);
        ask(lookups, host, NULL);
    }
    ask(next, "next.test", NULL);
    turns(LOOKUP_AT_ONCE + 2);
    assert_false(is_cancelled(0));
    lookups_free(lookups);
    for (unsigned i = 0; i < LOOKUP_AT_ONCE; i++)
        assert_true(is_cancelled(i));
    turns(3);
    assert_int_equal(n_begun, LOOKUP_AT_ONCE + 1); /* those in the line have gone, too */
    assert_string_equal(begun[LOOKUP_AT_ONCE].host, "next.test");
    assert_int_equal(n_answered, 0);
    lookups_free(next);
}

static void test_failures(void **state)
{
    static const int results[] = {EAI_NONAME, EAI_AGAIN, EAI_FAIL};
    struct fc_lookups *lookups;

    for (unsigned i = 0; i < FC_ARRAY_SIZE(results); i++) {
        struct lookup_answer answer = {.result = results[i]};

        lookups = names(0);
        ask(lookups, "a.test", NULL);
        turns(2);
        reply(i, &answer, lookup_answer_bytes(&answer));
        turns(2);
        assert_int_equal(n_answered, i + 1);
        assert_int_equal(ask(lookups, "a.test", NULL), results[i]);
        lookups_free(lookups);
    }
    lookups = names(0);
    refusal = -EAGAIN;
    ask(lookups, "a.test", NULL);
    turns(2);
    assert_int_equal(n_answered, FC_ARRAY_SIZE(results) + 1);
    assert_int_equal(ask(lookups, "a.test", NULL), EAI_AGAIN);
    lookups_free(lookups);
}

static void test_what_is_no_answer(void **state)
{
    struct {
        struct lookup_answer answer;
        size_t bytes;
    } wrong[10];
    struct fc_lookups *lookups;

    for (unsigned i = 0; i < FC_ARRAY_SIZE(wrong); i++) {
        wrong[i].answer = addresses(2);
        wrong[i].bytes = lookup_answer_bytes(&wrong[i].answer);
    }
    wrong[0].bytes = 0;
    wrong[1].bytes = 3;
    wrong[2].bytes--;
    wrong[3].bytes++;
    wrong[4].bytes = sizeof(wrong[4].answer);
    wrong[5].answer.n_addresses = UINT32_MAX;
    wrong[6].answer.addresses[1].bytes = sizeof(struct sockaddr_storage) + 1;
    wrong[7].answer.addresses[1].family = AF_UNIX;
    wrong[8].answer.addresses[1].storage.ss_family = AF_INET6;
    wrong[9].answer.result = EAI_INPROGRESS;
    for (unsigned i = 0; i < FC_ARRAY_SIZE(wrong); i++) {
        lookups = names(0);
        ask(lookups, "a.test", NULL);
        turns(2);
        reply(i, &wrong[i].answer, wrong[i].bytes);
        turns(3);
        assert_int_equal(n_answered, i + 1);
        if (ask(lookups, "a.test", NULL) != EAI_AGAIN)
            fail_msg("answer %u is believed", i);
        lookups_free(lookups);
    }
}

#define lookup_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        lookup_test(test_an_address_is_no_name),
        lookup_test(test_without_a_service_it_blocks),
        lookup_test(test_it_goes_on_when_all_answers_are_there),
        lookup_test(test_an_answer_in_pieces),
        lookup_test(test_one_is_begun_in_a_turn_and_so_many_at_once),
        lookup_test(test_freeing_cancels),
        lookup_test(test_failures),
        lookup_test(test_what_is_no_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

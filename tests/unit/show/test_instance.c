/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of instances: which states may follow which, and how starting, ending and stopping lead through
 * them. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>

#include "broker/base/loop.h"
#include "broker/base/runtime.h"
#include "broker/os/lookup.h"
#include "broker/os/lookup_answer.h"
#include "broker/show/instance.h"
#include "broker/show/show.h"
#include "firecurtain/lookup.h"
#include "tests/unit/check.h"
#include "tests/unit/stderr_pipe.h"
#include "tests/unit/turn.h"

#define N_STATES (INSTANCE_STOPPED + 1)

struct fake {
    struct fc_instance *instance;
    int start_result;
    bool takes_time; /* to end */
    bool looks_up;   /* a name */
    unsigned n_started, n_stopped, n_quiesced;
};

static struct show show;
static struct runtime runtime;
static struct fc_instance *instance;
static struct fake *fake;
static struct stderr_pipe caught;
static unsigned n_told;
static enum instance_state told_state;

static void *fake_new(struct fc_instance *made, const char *directory)
{
    fake = calloc(1, sizeof(*fake));
    fake->instance = made;
    return fake;
}

static int fake_start(void *self)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list;
    int r;

    fake->n_started++;
    r = fake->looks_up ? fc_lookup(fc_instance_lookups(fake->instance), "desk.test", NULL, &hints, &list) : 0;
    if (r)
        return r == EAI_INPROGRESS ? -EINPROGRESS : -EADDRNOTAVAIL;
    return fake->start_result;
}

static void fake_stop(void *self)
{
    fake->n_stopped++;
}

static bool fake_quiesce(void *self)
{
    fake->n_quiesced++;
    return fake->takes_time;
}

static const struct fc_backend fake_backend = {
    .name = "fake",
    .instance_new = fake_new,
    .instance_free = free,
    .start = fake_start,
    .stop = fake_stop,
    .quiesce = fake_quiesce,
};

static void stopped(void *userdata, struct fc_instance *which)
{
    assert_ptr_equal(which, instance);
    n_told++;
    told_state = which->state;
}

static int setup(void **state)
{
    static struct fc_instance *instances[1];

    show = (struct show){.runtime = &runtime, .instances = instances, .n_instances = 1, .stopped = stopped};
    n_told = 0;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(loop_new(&runtime.loop), 0);
    assert_int_equal(instance_new(&instance, &show, "a", &fake_backend, "/"), 0);
    instances[0] = instance;
    stderr_pipe_begin(&caught);
    return 0;
}

static int teardown(void **state)
{
    stderr_pipe_end(&caught);
    loop_cancel_timer(runtime.loop, &instance->retry);
    loop_cancel_task(&instance->after_stop);
    instance_free(instance);
    runtime.lookups = lookup_service_free(runtime.lookups);
    router_deinit(&show.router);
    runtime.loop = loop_free(runtime.loop);
    return 0;
}

static void start(int result)
{
    fake->start_result = result;
    show_start_instance(instance);
}

static void test_the_legal_changes_are_these(void **state)
{
    static const char *const legal[N_STATES] = {
        /*                       to: N S L U D F E e X */
        [INSTANCE_NEW] = "         - S - - - - - - -", [INSTANCE_STARTING] = "    - - L U D F E e X",
        [INSTANCE_LOOKING] = "     - S - - D - - - X", [INSTANCE_UP] = "          - - - - D - E e X",
        [INSTANCE_DOWN] = "        - - L U - F E e X", [INSTANCE_FAILED] = "      - - - - D - - - X",
        [INSTANCE_ENDING] = "      - - - - - - - e -", [INSTANCE_ENDED] = "       - - - - - - - - X",
        [INSTANCE_STOPPED] = "     - - - - D - - - -",
    };

    for (unsigned from = 0; from < N_STATES; from++) {
        const char *row = legal[from] + strspn(legal[from], " ");

        for (unsigned to = 0; to < N_STATES; to++) {
            if (instance_may_become(from, to) != (row[2 * to] != '-'))
                fail_msg("from %u to %u: expected %c", from, to, row[2 * to]);
        }
    }
}

static void test_one_that_is_up_at_once(void **state)
{
    assert_int_equal(instance->state, INSTANCE_NEW);
    start(0);
    assert_int_equal(instance->state, INSTANCE_UP);
    assert_true(instance_is_started(instance));
    assert_true(show.has_news);
}

static void test_one_that_says_when_it_is_up(void **state)
{
    struct show_health health;

    start(1);
    assert_int_equal(instance->state, INSTANCE_STARTING);
    show_health(&show, &health);
    assert_int_equal(health.n_starting, 1);
    fc_up(instance, false);
    assert_int_equal(instance->state, INSTANCE_DOWN);
    fc_up(instance, false); /* may be said again */
    fc_up(instance, true);
    fc_up(instance, true);
    assert_int_equal(instance->state, INSTANCE_UP);
    show_health(&show, &health);
    assert_int_equal(health.n_up, 1);
    assert_int_equal(health.n_starting, 0);
}

static void test_a_failed_start_is_tried_again_with_longer_delays(void **state)
{
    struct show_health health;

    start(-EADDRINUSE);
    assert_int_equal(instance->state, INSTANCE_FAILED);
    assert_int_equal(fake->n_stopped, 1);
    assert_false(instance_is_started(instance));
    assert_true(instance->retry.position);
    assert_int_equal(instance->retry_ns, UINT64_C(1000000000));
    instance->retry.fn(instance->retry.userdata);
    assert_int_equal(instance->state, INSTANCE_FAILED);
    assert_int_equal(instance->retry_ns, UINT64_C(2000000000));
    for (int i = 0; i < 10; i++)
        instance->retry.fn(instance->retry.userdata);
    assert_int_equal(instance->retry_ns, UINT64_C(30000000000));
    show_health(&show, &health);
    assert_int_equal(health.n_starting, 0);
    start(1);
    assert_int_equal(instance->state, INSTANCE_DOWN); /* it was started before: nobody waits for it */
    assert_false(instance->retry.position);
}

/* What the name server says, or nothing so far. */
static int name_ends[2] = {-1, -1};

static int begin_lookup(struct keeper *keeper, unsigned account, const char *host, const char *port,
                        const struct addrinfo *hints)
{
    assert_string_equal(host, "desk.test");
    assert_int_equal(pipe2(name_ends, O_CLOEXEC | O_NONBLOCK), 0);
    return name_ends[0];
}

static void look_up(void)
{
    assert_int_equal(lookup_service_new(&runtime.lookups, runtime.loop, begin_lookup, NULL, 1), 0);
    fake->looks_up = true;
}

static void begin_looking(void)
{
    start(0);
    turn_once(runtime.loop);
    turn_once(runtime.loop);
    assert_int_equal(instance->state, INSTANCE_LOOKING);
}

static void name_answers(int result)
{
    struct lookup_answer answer = {.result = result, .n_addresses = result == 0};

    answer.addresses[0] = (struct lookup_address){.family = AF_INET,
                                                  .bytes = sizeof(struct sockaddr_in),
                                                  .storage = {.ss_family = AF_INET}};
    assert_int_equal(write(name_ends[1], &answer, lookup_answer_bytes(&answer)),
                     lookup_answer_bytes(&answer));
    close(name_ends[1]);
    turn_once(runtime.loop);
    turn_once(runtime.loop);
}

static bool name_is_given_up(void)
{
    bool is = write(name_ends[1], "", 1) < 0 && errno == EPIPE;

    close(name_ends[1]);
    return is;
}

static void test_a_start_waits_for_names(void **state)
{
    struct show_health health;

    look_up();
    begin_looking();
    assert_false(instance_is_started(instance));
    assert_string_equal(lookups_awaited(instance->lookups), "desk.test");
    assert_int_equal(fake->n_stopped, 0);
    show_health(&show, &health);
    assert_int_equal(health.n_starting, 1);
    name_answers(0);
    assert_int_equal(instance->state, INSTANCE_UP);
    assert_int_equal(fake->n_started, 2);
    assert_null(instance->lookups);
}

static void test_a_name_that_cannot_be_looked_up_is_tried_again(void **state)
{
    struct show_health health;

    look_up();
    begin_looking();
    name_answers(EAI_AGAIN);
    assert_int_equal(instance->state, INSTANCE_FAILED);
    assert_int_equal(fake->n_stopped, 1);
    assert_int_equal(instance->retry_ns, UINT64_C(1000000000));
    instance->retry.fn(instance->retry.userdata);
    turn_once(runtime.loop);
    turn_once(runtime.loop);
    assert_int_equal(instance->state, INSTANCE_LOOKING); /* it is asked for again */
    show_health(&show, &health);
    assert_int_equal(health.n_starting, 0); /* nobody waits for it any more */
    name_answers(0);
    assert_int_equal(instance->state, INSTANCE_UP);
}

static void test_stopping_gives_names_up(void **state)
{
    look_up();
    begin_looking();
    assert_int_equal(show_stop_instance(instance, 7, false), 0);
    assert_true(name_is_given_up());
    assert_int_equal(fake->n_quiesced, 0); /* there is nothing to clean up */
    turn_once(runtime.loop);
    assert_int_equal(instance->state, INSTANCE_STOPPED);
    assert_int_equal(fake->n_stopped, 1);
    begin_looking();
    assert_int_equal(show_stop_instance(instance, 7, true), 0);
    assert_true(name_is_given_up());
    turn_once(runtime.loop);
    turn_once(runtime.loop);
    assert_int_equal(instance->state, INSTANCE_LOOKING);
    name_answers(0);
    assert_int_equal(instance->state, INSTANCE_UP);
}

static void test_stopping_waits_for_the_end(void **state)
{
    start(0);
    fake->takes_time = true;
    assert_int_equal(show_stop_instance(instance, 7, false), 0);
    assert_int_equal(instance->state, INSTANCE_ENDING);
    assert_int_equal(show_stop_instance(instance, 8, false), 0);
    assert_int_equal(fake->n_quiesced, 1); /* asked once */
    turn_once(runtime.loop);
    assert_int_equal(n_told, 0);
    fc_up(instance, true); /* too late */
    assert_int_equal(instance->state, INSTANCE_ENDING);
    fc_quiesced(instance);
    fc_quiesced(instance);
    assert_int_equal(instance->state, INSTANCE_ENDED);
    assert_int_equal(fake->n_stopped, 0); /* not from within its own call */
    turn_once(runtime.loop);
    assert_int_equal(instance->state, INSTANCE_STOPPED);
    assert_int_equal(instance->request, INSTANCE_GO_ON);
    assert_int_equal(fake->n_stopped, 1);
    assert_int_equal(n_told, 1);
    assert_int_equal(told_state, INSTANCE_STOPPED);
}

static void test_a_restart_starts_again(void **state)
{
    start(0);
    assert_int_equal(show_stop_instance(instance, 7, true), 0);
    assert_int_equal(instance->state, INSTANCE_ENDED); /* it takes no time */
    turn_once(runtime.loop);
    assert_int_equal(instance->state, INSTANCE_UP);
    assert_int_equal(fake->n_started, 2);
    assert_int_equal(told_state, INSTANCE_UP);
}

static void test_a_restart_of_a_stopped_one_starts_it(void **state)
{
    start(0);
    show_stop_instance(instance, 7, false);
    turn_once(runtime.loop);
    assert_int_equal(instance->state, INSTANCE_STOPPED);
    assert_int_equal(show_stop_instance(instance, 7, true), 0);
    turn_once(runtime.loop);
    assert_int_equal(instance->state, INSTANCE_UP);
    assert_int_equal(n_told, 2);
}

static void test_one_that_cannot_start_can_be_stopped(void **state)
{
    start(-EADDRINUSE);
    assert_int_equal(show_stop_instance(instance, 7, false), 0);
    assert_false(instance->retry.position);
    turn_once(runtime.loop);
    assert_int_equal(instance->state, INSTANCE_STOPPED);
    assert_int_equal(fake->n_quiesced, 0); /* there was nothing to end */
}

static void count(void *userdata)
{
    ++*(unsigned *)userdata;
}

static void test_the_end_of_a_show_waits_for_all(void **state)
{
    unsigned n_ended = 0;

    start(0);
    fake->takes_time = true;
    show_quiesce(&show, true, count, &n_ended);
    assert_int_equal(n_ended, 0);
    assert_int_equal(show_stop_instance(instance, 7, false), -EBUSY);
    fc_quiesced(instance);
    assert_int_equal(n_ended, 1);
    assert_int_equal(instance->state, INSTANCE_ENDED);
}

static void test_an_instance_that_stops_while_the_show_ends_does_not_start_again(void **state)
{
    unsigned n_ended = 0;

    start(0);
    fake->takes_time = true;
    show_stop_instance(instance, 7, true);
    show_quiesce(&show, true, count, &n_ended);
    fc_quiesced(instance);
    assert_int_equal(n_ended, 1);
    turn_once(runtime.loop);
    assert_int_equal(instance->state, INSTANCE_STOPPED);
    assert_int_equal(fake->n_started, 1);
}

static void test_the_end_of_a_show_gives_names_up(void **state)
{
    unsigned n_ended = 0;

    look_up();
    begin_looking();
    show_quiesce(&show, true, count, &n_ended);
    assert_int_equal(n_ended, 1); /* at once */
    assert_true(name_is_given_up());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_legal_changes_are_these, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_that_is_up_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_that_says_when_it_is_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_failed_start_is_tried_again_with_longer_delays, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_start_waits_for_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_name_that_cannot_be_looked_up_is_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stopping_gives_names_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_end_of_a_show_gives_names_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stopping_waits_for_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_restart_starts_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_restart_of_a_stopped_one_starts_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_that_cannot_start_can_be_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_end_of_a_show_waits_for_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_instance_that_stops_while_the_show_ends_does_not_start_again,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

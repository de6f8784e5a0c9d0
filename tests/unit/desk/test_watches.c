/* SPDX-License-Identifier: BSD-2-Clause */
/* Watches: who is told what, a bounded amount of matching in a turn, and a fair share of it for each. */
#include <errno.h>
#include <stdio.h>

#include "broker/base/pattern.h"
#include "broker/desk/watches.h"
#include "firecurtain/time.h"
#include "tests/unit/check.h"

#define ROOM 90000

struct rig {
    struct loop *loop;
    struct watches watches;
    uint64_t gone;                     /* the client that has gone last */
    uint64_t n_told[DESK_WATCHES + 1]; /* values, by client */
    double last[DESK_WATCHES + 1];     /* the newest one */
    uint64_t missed[DESK_WATCHES + 1];
    char said[DESK_WATCHES + 1][64]; /* the last text */
    int result;                      /* of sending */
    unsigned turns;                  /* that are left */
    struct loop_task turn;
};

static int told(void *userdata, uint64_t client, struct control_reply *reply)
{
    struct rig *rig = userdata;

    if (rig->result < 0)
        return rig->result;
    assert_true(client <= DESK_WATCHES && reply->n_values <= 256);
    rig->n_told[client] += reply->n_values;
    rig->missed[client] = reply->missed;
    if (reply->text)
        snprintf(rig->said[client], sizeof(rig->said[client]), "%s", reply->text);
    if (reply->n_values)
        rig->last[client] = reply->values[reply->n_values - 1].value;
    return 0;
}

static void gone(void *userdata, uint64_t client)
{
    struct rig *rig = userdata;

    rig->gone = client;
}

static void count_turn(void *userdata)
{
    struct rig *rig = userdata;

    if (--rig->turns)
        loop_defer(rig->loop, &rig->turn);
    else
        loop_stop(rig->loop);
}

static void run(struct rig *rig, unsigned turns)
{
    rig->turns = turns;
    loop_defer(rig->loop, &rig->turn);
    assert_int_equal(loop_run(rig->loop), 0);
}

static int setup(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    assert_int_equal(loop_new(&rig->loop), 0);
    rig->turn = (struct loop_task){.fn = count_turn, .userdata = rig};
    watches_init(&rig->watches,
                 &(struct watches_spec){.loop = rig->loop, .send = told, .gone = gone, .userdata = rig});
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    watches_deinit(&rig->watches);
    loop_cancel_task(&rig->turn);
    loop_free(rig->loop);
    free(rig);
    return 0;
}

static void begin(struct rig *rig, unsigned place, const char *const *patterns, size_t n)
{
    const struct control_request request = {.id = 1, .names = patterns, .n_names = n};

    assert_int_equal(watches_begin(&rig->watches, place, place + 1, &request), 0);
}

static void take(struct rig *rig, uint32_t generation, const struct desk_value *list, size_t n)
{
    static uint8_t bytes[ROOM];
    struct desk_values values = {.bytes = bytes, .room = sizeof(bytes)};

    for (size_t i = 0; i < n; i++)
        assert_true(desk_values_add(&values, &list[i]));
    assert_int_equal(watches_take(&rig->watches, generation, bytes, values.n_bytes), 0);
}

/* Waits for the next flush. */
static void flush(struct rig *rig)
{
    uint64_t until_ns = fc_now_ns() + 30 * FC_NS_PER_MS;

    while (fc_now_ns() < until_ns)
        run(rig, 1);
}

static const char *const all[] = {"*"};

static void test_a_watch_is_told_what_fits_and_what_it_may_see(void **state)
{
    struct rig *rig = *state;
    static const char *const outs[] = {"no", "*.out?"};

    begin(rig, 0, all, 1);
    begin(rig, 1, outs, 2);
    begin(rig, 2, all, 1);
    take(rig, 1,
         (struct desk_value[]){{.channel = 0, .seen_by = 7, .value = 0.1, .name = "a.out1"},
                               {.channel = 1, .seen_by = 3, .value = 0.2, .name = "a.in"},
                               {.channel = 1, .value = 0.3}},
         3);
    flush(rig);
    assert_int_equal(rig->n_told[1], 2);
    assert_int_equal(rig->n_told[2], 1);
    assert_int_equal(rig->n_told[3], 1);
    assert_double(rig->last[1], 0.3);
    assert_double(rig->last[3], 0.1);
}

/* What was in the place, an administrator's, has seen a channel that the next one may not. */
static void test_a_place_that_is_given_anew_sees_nothing_of_the_last(void **state)
{
    struct rig *rig = *state;

    begin(rig, 0, all, 1);
    take(rig, 1, &(struct desk_value){.channel = 0, .seen_by = 1, .value = 0.1, .name = "secret"}, 1);
    flush(rig);
    assert_int_equal(rig->n_told[1], 1);
    watches_end(&rig->watches, 0);
    begin(rig, 0, all, 1);
    take(rig, 1, &(struct desk_value){.channel = 0, .value = 0.2}, 1);
    flush(rig);
    assert_int_equal(rig->n_told[1], 1);
    take(rig, 1, &(struct desk_value){.channel = 0, .seen_by = 1, .value = 0.3, .name = "secret"}, 1);
    flush(rig);
    assert_int_equal(rig->n_told[1], 2);
}

static void test_slow_clients_are_told_what_they_missed_and_gone_ones_end(void **state)
{
    struct rig *rig = *state;

    begin(rig, 0, all, 1);
    rig->result = -EAGAIN;
    take(rig, 1, &(struct desk_value){.channel = 0, .seen_by = 1, .name = "a.b"}, 1);
    flush(rig);
    rig->result = 0;
    take(rig, 1, &(struct desk_value){.channel = 0, .value = 1}, 1);
    flush(rig);
    assert_int_equal(rig->missed[1], 1);
    rig->result = -EHOSTUNREACH;
    take(rig, 1, &(struct desk_value){.channel = 0, .value = 0.5}, 1);
    flush(rig);
    assert_int_equal(rig->gone, 1);
    assert_int_equal(rig->watches.used, 0);
}

static void test_numbers_out_of_order_are_refused(void **state)
{
    struct rig *rig = *state;
    uint8_t bytes[64];
    struct desk_values values = {.bytes = bytes, .room = sizeof(bytes)};

    assert_true(desk_values_add(&values, &(struct desk_value){.channel = 1, .name = "a"}));
    assert_int_equal(watches_take(&rig->watches, 1, bytes, values.n_bytes), -EBADMSG);
}

/* Seven watches with hard patterns, and one with an easy one, on many channels. */
static void test_each_watch_has_its_share_and_a_turn_has_an_end(void **state)
{
    struct rig *rig = *state;
    static char name[801], hard[401];
    static const char *patterns[CONTROL_MAX_NAMES];
    struct desk_value value = {.seen_by = UINT32_MAX, .name = name};
    uint64_t n_turns = 0;

    memset(name, 'a', 800);
    memset(hard, 'a', 400);
    hard[0] = '*';
    hard[399] = 'b';
    for (size_t i = 0; i < 64; i++)
        patterns[i] = hard;
    for (unsigned i = 0; i < 7; i++)
        begin(rig, i, patterns, 64);
    begin(rig, 7, all, 1);
    for (; value.channel < 100; value.channel++)
        take(rig, 1, &value, 1);
    while (rig->watches.list[7].n_judged < 100) {
        run(rig, 1);
        n_turns++;
    }
    /* a turn takes one comparison more than its share at most, and these are 64 * 7 * 100 */
    assert_true(n_turns < 64);
    for (unsigned i = 0; i < 7; i++)
        assert_true(rig->watches.list[i].n_judged < 100);
    assert_true(rig->watches.list[0].steps > -(int64_t)(800 * 400) - 1);
}

static void test_patterns(void **state)
{
    (void)state;
    assert_true(pattern_matches("*", "") && pattern_matches("*", "abc") && pattern_matches("a?c", "abc"));
    assert_true(pattern_matches("*b*b", "abcb") && pattern_matches("a*", "a"));
    assert_false(pattern_matches("", "a") || pattern_matches("a", "") || pattern_matches("*b", "abc"));
}

/* Which is for the watches that do not know the channel yet. */
static void test_a_present_value_is_told_once(void **state)
{
    struct rig *rig = *state;
    const struct desk_value event = {.channel = 0, .seen_by = 3, .value = 0.1, .name = "a.out"};
    const struct desk_value present = {
        .channel = 0, .cause = DESK_PRESENT, .seen_by = 3, .value = 0.1, .name = "a.out"};

    begin(rig, 0, all, 1);
    take(rig, 1, &event, 1);
    flush(rig);
    assert_int_equal(rig->n_told[1], 1);
    begin(rig, 1, all, 1);
    take(rig, 1, &present, 1);
    flush(rig);
    take(rig, 1, &present, 1);
    flush(rig);
    assert_int_equal(rig->n_told[1], 1);
    assert_int_equal(rig->n_told[2], 1);
    watches_end(&rig->watches, 1);
    begin(rig, 1, all, 1);
    take(rig, 1, &present, 1);
    flush(rig);
    assert_int_equal(rig->n_told[2], 2);
    assert_int_equal(rig->n_told[1], 1);
}

static void test_a_watch_learns_what_does_not_fit_once_all_is_known(void **state)
{
    struct rig *rig = *state;
    static const char *const none[] = {"a.*", "z.*"}, *const unset[] = {"b.*"}, *const hidden[] = {"a.out"};

    begin(rig, 0, none, 2);
    begin(rig, 1, unset, 1);
    begin(rig, 2, hidden, 1);
    begin(rig, 3, all, 1);
    take(rig, 1,
         (struct desk_value[]){
             {.channel = 0, .cause = DESK_PRESENT, .seen_by = 11, .value = 0.1, .name = "a.out"},
             {.channel = 1, .cause = DESK_UNSET, .seen_by = 15, .value = 0.2, .name = "b.in"}},
         2);
    flush(rig);
    for (unsigned i = 1; i <= 4; i++)
        assert_string_equal(rig->said[i], "");
    watches_know(&rig->watches);
    flush(rig);
    assert_string_equal(rig->said[1], "there is no channel \"z.*\" so far; waiting for one");
    assert_string_equal(rig->said[2], "no value so far; waiting for one");
    assert_string_equal(rig->said[3], "there is no channel \"a.out\" so far; waiting for one");
    assert_string_equal(rig->said[4], "");
    assert_int_equal(rig->n_told[1], 1);
    assert_int_equal(rig->n_told[2], 0);
    assert_int_equal(rig->n_told[4], 1);
    rig->said[1][0] = '\0';
    watches_know(&rig->watches);
    flush(rig);
    assert_string_equal(rig->said[1], "");
}

/* The desk knows the channel from an earlier watch, and judges it before the broker says who may see it now.
 */
static void test_what_is_judged_before_it_may_be_seen_counts_too(void **state)
{
    struct rig *rig = *state;

    begin(rig, 0, all, 1);
    take(rig, 1, &(struct desk_value){.channel = 0, .seen_by = 1, .value = 0.1, .name = "a.out"}, 1);
    flush(rig);
    watches_end(&rig->watches, 0);
    begin(rig, 0, all, 1);
    flush(rig);
    take(rig, 1,
         &(struct desk_value){
             .channel = 0, .cause = DESK_PRESENT, .seen_by = 1, .value = 0.2, .name = "a.out"},
         1);
    watches_know(&rig->watches);
    flush(rig);
    assert_int_equal(rig->n_told[1], 2);
    assert_string_equal(rig->said[1], "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test_setup_teardown(test_a_present_value_is_told_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_watch_learns_what_does_not_fit_once_all_is_known, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_what_is_judged_before_it_may_be_seen_counts_too, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_watch_is_told_what_fits_and_what_it_may_see, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_place_that_is_given_anew_sees_nothing_of_the_last, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_slow_clients_are_told_what_they_missed_and_gone_ones_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_numbers_out_of_order_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_watch_has_its_share_and_a_turn_has_an_end, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

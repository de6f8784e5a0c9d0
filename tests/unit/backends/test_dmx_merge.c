/* SPDX-License-Identifier: BSD-2-Clause */
/* Several sources of one universe: policies, priorities, and their end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/backends/dmx_merge.h"
#include "tests/unit/dmx_rig.h"

#define MS(n)      ((n)*FC_NS_PER_MS)
#define FRAME(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static struct dmx_merge merge;

static void start(enum dmx_policy policy, size_t max_sources)
{
    dmx_merge_init(&merge, policy, max_sources);
}

static void key_of(uint8_t key[DMX_MERGE_KEY_BYTES], char name)
{
    memset(key, name, DMX_MERGE_KEY_BYTES);
}

/* Returns a source, which is added if it is new; NULL if there is no room. */
static struct dmx_source *source(char name, uint64_t now_ns)
{
    const char text[] = {name, 0};
    uint8_t key[DMX_MERGE_KEY_BYTES];
    struct dmx_source *found;

    key_of(key, name);
    found = dmx_merge_find(&merge, key);
    return found ? found : dmx_merge_add(&merge, key, text, now_ns);
}

static void take(char name, uint64_t now_ns, const uint8_t *data, size_t n)
{
    struct dmx_source *from = source(name, now_ns);

    assert_non_null(from);
    dmx_merge_take(&merge, from, data, n, now_ns);
}

static void assert_frame(const uint8_t *data, size_t n)
{
    assert_memory_equal(merge.frame, data, n);
    for (size_t i = n; i < DMX_SLOTS; i++)
        assert_int_equal(merge.frame[i], 0);
}

static void test_first_is_followed_until_it_is_gone(void **state)
{
    start(DMX_FIRST, 2);
    take('a', MS(1), FRAME(10, 20, 30));
    take('b', MS(2), FRAME(99, 99, 99, 99));
    assert_frame(FRAME(10, 20, 30));
    take('a', MS(1000), FRAME(11));
    assert_frame(FRAME(11)); /* a short frame: the other slots are 0 */
    take('b', MS(3000), FRAME(98));
    dmx_merge_expire(&merge, MS(3499));
    assert_frame(FRAME(11));
    assert_int_equal(dmx_merge_next_ns(&merge), MS(3500));
    dmx_merge_expire(&merge, MS(3500));
    assert_frame(FRAME(98)); /* 2.5 s after the last frame of the first one */
    take('a', MS(3501), FRAME(12));
    assert_frame(FRAME(98)); /* it comes back as the second one */
}

static void test_the_highest_takes_precedence(void **state)
{
    start(DMX_HTP, 2);
    take('a', MS(1), FRAME(10, 200, 0));
    take('b', MS(1), FRAME(20, 100));
    assert_frame(FRAME(20, 200));
    take('b', MS(2), FRAME(5, 201));
    assert_frame(FRAME(10, 201));
    take('b', MS(2000), FRAME(5, 201));
    dmx_merge_expire(&merge, MS(2501));
    assert_frame(FRAME(5, 201));
}

static void test_the_latest_takes_precedence(void **state)
{
    start(DMX_LTP, 2);
    take('a', MS(1), FRAME(10, 20, 30));
    take('b', MS(2), FRAME(0, 5)); /* a new one has only what it sets */
    assert_frame(FRAME(10, 5, 30));
    take('a', MS(3), FRAME(10, 20, 30)); /* nothing has changed */
    assert_frame(FRAME(10, 5, 30));
    take('a', MS(4), FRAME(10, 21, 30));
    assert_frame(FRAME(10, 21, 30));
    take('b', MS(5), FRAME(1, 5));
    assert_frame(FRAME(1, 21, 30));
    dmx_merge_drop(&merge, source('b', MS(6)));
    assert_frame(FRAME(10, 21, 30));
}

static void test_without_merging_the_last_frame_counts(void **state)
{
    start(DMX_OFF, 2);
    take('a', MS(1), FRAME(1, 1));
    take('b', MS(2), FRAME(2));
    assert_frame(FRAME(2));
    take('a', MS(3), FRAME(1, 1));
    assert_frame(FRAME(1, 1));
    take('c', MS(4), FRAME(3)); /* in place of b, which was silent longest */
    assert_frame(FRAME(3));
    assert_int_equal(merge.n_sources, 2);
}

static void test_one_too_many_is_refused(void **state)
{
    start(DMX_HTP, 2);
    take('a', MS(1), FRAME(1));
    take('b', MS(1), FRAME(2));
    assert_null(source('c', MS(2)));
    assert_int_equal(merge.n_sources, 2);
    take('a', MS(2000), FRAME(1));
    dmx_merge_expire(&merge, MS(2501));
    take('c', MS(2502), FRAME(3));
    assert_frame(FRAME(3));
}

static void test_loss_holds_or_is_zero(void **state)
{
    start(DMX_FIRST, 2);
    take('a', MS(1), FRAME(10, 20));
    dmx_merge_expire(&merge, MS(2501));
    assert_int_equal(merge.n_sources, 0);
    assert_frame(FRAME(10, 20));
    assert_true(dmx_merge_next_ns(&merge) == DMX_MERGE_NEVER);
    assert_int_equal(dmx_merge_set_on_loss(&merge, "zero", &rig_reason), 0);
    take('a', MS(3000), FRAME(10, 20));
    dmx_merge_expire(&merge, MS(5500));
    assert_frame(FRAME(0));
    assert_int_equal(dmx_merge_set_on_loss(&merge, "hold", &rig_reason), 0);
    take('a', MS(6000), FRAME(7));
    dmx_merge_drop(&merge, source('a', MS(6000)));
    assert_frame(FRAME(7));
}

static void test_the_higher_priority_has_it_alone(void **state)
{
    start(DMX_HTP, 4);
    source('a', MS(1))->priority = 100;
    source('b', MS(1))->priority = 150;
    take('a', MS(1), FRAME(255, 255));
    take('b', MS(2), FRAME(1));
    assert_frame(FRAME(1));
    source('c', MS(3))->priority = 150;
    take('c', MS(3), FRAME(0, 2)); /* among equals, the policy */
    assert_frame(FRAME(1, 2));
    take('a', MS(2000), FRAME(255, 254));
    assert_frame(FRAME(1, 2));
    dmx_merge_expire(&merge, MS(2510));
    assert_frame(FRAME(255, 254)); /* the next one takes over */
}

static void prioritize(char name, uint64_t now_ns, const uint8_t *data, size_t n)
{
    dmx_merge_take_priorities(&merge, source(name, now_ns), data, n, now_ns);
}

static void test_a_priority_may_change(void **state)
{
    start(DMX_HTP, 4);
    take('a', MS(1), FRAME(10));
    take('b', MS(1), FRAME(20));
    dmx_merge_set_priority(&merge, source('a', MS(2)), 1);
    assert_frame(FRAME(10));
    dmx_merge_set_priority(&merge, source('b', MS(3)), 2);
    assert_frame(FRAME(20));
}

static void test_slots_may_have_priorities_of_their_own(void **state)
{
    start(DMX_HTP, 4);
    source('a', MS(1))->priority = 100;
    take('a', MS(1), FRAME(10, 10, 10));
    source('b', MS(1))->priority = 200;
    prioritize('b', MS(1), FRAME(101, 99)); /* the third one is not its own */
    take('b', MS(2), FRAME(5, 5, 5));
    assert_frame(FRAME(5, 10, 10));
    prioritize('b', MS(3), FRAME(99, 101));
    assert_frame(FRAME(10, 5, 10));
}

static void test_priorities_of_slots_count_for_a_while(void **state)
{
    start(DMX_HTP, 4);
    take('a', MS(1), FRAME(10));
    take('b', MS(1), FRAME(5));
    prioritize('b', MS(1), FRAME(1));
    assert_frame(FRAME(5));
    take('a', MS(2000), FRAME(10));
    take('b', MS(2000), FRAME(5));
    assert_int_equal(dmx_merge_next_ns(&merge), MS(2501));
    dmx_merge_expire(&merge, MS(2500));
    assert_frame(FRAME(5));
    dmx_merge_expire(&merge, MS(2501));
    assert_frame(FRAME(10));
    prioritize('b', MS(4499), FRAME(1)); /* they do not keep the source */
    dmx_merge_expire(&merge, MS(4500));
    assert_int_equal(merge.n_sources, 0);
}

static void test_slots_that_are_nobodys_are_zero(void **state)
{
    start(DMX_HTP, 4);
    prioritize('a', MS(1), FRAME(0, 1));
    take('a', MS(1), FRAME(9, 9, 9));
    assert_frame(FRAME(0, 9));
}

static void test_a_higher_priority_gets_a_place(void **state)
{
    start(DMX_HTP, 2);
    source('a', MS(1))->priority = 100;
    source('b', MS(1))->priority = 90;
    dmx_merge_make_room(&merge, 90);
    assert_null(source('c', MS(2)));
    dmx_merge_make_room(&merge, 91);
    assert_non_null(source('c', MS(2)));
    assert_non_null(source('a', MS(2)));
    assert_null(source('b', MS(2)));
    dmx_merge_expire(&merge, MS(5000));
    dmx_merge_make_room(&merge, 200); /* there is some */
    assert_int_equal(merge.n_sources, 0);
}

static void test_late_frames(void **state)
{
    struct dmx_source from = {.sequence = 7};

    assert_false(dmx_source_is_late(&from, 7)); /* the first one has no sequence to follow */
    from.has_sequence = true;
    assert_false(dmx_source_is_late(&from, 8));
    assert_true(dmx_source_is_late(&from, 7));
    assert_true(dmx_source_is_late(&from, 244)); /* 19 before */
    assert_false(dmx_source_is_late(&from, 243));
    assert_false(dmx_source_is_late(&from, 134));
}

static void test_frames_that_are_too_long_are_cut(void **state)
{
    uint8_t data[DMX_SLOTS + 8];

    memset(data, 7, sizeof(data));
    start(DMX_FIRST, 2);
    take('a', MS(1), data, sizeof(data));
    assert_frame(data, DMX_SLOTS);
}

static void test_names_are_cut(void **state)
{
    uint8_t key[DMX_MERGE_KEY_BYTES] = {0};
    char name[200];

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    start(DMX_FIRST, 2);
    assert_int_equal(strlen(dmx_merge_add(&merge, key, name, MS(1))->name),
                     sizeof(merge.sources[0].name) - 1);
}

static void test_options(void **state)
{
    static const char *const policies[] = {"first", "htp", "ltp", "off"};

    start(DMX_OFF, 2);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(dmx_merge_set_policy(&merge, policies[i], &rig_reason), 0);
        assert_int_equal(merge.policy, i);
    }
    assert_int_equal(dmx_merge_set_policy(&merge, "lowest", &rig_reason), -EINVAL);
    assert_int_equal(dmx_merge_set_on_loss(&merge, "0", &rig_reason), -EINVAL);
    assert_false(merge.zero_on_loss);
}

static void test_reset_keeps_the_options(void **state)
{
    start(DMX_LTP, 3);
    take('a', MS(1), FRAME(1));
    merge.zero_on_loss = true;
    dmx_merge_reset(&merge);
    assert_int_equal(merge.n_sources, 0);
    assert_frame(FRAME(0));
    assert_true(merge.policy == DMX_LTP && merge.max_sources == 3 && merge.zero_on_loss);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_is_followed_until_it_is_gone),
        cmocka_unit_test(test_the_highest_takes_precedence),
        cmocka_unit_test(test_the_latest_takes_precedence),
        cmocka_unit_test(test_without_merging_the_last_frame_counts),
        cmocka_unit_test(test_one_too_many_is_refused),
        cmocka_unit_test(test_loss_holds_or_is_zero),
        cmocka_unit_test(test_the_higher_priority_has_it_alone),
        cmocka_unit_test(test_a_priority_may_change),
        cmocka_unit_test(test_slots_may_have_priorities_of_their_own),
        cmocka_unit_test(test_priorities_of_slots_count_for_a_while),
        cmocka_unit_test(test_slots_that_are_nobodys_are_zero),
        cmocka_unit_test(test_a_higher_priority_gets_a_place),
        cmocka_unit_test(test_late_frames),
        cmocka_unit_test(test_frames_that_are_too_long_are_cut),
        cmocka_unit_test(test_names_are_cut),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_reset_keeps_the_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Which connections give way: whoever has most, strangers before others, and never a stream. */
#include "broker/desk/places.h"
#include "tests/unit/check.h"

static struct place list[PLACES_MAX + 1];
static struct places places;

static int setup(void **state)
{
    memset(list, 0, sizeof(list));
    places = (struct places){0};
    return 0;
}

/* Adds connections of a browser (token 0: of strangers); each is newer than those before. */
static void add(size_t n, uint64_t address, uint64_t token)
{
    for (size_t i = 0; i < n; i++) {
        struct place *place = &list[places.n];

        *place = (struct place){.address = address, .token = token, .since_ns = places.n + 1};
        places_add(&places, place);
    }
}

static void test_there_is_room(void **state)
{
    assert_null(places_give_way(&places));
    add(PLACES_MAX - 1, 1, 0);
    assert_null(places_give_way(&places));
    add(1, 1, 0);
    assert_ptr_equal(places_give_way(&places), &list[0]); /* the oldest */
    places_remove(&places, &list[50]);
    assert_null(places_give_way(&places));
}

static void test_what_is_over_counts_no_more(void **state)
{
    add(PLACES_MAX, 1, 0);
    list[0].state = PLACE_OVER;
    assert_null(places_give_way(&places));
    add(1, 2, 0);
    assert_ptr_equal(places_give_way(&places), &list[1]);
}

/* However many strangers have places, one of a browser that is signed in is safe, and the reverse. */
static void test_who_has_most_gives_way(void **state)
{
    add(10, 1, 7);
    add(4, 2, 0);
    add(PLACES_MAX - 14, 3, 0);
    assert_ptr_equal(places_give_way(&places), &list[14]);
    setup(state);
    add(2, 1, 0);
    add(PLACES_MAX - 2, 1, 7);
    assert_ptr_equal(places_give_way(&places), &list[2]);
}

/* Many addresses with a few connections each do not push out a browser that has as many. */
static void test_strangers_count_twice(void **state)
{
    add(6, 1, 7);
    for (uint64_t address = 2; places.n + 4 <= PLACES_MAX; address++)
        add(4, address, 0);
    add(PLACES_MAX - places.n, 999, 0);
    assert_true(places_give_way(&places)->token == 0);
}

static void test_who_waits_for_a_request_goes_before_who_is_answered(void **state)
{
    add(PLACES_MAX, 1, 7);
    for (size_t i = 0; i < PLACES_MAX; i++)
        list[i].state = i % 2 ? PLACE_STREAM : PLACE_ASKED;
    assert_ptr_equal(places_give_way(&places), &list[0]);
    list[100].state = PLACE_IDLE;
    assert_ptr_equal(places_give_way(&places), &list[100]);
    for (size_t i = 0; i < PLACES_MAX; i++)
        list[i].state = PLACE_STREAM;
    assert_null(places_give_way(&places));
}

static void test_a_browser_has_a_limit(void **state)
{
    add(PLACES_PER_TOKEN, 1, 7);
    add(1, 1, 8);
    add(1, 1, 0);
    for (size_t i = 0; i < places.n; i++)
        assert_null(places_give_way_to(&places, &list[i]));
    add(1, 2, 7); /* from another address: a tunnel, or another tablet */
    assert_ptr_equal(places_give_way_to(&places, &list[places.n - 1]), &list[0]);
    list[0].state = PLACE_STREAM;
    assert_ptr_equal(places_give_way_to(&places, &list[places.n - 1]), &list[1]);
    list[1].state = PLACE_OVER;
    assert_null(places_give_way_to(&places, &list[places.n - 1]));
}

int main(void)
{
#define places_test(function) cmocka_unit_test_setup(function, setup)
    const struct CMUnitTest tests[] = {
        places_test(test_there_is_room),
        places_test(test_what_is_over_counts_no_more),
        places_test(test_who_has_most_gives_way),
        places_test(test_strangers_count_twice),
        places_test(test_who_waits_for_a_request_goes_before_who_is_answered),
        places_test(test_a_browser_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

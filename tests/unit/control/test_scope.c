/* SPDX-License-Identifier: BSD-2-Clause */
/* What a caller of the control interface may see and change, by role and by user: without a worker. */
#include "broker/build/build.h"
#include "broker/build/users.h"
#include "broker/control/private.h"
#include "broker/control/scope.h"
#include "broker/show/show.h"
#include "firecurtain/time.h"
#include "tests/unit/config_fixture.h"

#define HOUSE                                                                                                \
    "[loopback l]\n[loopback other]\n[map]\nl.in1 > other.x\n[user alice]\nshow = alice.cfg\n"               \
    "grant-input = l.in{1..3}\ngrant-output = l.out1\n"
#define HERS "[loopback own]\n[map]\nl.in1 > own.a\nown.b > l.out1\n"

static struct users users;
static struct control control;

static const struct control_call nobody = {.role = CONTROL_NOBODY};
static const struct control_call alice = {.role = CONTROL_USER, .account = 1};
static const struct control_call observer = {.role = CONTROL_OBSERVER};
static const struct control_call alice_as_observer = {.role = CONTROL_OBSERVER, .account = 1};
static const struct control_call administrator = {.role = CONTROL_ADMINISTRATOR};

/* From now on there may be so many, and one more in a second. */
static void allow_suggestions(uint64_t n)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(control.suggestions); i++) {
        rate_init_burst(&control.suggestions[i], 1, CONTROL_SUGGESTIONS_ONCE);
        control.suggestions[i].parts = n * RATE_PARTS;
        control.suggestions[i].filled_ns = fc_now_ns();
    }
}

/* Builds the house with alice's show, whose uid is another one if these tests are root. */
static int setup(void **state)
{
    struct config *config;

    fixture_setup(state);
    assert_int_equal(chmod(".", 0755), 0);
    write_text("alice.cfg", HERS);
    assert_int_equal(chmod("alice.cfg", 0644), 0);
    config = load_sound(state, geteuid() ? HOUSE : HOUSE "uid = 20001\n");
    assert_int_equal(build_show(&control.show, config, "show.cfg", false, &users), 0);
    assert_int_equal(control.show->n_instances, 3);
    arena_init(&control.texts, CONTROL_MAX_REPLY);
    allow_suggestions(CONTROL_SUGGESTIONS_ONCE);
    return 0;
}

static int teardown(void **state)
{
    control.show = show_free(control.show);
    arena_deinit(&control.texts);
    users_deinit(&users);
    return fixture_teardown(state);
}

static struct fc_instance *find(const char *name)
{
    struct fc_instance *instance;

    HASH_FIND_STR(control.show->by_name, name, instance);
    assert_non_null(instance);
    return instance;
}

static bool sees_channel(const struct control_call *call, const char *instance, const char *channel)
{
    int64_t id = instance_find_channel(find(instance), channel);

    assert_true(id >= 0);
    return control_may_see_channel(call, find(instance), (uint32_t)id);
}

static void test_instances_are_seen_by_their_user_and_by_observers(void **state)
{
    assert_false(control_may_see(&nobody, find("l")));
    assert_false(control_may_see(&nobody, find("alice/own")));
    assert_false(control_may_see(&alice, find("l")));
    assert_true(control_may_see(&alice, find("alice/own")));
    assert_true(control_may_see(&observer, find("l")) && control_may_see(&observer, find("alice/own")));
    assert_true(control_may_see(&administrator, find("l")));
}

static void test_only_the_user_and_administrators_change_an_instance(void **state)
{
    assert_false(control_may_change(&nobody, find("alice/own")));
    assert_true(control_may_change(&alice, find("alice/own")));
    assert_false(control_may_change(&alice, find("l")));
    assert_false(control_may_change(&observer, find("alice/own")) ||
                 control_may_change(&observer, find("l")));
    assert_true(control_may_change(&alice_as_observer, find("alice/own")));
    assert_false(control_may_change(&alice_as_observer, find("l")));
    assert_true(control_may_change(&administrator, find("alice/own")));
    assert_true(control_may_change(&administrator, find("l")));
}

static void test_channels_of_the_house_are_seen_if_they_were_granted(void **state)
{
    assert_true(sees_channel(&alice, "l", "in1") && sees_channel(&alice, "l", "out1"));
    assert_true(sees_channel(&alice, "alice/own", "a"));
    assert_false(sees_channel(&alice, "other", "x"));
    assert_true(sees_channel(&observer, "other", "x"));
    assert_false(sees_channel(&nobody, "l", "in1"));
}

static void test_mappings_are_seen_if_one_side_is_the_users(void **state)
{
    const struct fc_instance *own = find("alice/own"), *l = find("l"), *other = find("other");

    assert_true(control_may_see_route(&alice, l, own) && control_may_see_route(&alice, own, l));
    assert_false(control_may_see_route(&alice, l, other));
    assert_true(control_may_see_route(&observer, l, other));
    assert_false(control_may_see_route(&nobody, l, own));
}

static void test_a_revoked_user_is_none(void **state)
{
    struct user *user = control_user(control.show, 1);

    assert_non_null(user);
    assert_null(control_user(control.show, 0));
    assert_null(control_user(control.show, 2));
    user->is_revoked = true;
    assert_null(control_user(control.show, 1));
    assert_false(sees_channel(&alice, "l", "in1"));
}

/* Users must not learn from an answer what there is. */
static void test_what_a_user_may_not_see_does_not_exist(void **state)
{
    struct control_reply hidden = {0}, missing = {0}, reply = {0};

    assert_null(control_find(&control, &alice, "other", &hidden));
    assert_null(control_find(&control, &alice, "othre", &missing));
    assert_int_equal(hidden.outcome, CONTROL_UNKNOWN_NAME);
    assert_int_equal(missing.outcome, CONTROL_UNKNOWN_NAME);
    assert_string_equal(hidden.text, "there is no instance \"other\"");
    assert_string_equal(missing.text, "there is no instance \"othre\"");
    assert_null(control_find(&control, &observer, "othre", &reply));
    assert_string_equal(reply.text, "there is no instance \"othre\"; did you mean \"other\"?");
}

/* Each takes a while: without an allowance the answer has none. */
static void test_suggestions_have_an_allowance(void **state)
{
    struct control_reply reply = {0};
    struct fc_instance *instance;

    allow_suggestions(0);
    assert_null(control_find(&control, &observer, "othre", &reply));
    assert_string_equal(reply.text, "there is no instance \"othre\"");
    assert_int_equal(control_find_channel(&control, &administrator, "other.y", &instance, &reply), -1);
    assert_string_equal(reply.text, "other has no channel \"y\"");
    assert_null(control_find_user(&control, &administrator, "alcie", &reply));
    assert_string_equal(reply.text, "there is no user \"alcie\"");
    allow_suggestions(1); /* and what the house asks takes none from users */
    assert_null(control_find(&control, &observer, "othre", &reply));
    assert_non_null(strstr(reply.text, "did you mean"));
    assert_null(control_find(&control, &alice, "own", &reply));
    assert_non_null(strstr(reply.text, "did you mean"));
}

/* Whoever writes `restart py1` means an instance of the caller's. */
static void test_a_name_without_the_user_gets_the_whole_one_as_a_suggestion(void **state)
{
    struct control_reply reply = {0};
    const char *whole = control.show->instances[2]->name;
    char expected[256];

    assert_true(strncmp(whole, "alice/", 6) == 0);
    snprintf(expected, sizeof(expected), "there is no instance \"%s\"; did you mean \"%s\"?", whole + 6,
             whole);
    assert_null(control_find(&control, &alice, whole + 6, &reply));
    assert_string_equal(reply.text, expected);
    assert_null(control_find(&control, &administrator, whole + 6, &reply));
    assert_string_equal(reply.text, expected);
}

static void test_what_is_seen_but_not_the_callers_is_refused(void **state)
{
    struct control_reply reply = {0};

    assert_null(control_find_own(&control, &observer, "l", &reply));
    assert_int_equal(reply.outcome, CONTROL_REFUSED);
    assert_string_equal(reply.text, "l is not yours");
    assert_ptr_equal(control_find_own(&control, &alice, "alice/own", &reply), find("alice/own"));
}

static void test_a_channel_is_found_by_its_full_name(void **state)
{
    struct control_reply reply = {0};
    struct fc_instance *instance;

    assert_true(control_find_channel(&control, &alice, "l.in1", &instance, &reply) >= 0);
    assert_ptr_equal(instance, find("l"));
    assert_true(control_find_channel(&control, &alice, "other.x", &instance, &reply) < 0);
    assert_string_equal(reply.text, "there is no instance \"other\"");
    assert_true(control_find_channel(&control, &alice, "l", &instance, &reply) < 0);
    assert_int_equal(reply.outcome, CONTROL_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_instances_are_seen_by_their_user_and_by_observers, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_only_the_user_and_administrators_change_an_instance, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_channels_of_the_house_are_seen_if_they_were_granted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_mappings_are_seen_if_one_side_is_the_users, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_revoked_user_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_a_user_may_not_see_does_not_exist, setup, teardown),
        cmocka_unit_test_setup_teardown(test_suggestions_have_an_allowance, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_name_without_the_user_gets_the_whole_one_as_a_suggestion,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_seen_but_not_the_callers_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_channel_is_found_by_its_full_name, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

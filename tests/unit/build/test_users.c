/* SPDX-License-Identifier: BSD-2-Clause */
/* Users: their sections, their grants, how a quota is divided, and whose events are routed at run time. */
#include <errno.h>

#include "broker/build/build.h"
#include "broker/build/users.h"
#include "broker/python/private.h"
#include "broker/show/access.h"
#include "broker/show/grant.h"
#include "broker/show/show.h"
#include "broker/show/user.h"
#include "tests/unit/config_fixture.h"

#define HOUSE  "[loopback l]\n[osc o]\nbind = 127.0.0.1 0\n"
#define HERS   "show = alice.cfg\ngrant-input = l.in{1..3}\ngrant-output = l.out{1..3}\n"
#define GRANTS HOUSE "[user alice]\n" HERS

static struct users users;
static char first[256]; /* of the user's findings */
static uint32_t first_line;
static enum users_outcome last;

static void judged(void *userdata, const char *user, const struct config *config, enum users_outcome outcome)
{
    assert_string_equal(user, "alice");
    snprintf(first, sizeof(first), "%s", config->n_diagnostics ? config->diagnostics[0].message : "");
    first_line = config->n_diagnostics ? config->diagnostics[0].at.line : 0;
    last = outcome;
}

/* Loads the house's configuration; users get an account of their own if these tests run as root. */
static struct config *load_house(void **state, const char *text)
{
    char whole[8192];

    assert_int_equal(chmod(".", 0755), 0);
    snprintf(whole, sizeof(whole), "%s%s", text, geteuid() ? "" : "uid = 20001\n");
    return load_sound(state, whole);
}

static struct show *build_on(void **state, const char *house, const char *hers)
{
    struct config *config = load_house(state, house);
    struct show *show = NULL;

    users.judged = judged;
    write_text("alice.cfg", hers);
    assert_int_equal(chmod("alice.cfg", 0644), 0);
    if (build_show(&show, config, "show.cfg", false, &users) < 0)
        fail_msg("%s", config->n_diagnostics ? config->diagnostics[0].message : "no finding");
    return show;
}

static struct show *build(void **state, const char *hers)
{
    return build_on(state, GRANTS, hers);
}

static int forget_users(void **state)
{
    users_deinit(&users);
    return fixture_teardown(state);
}

static struct fc_instance *find(const struct show *show, const char *name)
{
    struct fc_instance *instance;

    HASH_FIND_STR(show->by_name, name, instance);
    return instance;
}

static void test_her_instances_are_hers(void **state)
{
    struct show *show = build(state, "[loopback l2]\n[map]\nl.in1 > l2.x\nl2.x > l.out{1..3}\n");
    struct fc_instance *hers = find(show, "alice/l2");

    assert_int_equal(last, USERS_TAKEN);
    assert_non_null(hers);
    assert_string_equal(instance_own_name(hers), "l2");
    assert_ptr_equal(hers->owner, show_find_user(show, "alice"));
    assert_int_equal(instance_account(hers), 1);
    assert_int_equal(instance_account(find(show, "l")), 0);
    assert_null(find(show, "l2"));
    assert_int_equal(show->router.n_targets, 4);
    show_free(show);
}

/* A user's own names come first: her instance l hides the house's. */
static void test_an_instance_of_hers_hides_one_of_the_house(void **state)
{
    struct show *show = build(state, "[loopback l]\n[map]\nl.anything > l.else\n");

    assert_int_equal(last, USERS_TAKEN);
    assert_int_equal(find(show, "l")->n_channels, 0);
    assert_int_equal(find(show, "alice/l")->n_channels, 2);
    show_free(show);
}

static void test_grants_are_of_canonical_names(void **state)
{
    struct show *show =
        build_on(state, HOUSE "[user alice]\nshow = alice.cfg\ngrant-input = o./a{1..2}:0\n", "");
    const struct user *alice = show_find_user(show, "alice");
    const struct fc_instance *osc = find(show, "o");

    assert_true(user_may(alice, osc, "/a1", FC_SOURCE));
    assert_true(user_may(alice, osc, "/a2", FC_SOURCE));
    assert_false(user_may(alice, osc, "/a3", FC_SOURCE));
    assert_false(user_may(alice, osc, "/a1", FC_TARGET));
    assert_false(user_may(alice, osc, "/a1", FC_SOURCE | FC_TARGET));
    assert_false(user_may(alice, find(show, "l"), "/a1", FC_SOURCE));
    show_free(show);
}

static void assert_left_out(void **state, const char *hers, uint32_t line, const char *message)
{
    struct show *show = build(state, hers);
    const struct fc_instance *house = find(show, "l");

    assert_int_equal(last, USERS_LEFT_OUT);
    assert_string_equal(first, message);
    assert_int_equal(first_line, line);
    /* the attempt has left nothing behind */
    assert_int_equal(show->n_instances, 2);
    assert_int_equal(HASH_COUNT(show->by_name), 2);
    assert_int_equal(show->router.n_targets, 0);
    for (uint32_t i = 0; i < house->n_channels; i++)
        assert_int_equal(house->channels[i].directions, 0);
    show_free(show);
}

static void test_what_was_not_granted(void **state)
{
    assert_left_out(state, "[loopback a]\n[map]\nl.in1 > a.x\na.x > l.in1\n", 4,
                    "the user \"alice\" may not write l.in1");
    assert_left_out(state, "[loopback a]\n[map]\nl.out1 > a.x\n", 3,
                    "the user \"alice\" may not read l.out1");
    assert_left_out(state, "[loopback a]\n[map]\nl.out1 <> a.x\n", 3,
                    "the user \"alice\" may not read l.out1");
    assert_left_out(state, "[loopback a]\n[map]\nl.in{3..4} > a.x\n", 3,
                    "the user \"alice\" may not read l.in4");
    assert_left_out(state, "[loopback a]\n[map]\nl.in1 > l.out1\n", 3,
                    "one side of a user's mapping must be an instance of that user");
    assert_left_out(state, "[loopback a]\n[map]\nalice/a.x > a.y\n", 3, "unknown instance \"alice/a\"");
    assert_left_out(state, "[loopback a]\n[map]\nb.x > a.y\n", 3, "unknown instance \"b\"");
    assert_left_out(state, "[loopback a/b]\n", 1, "an instance's name cannot contain a slash");
}

/* Nothing is left of the first of these channels, which the backend refuses; the other one is taken back. */
static void test_a_refused_channel_does_not_keep_others_from_being_taken_back(void **state)
{
    char house[1300], root[1001];
    struct show *show;
    const struct fc_instance *osc;

    memset(root, 'r', sizeof(root) - 1);
    root[sizeof(root) - 1] = '\0';
    snprintf(house, sizeof(house),
             "[osc o]\nbind = 127.0.0.1 0\nroot = /%s\n/xy = ff 0.0 1.0 0.0 1.0\n[user alice]\nshow = "
             "alice.cfg\ngrant-input = o./xy:{0..5}\ngrant-input = o./too/long/with/the/root\n",
             root);
    show = build_on(state, house, "[loopback l2]\n[map]\no./too/long/with/the/root > l2.a\no./xy:1 > l2.b\n");
    osc = find(show, "o");

    assert_int_equal(last, USERS_LEFT_OUT);
    assert_int_equal(osc->n_channels, 1);
    assert_int_equal(osc->channels[0].directions, 0);
    assert_null(find(show, "alice/l2"));
    show_free(show);
}

#define TOO_MANY_ROUTES                                                                                      \
    "a user's mappings stand for more than 8192 routes (option routes of the section [user NAME])"

static void test_as_many_routes_as_the_quota(void **state)
{
    show_free(build(state, "[loopback a]\n[map]\na.x{1..4000} <> a.y\n"));
    assert_int_equal(last, USERS_TAKEN);
    show_free(build_on(state, GRANTS "routes = 2\n", "[loopback a]\n[map]\na.x <> a.y\n"));
    assert_int_equal(last, USERS_TAKEN);
}

/* A quota that has become smaller holds for what the user has, too. */
static void test_fewer_routes_than_before(void **state)
{
    show_free(build(state, "[loopback a]\n[map]\na.x > a.y\n"));
    assert_int_equal(last, USERS_TAKEN);
    show_free(build_on(state, GRANTS "routes = 1\n", "[loopback a]\n[map]\na.x <> a.y\n"));
    assert_int_equal(last, USERS_KEPT);
    show_free(build_on(state, GRANTS "routes = 2\n", "[loopback a]\n[map]\na.x <> a.y\n"));
    assert_int_equal(last, USERS_TAKEN);
    show_free(build_on(state, GRANTS "routes = 1\n", "nonsense\n"));
    assert_int_equal(last, USERS_LEFT_OUT);
}

/* What was read is what the show is made of, once, whatever the file says by then. */
static void test_a_configuration_that_was_read_before(void **state)
{
    struct show *first_show = build(state, "[loopback a]\n"), *second;
    struct config *house = load_house(state, GRANTS);

    write_text("alice.cfg", "[loopback b]\n");
    assert_int_equal(users_read(&users, show_find_user(first_show, "alice")), 0);
    write_text("alice.cfg", "[loopback c]\n");
    users.only = 1;
    assert_int_equal(build_show(&second, house, "show.cfg", false, &users), 0);
    assert_non_null(find(second, "alice/b"));
    assert_non_null(users.old);
    users_forget_old(&users);
    show_free(second);
    assert_int_equal(build_show(&second, house, "show.cfg", false, &users), 0);
    assert_non_null(find(second, "alice/c"));
    show_free(second);
    write_text("alice.cfg", "[loopback d]\n");
    assert_int_equal(users_read(&users, show_find_user(first_show, "alice")), 0);
    users_forget_read(&users);
    write_text("alice.cfg", "[loopback e]\n");
    assert_int_equal(build_show(&second, house, "show.cfg", false, &users), 0);
    assert_non_null(find(second, "alice/e"));
    users.only = 0;
    show_free(second);
    show_free(first_show);
}

/* One error, and what is behind it is not read. */
static void test_what_is_too_large_is_read_no_further(void **state)
{
    static char text[CONFIG_MAX_USER_TEXT_BYTES];
    size_t used = (size_t)snprintf(text, sizeof(text), "[loopback a]\n[map]\n");
    struct show *show;

    for (int i = 0; i < 50000; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "a.a<>a.b\n");
    snprintf(text + used, sizeof(text) - used, "nonsense\n");
    assert_left_out(state, text, 2 + 4096 + 1, TOO_MANY_ROUTES);
    memset(text, '\n', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    show = build(state, text);
    assert_string_equal(first, "a user's configuration has more than 24576 lines");
    assert_int_equal(first_line, 24577);
    show_free(show);
}

static void test_too_many_routes_are_not_even_counted_out(void **state)
{
    assert_left_out(state, "[loopback a]\n[map]\na.x{1..8191} > a.y\na.z <> a.z2\n", 4, TOO_MANY_ROUTES);
    assert_left_out(state, "[loopback a]\n[map]\na.x{1..1000}{1..1000} <> a.y\na.z > a.z2\n", 3,
                    TOO_MANY_ROUTES);
}

static void test_nothing_is_made_of_too_much(void **state)
{
    static char text[CONFIG_MAX_USER_TEXT_BYTES];
    size_t used = (size_t)snprintf(text, sizeof(text), "[python py]\n");

    for (int i = 0; i < 1001; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "module = a\n");
    assert_left_out(state, text, 1002, "a user has at most 2000 sections with 1000 options each");
    used = 0;
    for (int i = 0; i < 20000; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "[python p%05d]\n", i);
    assert_left_out(state, text, 2001, "a user has at most 2000 sections with 1000 options each");
    text[2000 * strlen("[python p00000]\n")] = '\0';
    assert_left_out(state, text, 5, "the user \"alice\" may have at most 4 instances (option instances)");
}

static void test_an_error_in_the_section_is_the_houses(void **state)
{
    static const struct {
        const char *options, *message;
    } cases[] = {
        {"", "the user \"alice\" has no show: add \"show = PATH\""},
        {"show = ../x\n", "\"../x\" is not a path without \"..\""},
        {"show = x\nshwo = y\n", "a user has no option \"shwo\""},
        {"show = x\ngrant-input = l\n", "\"l\" names no channel: expected INSTANCE.CHANNEL"},
        {"show = x\ngrant-output = m.x\n", "unknown instance \"m\""},
        {"show = x\ngrant-output = alice.x\n", "unknown instance \"alice\""},
        {"show = x\ngrant-input = l.{1..70000}\n", "a user's grants stand for more than 65536 channels"},
        {"show = x\non-revoke = all\n", "on-revoke is hold or zero, not \"all\""},
        {"show = x\nfrozen = maybe\n", "frozen is on or off, not \"maybe\""},
        {"show = x\ninstances = 0\n", "\"0\" is not a number from 1 to 1000"},
        {"show = x\ncpu = 50\n", "cpu is a percentage of one core, such as 50%, not \"50\""},
        {"show = x\n[map]\nl.x > alice.y\n", "\"alice\" is a user, and has no channels"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config *config;
        struct show *show;
        char text[512];

        snprintf(text, sizeof(text), "[loopback l]\n[user alice]\n%s", cases[i].options);
        config = load_sound(state, text);
        assert_int_equal(build_show(&show, config, "show.cfg", false, NULL), -EINVAL);
        assert_int_equal(config->n_errors, 1);
        assert_string_equal(config->diagnostics[0].message, cases[i].message);
    }
}

static uint64_t memory_of(const struct show *show, const char *name)
{
    return ((const struct python *)find(show, name)->self)->memory_bytes >> 20;
}

static void test_a_quota_is_shared_out(void **state)
{
    struct show *show = build_on(state, GRANTS "memory = 600M\nrate = 1000\ncpu = 90%\nstate = 1G\n",
                                 "[python a]\nmemory = 200M\ncpu = 30%\n[python b]\n[python c]\n");
    const struct python *a = find(show, "alice/a")->self, *b = find(show, "alice/b")->self;

    assert_int_equal(memory_of(show, "alice/a"), 200);
    assert_int_equal(memory_of(show, "alice/b"), 200);
    assert_int_equal(memory_of(show, "alice/c"), 200);
    assert_int_equal(a->outflow.per_second, 333);
    assert_int_equal(a->cpu_percent, 30);
    assert_int_equal(b->cpu_percent, 30);
    assert_int_equal(b->state_bytes >> 20, 64); /* the default is less than its share */
    show_free(show);
}

/* The house's Python instances are not limited by users' quotas. */
static void test_another_share_is_another_instance(void **state)
{
    struct show *one = build_on(state, GRANTS "memory = 600M\n", "[python a]\n");
    struct show *two = build_on(state, GRANTS "memory = 600M\n", "[python a]\n[python b]\n");

    assert_string_not_equal(find(one, "alice/a")->signature, find(two, "alice/a")->signature);
    assert_int_equal(memory_of(one, "alice/a"), 512);
    assert_int_equal(memory_of(two, "alice/a"), 300);
    show_free(one);
    show_free(two);
}

static void test_what_her_scripts_make_is_bounded(void **state)
{
    struct show *show =
        build_on(state, GRANTS "channels = 10\n", "[loopback a]\n[loopback b]\n[map]\na.{1..2} > b.{1..2}\n");
    struct fc_instance *a = find(show, "alice/a");

    assert_int_equal(a->max_channels, 5);
    for (int i = 0; i < 3; i++)
        assert_true(instance_add_channel(a, (const char[]){'x', (char)('0' + i), 0}) >= 0);
    assert_int_equal(instance_add_channel(a, "one more"), -ENOSPC);
    show_free(show);
}

static void test_what_was_sound_stays(void **state)
{
    static const char sound[] = "[loopback a]\n[map]\nl.in1 > a.x\n";

    show_free(build(state, sound));
    show_free(build(state, "[loopback"));
    assert_int_equal(last, USERS_KEPT);
    for (int i = 0; i < 2; i++) {
        struct show *show = build(state, "[loopback a]\n[map]\nl.in1 > a.x\nl.in9 > a.x\n");

        assert_int_equal(last, USERS_KEPT);
        assert_string_equal(first, "the user \"alice\" may not read l.in9");
        assert_int_equal(show->router.n_targets, 1);
        show_free(show);
    }
    show_free(build_on(state, HOUSE "[user alice]\nshow = alice.cfg\n", sound));
    assert_int_equal(last, USERS_LEFT_OUT);
    show_free(build(state, sound));
    assert_int_equal(last, USERS_TAKEN);
}

/* Returns how many channels an event of the house sets. */
static uint64_t deliver(struct show *show, const char *channel)
{
    uint64_t before = show->router.delivered;
    struct fc_instance *house = find(show, "l");

    fc_emit(house, (uint32_t)instance_find_channel(house, channel), 0.5);
    router_run(&show->router);
    return show->router.delivered - before;
}

static uint64_t revoke_alice(struct show *show)
{
    uint64_t before = show->router.delivered;

    user_revoke(show, show_find_user(show, "alice"));
    return show->router.delivered - before;
}

#define ECHO "[loopback a]\n[map]\nl.in1 > a.x\na.x > l.out1\na.x > l.out2\na.x > a.y\n"

static void test_frozen_and_revoked(void **state)
{
    struct show *show = build_on(state, GRANTS "on-revoke = zero\n", ECHO);
    struct user *alice = show_find_user(show, "alice");

    assert_int_equal(deliver(show, "in1"), 4);
    user_freeze(alice, true);
    assert_int_equal(deliver(show, "in1"), 2); /* to her, and among hers */
    user_freeze(alice, false);
    assert_int_equal(deliver(show, "in1"), 4);
    assert_int_equal(revoke_alice(show), 2); /* out1 and out2 go to 0 */
    assert_int_equal(revoke_alice(show), 0);
    assert_int_equal(deliver(show, "in1"), 0);
    user_freeze(alice, false);
    assert_int_equal(deliver(show, "in1"), 0);
    show_free(show);
}

static void test_what_others_wrote_last_is_left_alone(void **state)
{
    struct show *show =
        build_on(state, "[loopback l]\n[map]\nl.in3 > l.out1\n[user alice]\n" HERS "on-revoke = zero\n",
                 ECHO);

    assert_int_equal(deliver(show, "in1"), 4);
    assert_int_equal(deliver(show, "in3"), 1);
    assert_int_equal(revoke_alice(show), 1);
    show_free(show);
}

static void test_holding_is_the_default(void **state)
{
    struct show *show = build(state, ECHO);

    assert_int_equal(deliver(show, "in1"), 4);
    assert_int_equal(revoke_alice(show), 0);
    show_free(show);
}

static void test_another_person_needs_a_new_start(void **state)
{
    struct config *config;
    struct show *show = build(state, "");

    assert_int_equal(users_fix(&users, show), 0);
    show_free(show);
    config = load_house(state, HOUSE "[user alice]\nshow = another.cfg\n");
    assert_int_equal(build_show(&show, config, "show.cfg", false, &users), -EINVAL);
    assert_string_equal(
        config->diagnostics[0].message,
        "the user \"alice\" is new, or has a different show or uid; restart firecurtain for that");
    show_free(build(state, "[loopback a]\n"));
    assert_int_equal(last, USERS_TAKEN);
}

#define user_test(function) cmocka_unit_test_setup_teardown(function, fixture_setup, forget_users)

int main(void)
{
    const struct CMUnitTest tests[] = {
        user_test(test_her_instances_are_hers),
        user_test(test_an_instance_of_hers_hides_one_of_the_house),
        user_test(test_grants_are_of_canonical_names),
        user_test(test_what_was_not_granted),
        user_test(test_a_refused_channel_does_not_keep_others_from_being_taken_back),
        user_test(test_as_many_routes_as_the_quota),
        user_test(test_fewer_routes_than_before),
        user_test(test_a_configuration_that_was_read_before),
        user_test(test_what_is_too_large_is_read_no_further),
        user_test(test_too_many_routes_are_not_even_counted_out),
        user_test(test_nothing_is_made_of_too_much),
        user_test(test_an_error_in_the_section_is_the_houses),
        user_test(test_a_quota_is_shared_out),
        user_test(test_another_share_is_another_instance),
        user_test(test_what_her_scripts_make_is_bounded),
        user_test(test_what_was_sound_stays),
        user_test(test_frozen_and_revoked),
        user_test(test_what_others_wrote_last_is_left_alone),
        user_test(test_holding_is_the_default),
        user_test(test_another_person_needs_a_new_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

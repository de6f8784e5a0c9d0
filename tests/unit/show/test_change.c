/* SPDX-License-Identifier: BSD-2-Clause */
/* From one show to the next: what stays, what ends, what starts, and what becomes of events and users
 * meanwhile. */
#include "broker/base/loop.h"
#include "broker/base/runtime.h"
#include "broker/show/access.h"
#include "broker/show/change.h"
#include "broker/show/instance.h"
#include "broker/show/show.h"
#include "broker/show/user.h"
#include "tests/unit/check.h"
#include "tests/unit/stderr_pipe.h"
#include "tests/unit/turn.h"

#define MAX_SET 16

struct fake {
    struct fc_instance *instance;
    bool takes_time; /* to end */
    unsigned n_started, n_stopped, n_refreshed;
    void *inherited;
    unsigned directions[8];
    uint32_t channels[MAX_SET];
    double values[MAX_SET];
    size_t n_set;
};

static struct runtime runtime;
static struct show *running;
static struct show *changed_to;
static struct stderr_pipe caught;

static void *fake_new(struct fc_instance *instance, const char *directory)
{
    struct fake *fake = calloc(1, sizeof(*fake));

    fake->instance = instance;
    return fake;
}

static int fake_channel(void *self, uint32_t id, const char *name, unsigned directions,
                        struct fc_reason *reason)
{
    ((struct fake *)self)->directions[id] = directions;
    return 0;
}

static int fake_start(void *self)
{
    ((struct fake *)self)->n_started++;
    return 0;
}

static void fake_stop(void *self)
{
    ((struct fake *)self)->n_stopped++;
}

static void fake_set(void *self, uint32_t channel, double value)
{
    struct fake *fake = self;

    assert_true(fake->n_set < MAX_SET);
    fake->channels[fake->n_set] = channel;
    fake->values[fake->n_set++] = value;
}

static bool fake_quiesce(void *self)
{
    return ((struct fake *)self)->takes_time;
}

static void fake_refresh(void *self)
{
    ((struct fake *)self)->n_refreshed++;
}

static void fake_inherit(void *self, void *previous)
{
    ((struct fake *)self)->inherited = ((struct fake *)previous)->instance;
}

static const struct fc_backend fake_backend = {
    .name = "fake",
    .instance_new = fake_new,
    .instance_free = free,
    .channel = fake_channel,
    .start = fake_start,
    .stop = fake_stop,
    .set = fake_set,
    .quiesce = fake_quiesce,
    .refresh = fake_refresh,
    .inherit = fake_inherit,
};

static struct show *make_show(void)
{
    struct show *show = calloc(1, sizeof(*show));

    show->instances = calloc(8, sizeof(*show->instances));
    show->users = calloc(2, sizeof(*show->users));
    return show;
}

/* Adds an instance; `options` stand for everything that it is made from. */
static struct fc_instance *add(struct show *show, const char *name, const char *options)
{
    struct fc_instance *instance;

    assert_int_equal(instance_new(&instance, show, name, &fake_backend, "/"), 0);
    instance->signature = strdup(options);
    show->instances[show->n_instances++] = instance;
    HASH_ADD_KEYPTR(hh, show->by_name, instance->name, strlen(instance->name), instance);
    return instance;
}

static struct user *add_user(struct show *show, const char *name)
{
    struct user *user = calloc(1, sizeof(*user));

    user->name = strdup(name);
    user->number = (unsigned)show->n_users + 1;
    show->users[show->n_users++] = user;
    return user;
}

static struct route_target side(struct fc_instance *instance, const char *channel, unsigned direction)
{
    int64_t id = instance_add_channel(instance, channel);

    assert_true(id >= 0);
    instance->channels[id].directions |= direction;
    fake_channel(instance->self, (uint32_t)id, channel, instance->channels[id].directions, NULL);
    return (struct route_target){.instance = instance, .channel = (uint32_t)id};
}

static void map(struct show *show, struct fc_instance *from, const char *source, struct fc_instance *to,
                const char *target)
{
    assert_int_equal(router_add(&show->router, side(from, source, FC_SOURCE), side(to, target, FC_TARGET)),
                     0);
}

static struct fc_instance *find(const struct show *show, const char *name)
{
    struct fc_instance *instance;

    HASH_FIND_STR(show->by_name, name, instance);
    return instance;
}

static struct fake *fake_of(const struct fc_instance *instance)
{
    return instance->self;
}

static void emit(struct show *show, const char *name, const char *channel, double value)
{
    struct fc_instance *instance = find(show, name);

    fc_emit(instance, (uint32_t)instance_find_channel(instance, channel), value);
}

static int setup(void **state)
{
    assert_int_equal(loop_new(&runtime.loop), 0);
    running = make_show();
    changed_to = NULL;
    stderr_pipe_begin(&caught);
    return 0;
}

static int teardown(void **state)
{
    stderr_pipe_end(&caught);
    show_change_cancel(running);
    show_free(running);
    runtime.loop = loop_free(runtime.loop);
    return 0;
}

static void begin(void)
{
    assert_int_equal(router_seal(&running->router), 0);
    show_start(running, &runtime);
}

static void changed(void *userdata, struct show *show)
{
    assert_ptr_equal(userdata, &changed_to);
    running = changed_to = show;
}

static void change_to(struct show *next)
{
    assert_int_equal(router_seal(&next->router), 0);
    assert_int_equal(show_change(running, next, changed, &changed_to), 0);
}

static void test_an_instance_with_the_same_options_stays(void **state)
{
    struct fc_instance *a = add(running, "a", "x = 1"), *b = add(running, "b", "");
    struct show *next = make_show();

    map(running, a, "one", b, "in");
    begin();
    map(next, add(next, "a", "x = 1"), "two", add(next, "b", ""), "in");
    change_to(next);
    assert_null(changed_to); /* never from within the call */
    turn_once(runtime.loop);
    assert_ptr_equal(changed_to, next);
    assert_ptr_equal(find(next, "a"), a);
    assert_ptr_equal(a->show, next);
    assert_int_equal(a->state, INSTANCE_UP);
    assert_int_equal(fake_of(a)->n_started, 1);
    assert_int_equal(fake_of(a)->n_stopped, 0);
    assert_int_equal(fake_of(a)->n_refreshed, 1);
    /* its channels keep their numbers; the new one comes behind them */
    assert_int_equal(instance_find_channel(a, "one"), 0);
    assert_int_equal(instance_find_channel(a, "two"), 1);
    assert_int_equal(fake_of(a)->directions[0], 0);
    assert_int_equal(fake_of(a)->directions[1], FC_SOURCE);
    emit(next, "a", "one", 0.25);
    emit(next, "a", "two", 0.5);
    router_run(&next->router);
    assert_int_equal(fake_of(b)->n_set, 1);
    assert_double(fake_of(b)->values[0], 0.5);
}

static void test_one_with_other_options_is_made_anew(void **state)
{
    struct fc_instance *a = add(running, "a", "x = 1"), *after;
    struct show *next = make_show();

    begin();
    fake_of(a)->takes_time = true;
    after = add(next, "a", "x = 2");
    change_to(next);
    turn_once(runtime.loop);
    assert_null(changed_to); /* it has not ended yet */
    assert_int_equal(a->state, INSTANCE_ENDING);
    assert_int_equal(after->state, INSTANCE_NEW);
    fc_quiesced(a);
    turn_once(runtime.loop);
    assert_ptr_equal(changed_to, next);
    assert_ptr_equal(find(next, "a"), after);
    assert_ptr_equal(fake_of(after)->inherited, a);
    assert_int_equal(after->state, INSTANCE_UP);
}

static void test_one_is_removed_and_one_is_added(void **state)
{
    struct show *next = make_show();

    add(running, "old", "");
    begin();
    add(next, "new", "");
    change_to(next);
    turn_once(runtime.loop);
    assert_null(find(next, "old"));
    assert_int_equal(find(next, "new")->state, INSTANCE_UP);
    assert_null(fake_of(find(next, "new"))->inherited);
}

static void test_a_stopped_instance_stays_stopped(void **state)
{
    struct fc_instance *a = add(running, "a", "");
    struct show *next = make_show();

    begin();
    show_stop_instance(a, 7, false);
    turn_once(runtime.loop);
    add(next, "a", "");
    change_to(next);
    turn_once(runtime.loop);
    assert_ptr_equal(find(next, "a"), a);
    assert_int_equal(a->state, INSTANCE_STOPPED);
    assert_int_equal(fake_of(a)->n_refreshed, 0);
}

static void test_events_that_wait_go_on_unless_their_maker_leaves(void **state)
{
    struct fc_instance *a = add(running, "a", ""), *gone = add(running, "gone", ""),
                       *b = add(running, "b", "");
    struct show *next = make_show();

    map(running, a, "out", b, "in");
    map(running, gone, "out", b, "in");
    begin();
    map(next, add(next, "a", ""), "out", add(next, "b", ""), "in");
    change_to(next);
    emit(running, "a", "out", 0.25);
    emit(running, "gone", "out", 0.5);
    turn_once(runtime.loop);
    router_run(&next->router);
    assert_int_equal(fake_of(b)->n_set, 1);
    assert_double(fake_of(b)->values[0], 0.25);
}

static void test_what_an_administrator_did_to_users_stays(void **state)
{
    struct user *alice = add_user(running, "alice"), *bob = add_user(running, "bob");
    struct show *next = make_show();

    begin();
    user_freeze(alice, true);
    user_revoke(running, bob);
    add_user(next, "alice");
    add_user(next, "bob");
    change_to(next);
    turn_once(runtime.loop);
    assert_true(show_find_user(next, "alice")->is_frozen);
    assert_false(show_find_user(next, "alice")->is_revoked);
    assert_true(show_find_user(next, "bob")->is_revoked);
    assert_false(show_find_user(next, "bob")->is_frozen);
}

static void test_fewer_rights_count_at_once(void **state)
{
    struct fc_instance *a = add(running, "a", "");
    struct user *alice = add_user(running, "alice"), *bob = add_user(running, "bob");
    struct show *next = make_show();

    begin();
    fake_of(a)->takes_time = true; /* and so does the change */
    add_user(next, "alice")->is_frozen_by_configuration = true;
    change_to(next);
    assert_true(user_is_stopped(alice));
    assert_false(alice->is_revoked);
    assert_true(bob->is_revoked); /* he is not in the next show */
}

static void count(void *userdata)
{
    ++*(unsigned *)userdata;
}

static void test_a_change_can_be_cancelled(void **state)
{
    unsigned n_ended = 0;
    struct fc_instance *a = add(running, "a", "x = 1"), *b = add(running, "b", "");
    struct show *next = make_show();

    map(running, b, "out", b, "in");
    begin();
    fake_of(a)->takes_time = true;
    add(next, "a", "x = 2");
    add(next, "b", "");
    change_to(next);
    show_change_cancel(running);
    show_change_cancel(running);
    show_quiesce(running, true, count, &n_ended); /* it is cancelled since the show ends */
    fc_quiesced(a);
    turn_once(runtime.loop);
    assert_int_equal(n_ended, 1);
    assert_null(changed_to);
    assert_ptr_equal(find(running, "b"), b);
    emit(running, "b", "out", 1.0);
    router_run(&running->router);
    assert_int_equal(fake_of(b)->n_set, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_instance_with_the_same_options_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_with_other_options_is_made_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_is_removed_and_one_is_added, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_stopped_instance_stays_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events_that_wait_go_on_unless_their_maker_leaves, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_what_an_administrator_did_to_users_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fewer_rights_count_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_change_can_be_cancelled, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Which verbs of the control interface a role may use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/control/private.h"
#include "broker/control/verbs.h"

enum { SEE = 1, CHANGE = 2, ADMINISTER = 4, OPERATE = 8, FREEZE = 16 };

static const unsigned rights[CONTROL_VERBS_] = {
    [CONTROL_STATUS] = SEE,      [CONTROL_ROUTES] = SEE,      [CONTROL_LOGS] = SEE,
    [CONTROL_WATCH] = SEE,       [CONTROL_START] = CHANGE,    [CONTROL_STOP] = CHANGE,
    [CONTROL_RESTART] = OPERATE, [CONTROL_RELOAD] = CHANGE,   [CONTROL_EMIT] = OPERATE,
    [CONTROL_FREEZE] = FREEZE,   [CONTROL_UNFREEZE] = FREEZE, [CONTROL_RECORD] = ADMINISTER,
    [CONTROL_CHANNELS] = SEE,    [CONTROL_INVITE] = SEE,      [CONTROL_INVITES] = SEE,
    [CONTROL_REVOKE] = SEE,      [CONTROL_ENTER] = SEE,       [CONTROL_PANIC] = FREEZE,
    [CONTROL_UNLOCK] = SEE,      [CONTROL_LOCK] = SEE,
};

static void assert_may(struct control_call call, unsigned allowed)
{
    for (int verb = CONTROL_NONE + 1; verb < CONTROL_VERBS_; verb++) {
        assert_int_not_equal(rights[verb], 0); /* a new verb needs a row here */
        assert_int_equal(verbs_may_ask(&call, (enum control_verb)verb), (rights[verb] & allowed) != 0);
    }
}

static void test_nobody_may_do_nothing(void **state)
{
    assert_may((struct control_call){.role = CONTROL_NOBODY}, 0);
}

static void test_observers_look(void **state)
{
    assert_may((struct control_call){.role = CONTROL_OBSERVER}, SEE);
}

/* What they change must be theirs: see test_scope.c. */
static void test_users_change_also_as_observers(void **state)
{
    assert_may((struct control_call){.role = CONTROL_USER, .account = 1}, SEE | CHANGE | OPERATE);
    assert_may((struct control_call){.role = CONTROL_OBSERVER, .account = 1}, SEE | CHANGE | OPERATE);
}

/* Which instances they restart, and emit from, see test_scope.c. */
static void test_operators_operate(void **state)
{
    assert_may((struct control_call){.role = CONTROL_OPERATOR}, SEE | OPERATE | FREEZE);
}

static void test_browsers_make_no_links(void **state)
{
    struct control_call call = {.role = CONTROL_ADMINISTRATOR, .token = 1};

    for (int verb = CONTROL_NONE + 1; verb < CONTROL_VERBS_; verb++) {
        bool is_forbidden = verb == CONTROL_INVITE || verb == CONTROL_INVITES || verb == CONTROL_REVOKE ||
                            verb == CONTROL_RELOAD || verb == CONTROL_NONE;

        assert_int_equal(verbs_may_ask(&call, (enum control_verb)verb), !is_forbidden);
    }
}

static void test_administrators_may_do_everything(void **state)
{
    assert_may((struct control_call){.role = CONTROL_ADMINISTRATOR},
               SEE | CHANGE | ADMINISTER | OPERATE | FREEZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_may_do_nothing),
        cmocka_unit_test(test_observers_look),
        cmocka_unit_test(test_users_change_also_as_observers),
        cmocka_unit_test(test_operators_operate),
        cmocka_unit_test(test_browsers_make_no_links),
        cmocka_unit_test(test_administrators_may_do_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

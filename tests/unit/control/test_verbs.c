/* SPDX-License-Identifier: BSD-2-Clause */
/* Which verbs of the control interface a role may use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/control/private.h"
#include "broker/control/verbs.h"

enum { SEE = 1, CHANGE = 2, ADMINISTER = 4 };

static const unsigned rights[CONTROL_VERBS_] = {
    [CONTROL_STATUS] = SEE,        [CONTROL_ROUTES] = SEE,          [CONTROL_LOGS] = SEE,
    [CONTROL_WATCH] = SEE,         [CONTROL_START] = CHANGE,        [CONTROL_STOP] = CHANGE,
    [CONTROL_RESTART] = CHANGE,    [CONTROL_RELOAD] = CHANGE,       [CONTROL_EMIT] = CHANGE,
    [CONTROL_FREEZE] = ADMINISTER, [CONTROL_UNFREEZE] = ADMINISTER, [CONTROL_RECORD] = ADMINISTER,
    [CONTROL_CHANNELS] = SEE,
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
    assert_may((struct control_call){.role = CONTROL_USER, .account = 1}, SEE | CHANGE);
    assert_may((struct control_call){.role = CONTROL_OBSERVER, .account = 1}, SEE | CHANGE);
}

static void test_administrators_may_do_everything(void **state)
{
    assert_may((struct control_call){.role = CONTROL_ADMINISTRATOR}, SEE | CHANGE | ADMINISTER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_may_do_nothing),
        cmocka_unit_test(test_observers_look),
        cmocka_unit_test(test_users_change_also_as_observers),
        cmocka_unit_test(test_administrators_may_do_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

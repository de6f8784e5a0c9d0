/* SPDX-License-Identifier: BSD-2-Clause */
/* The section [control]: which role a uid has. */
#include <grp.h>
#include <pwd.h>

#include "broker/config/roles.h"
#include "tests/unit/config_fixture.h"

/* Accounts that every system has, and one that is nobody's. */
#define KNOWN    "daemon"
#define STRANGER 54321

static struct control_roles roles;

static struct config *read_roles(void **state, const char *text)
{
    struct config *config = load_text(state, text);

    control_roles_deinit(&roles);
    assert_int_equal(control_roles_read(&roles, config), 0);
    return config;
}

static int teardown(void **state)
{
    control_roles_deinit(&roles);
    return fixture_teardown(state);
}

static uid_t known_uid(void)
{
    const struct passwd *account = getpwnam(KNOWN);

    assert_non_null(account);
    return account->pw_uid;
}

static void test_root_and_the_brokers_own_user_are_administrators(void **state)
{
    read_roles(state, "[loopback l]\n");
    assert_int_equal(control_roles_find(&roles, 0, 0), CONTROL_ADMINISTRATOR);
    assert_int_equal(control_roles_find(&roles, geteuid(), STRANGER), CONTROL_ADMINISTRATOR);
    assert_true(control_roles_is_owner(&roles, 0) && control_roles_is_owner(&roles, geteuid()));
    assert_int_equal(control_roles_find(&roles, STRANGER, STRANGER), CONTROL_NOBODY);
    assert_false(control_roles_is_owner(&roles, STRANGER));
}

static void test_a_named_user_has_the_role_and_no_other_has(void **state)
{
    read_roles(state, "[control]\nobservers = " KNOWN "\n");
    assert_int_equal(control_roles_find(&roles, known_uid(), STRANGER), CONTROL_OBSERVER);
    assert_int_equal(control_roles_find(&roles, STRANGER, STRANGER), CONTROL_NOBODY);
    read_roles(state, "[control]\nadministrators = " KNOWN "\n");
    assert_int_equal(control_roles_find(&roles, known_uid(), STRANGER), CONTROL_ADMINISTRATOR);
}

static void test_the_higher_role_counts(void **state)
{
    read_roles(state, "[control]\nadministrators = " KNOWN "\nobservers = " KNOWN " *\n");
    assert_int_equal(control_roles_find(&roles, known_uid(), STRANGER), CONTROL_ADMINISTRATOR);
    assert_int_equal(control_roles_find(&roles, STRANGER, STRANGER), CONTROL_OBSERVER);
}

static void test_a_group_stands_for_those_whose_primary_group_it_is(void **state)
{
    const struct group *group = getgrnam(KNOWN);

    assert_non_null(group);
    read_roles(state, "[control]\nobservers = " KNOWN "\n");
    assert_int_equal(control_roles_find(&roles, STRANGER, group->gr_gid), CONTROL_OBSERVER);
}

static void test_unknown_names_are_errors(void **state)
{
    struct config *config = read_roles(state, "[control]\nobservers = no-such-account\n");

    assert_int_equal(config->n_errors, 1);
    assert_string_equal(config->diagnostics[0].message, "there is no user or group \"no-such-account\"");
}

/* Workers of the house run with the uid that is excluded. */
static void test_the_excluded_uid_has_no_role(void **state)
{
    read_roles(state, "[control]\nobservers = *\n");
    roles.excluded = STRANGER;
    assert_int_equal(control_roles_find(&roles, STRANGER, STRANGER), CONTROL_NOBODY);
    assert_int_equal(control_roles_find(&roles, STRANGER + 1, STRANGER), CONTROL_OBSERVER);
}

static void test_users_are_numbered_and_may_be_more(void **state)
{
    read_roles(state, "[control]\nobservers = " KNOWN "\n");
    assert_int_equal(control_roles_add_user(&roles, STRANGER, "alice"), 0);
    assert_int_equal(control_roles_add_user(&roles, known_uid(), "bob"), 0);
    assert_int_equal(control_roles_add_user(&roles, (uid_t)-1, "carol"), 0);
    assert_int_equal(control_roles_account(&roles, STRANGER), 1);
    assert_int_equal(control_roles_account(&roles, known_uid()), 2);
    assert_int_equal(control_roles_account(&roles, STRANGER + 1), 0);
    assert_int_equal(control_roles_find(&roles, STRANGER, STRANGER), CONTROL_USER);
    assert_int_equal(control_roles_find(&roles, known_uid(), STRANGER), CONTROL_OBSERVER);
}

static void test_a_later_configuration_is_compared(void **state)
{
    struct fixture *fixture = *state;

    read_roles(state, "[control]\nobservers = " KNOWN "\n");
    assert_true(control_roles_are_of(&roles, fixture->config));
    assert_true(
        control_roles_are_of(&roles, load_text(state, "[loopback l]\n[control]\nobservers = " KNOWN "\n")));
    assert_false(control_roles_are_of(&roles, load_text(state, "[control]\nadministrators = " KNOWN "\n")));
}

#define roles_test(function) cmocka_unit_test_setup_teardown(function, fixture_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        roles_test(test_root_and_the_brokers_own_user_are_administrators),
        roles_test(test_a_named_user_has_the_role_and_no_other_has),
        roles_test(test_the_higher_role_counts),
        roles_test(test_a_group_stands_for_those_whose_primary_group_it_is),
        roles_test(test_unknown_names_are_errors),
        roles_test(test_the_excluded_uid_has_no_role),
        roles_test(test_users_are_numbered_and_may_be_more),
        roles_test(test_a_later_configuration_is_compared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

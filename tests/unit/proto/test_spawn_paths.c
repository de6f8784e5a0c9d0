/* SPDX-License-Identifier: BSD-2-Clause */
/* Which folders a worker can be given: those below, those that only seem to be, and unterminated requests. */
#include "proto/spawn_paths.h"
#include "tests/unit/check.h"

static const char *const shown[] = {"/srv/show", "/opt/file", "/slash/"};
static const struct spawn_paths paths = {.state_root = "/var/lib/fc", .shown = shown, .n_shown = 3};

static void test_shown(void **state)
{
    static const char *const yes[] = {"/srv/show",     "/srv/show/", "/srv/show/a/b", "/srv/show/..a",
                                      "/srv/show/a..", "/opt/file",  "/slash/",       "/slash/a"};
    static const char *const no[] = {"",
                                     "/",
                                     "/srv",
                                     "/srv/shows",
                                     "/srv/show/..",
                                     "/srv/show/../x",
                                     "/srv/show/a/../../../etc",
                                     "srv/show",
                                     "/opt/file2",
                                     "../srv/show",
                                     "/etc"};

    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        assert_true(spawn_paths_show(&paths, yes[i]));
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        assert_false(spawn_paths_show(&paths, no[i]));
}

static void test_state(void **state)
{
    static const char *const no[] = {"/var/lib/fc",           "/var/lib/fc/",           "/var/lib/fc/show",
                                     "/var/lib/fc/show/",     "/var/lib/fc/show/py1/x", "/var/lib/fc/../py1",
                                     "/var/lib/fc/show/..",   "/var/lib/fc/./py1",      "/var/lib/fc//py1",
                                     "/var/lib/fcx/show/py1", "/srv/show/py1"};

    (void)state;
    assert_true(spawn_paths_is_state(&paths, "/var/lib/fc/show-1/py1"));
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        assert_false(spawn_paths_is_state(&paths, no[i]));
}

static void test_state_of_one_show(void **state)
{
    struct spawn_paths one = paths;

    (void)state;
    one.state_show = "show-1";
    assert_true(spawn_paths_is_state(&one, "/var/lib/fc/show-1/py1"));
    assert_false(spawn_paths_is_state(&one, "/var/lib/fc/show-2/py1"));
    assert_false(spawn_paths_is_state(&one, "/var/lib/fc/show-11/py1"));
    assert_false(spawn_paths_is_state(&one, "/var/lib/fc/show-/py1"));
    one.state_show = "";
    assert_true(spawn_paths_is_state(&one, "/var/lib/fc/show-2/py1"));
}

static void fill(struct spawn_request *request)
{
    memset(request, 0, sizeof(*request));
    strcpy(request->script_folder, "/srv/show");
    strcpy(request->state_folder, "/var/lib/fc/show/py1");
    memcpy(request->reads, "/opt/file\0/srv/show/a", 22);
    request->n_reads = 2;
}

static void test_request(void **state)
{
    static struct spawn_request request;

    (void)state;
    fill(&request);
    assert_true(spawn_paths_allow(&paths, &request));
    strcpy(request.script_folder, "/var/lib/fc/show/py1");
    assert_false(spawn_paths_allow(&paths, &request));
    fill(&request);
    strcpy(request.state_folder, "/srv/show/a");
    assert_false(spawn_paths_allow(&paths, &request));
    fill(&request);
    memcpy(request.reads, "/opt/file\0/etc/shadow", 22);
    assert_false(spawn_paths_allow(&paths, &request));
}

static void test_strings_without_an_end(void **state)
{
    static struct spawn_request request;

    (void)state;
    fill(&request);
    memset(request.hosts, 'x', sizeof(request.hosts));
    assert_false(spawn_paths_allow(&paths, &request));
    fill(&request);
    memset(request.environment, 'x', sizeof(request.environment));
    request.n_environment = 1;
    assert_false(spawn_paths_allow(&paths, &request));
    fill(&request);
    request.n_environment = sizeof(request.environment) + 1;
    assert_false(spawn_paths_allow(&paths, &request));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_state_of_one_show),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_strings_without_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

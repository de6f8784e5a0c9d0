/* SPDX-License-Identifier: BSD-2-Clause */
/* Where lines of a script name files, and what the log says in their place. */
#include "broker/child/script_path.h"
#include "firecurtain/cleanup.h"
#include "tests/unit/check.h"

static const struct script_folders folders = {.script = "/home/anna/show",
                                              .state = "/var/lib/firecurtain/show-1/py1"};

static void assert_written(const char *line, const char *expected)
{
    char out[256];
    size_t n = script_path_write(&folders, line, strlen(line), out, sizeof(out) - 1);

    out[n] = '\0';
    assert_string_equal(out, expected);
}

static void test_frames_of_tracebacks(void **state)
{
    assert_written("  File \"/show/lights.py\", line 3, in fader",
                   "  File \"/home/anna/show/lights.py\", line 3, in fader");
    assert_written("  File \"/show/pkg/a.py\", line 3", "  File \"/home/anna/show/pkg/a.py\", line 3");
    assert_written("  File \"/state/made.py\", line 1 in f",
                   "  File \"/var/lib/firecurtain/show-1/py1/made.py\", line 1 in f");
    assert_written("  |   File \"/show/a.py\", line 1, in f",
                   "  |   File \"/home/anna/show/a.py\", line 1, in f");
}

static void test_warnings_and_import_errors(void **state)
{
    assert_written("/show/lights.py:3: DeprecationWarning: old",
                   "/home/anna/show/lights.py:3: DeprecationWarning: old");
    assert_written("ImportError: cannot import name 'x' from 'helper' (/show/helper.py)",
                   "ImportError: cannot import name 'x' from 'helper' (/home/anna/show/helper.py)");
}

static void test_other_text_stays(void **state)
{
    const char *lines[] = {
        "",
        "File",
        "  File \"",
        "  File \"/showroom/a.py\", line 3",
        "  File \"/show\", line 3",
        "  File \"/usr/lib/python3.11/json/__init__.py\", line 3",
        "  File \"<string>\", line 3",
        "/show/lights.py is read",
        "I write to /show/lights.py",
        "ImportError: no /show/",
        "    open(\"/show/x\")",
    };

    for (size_t i = 0; i < FC_ARRAY_SIZE(lines); i++)
        assert_written(lines[i], lines[i]);
}

static void test_what_does_not_fit_is_cut(void **state)
{
    const char *line = "  File \"/show/lights.py\", line 3";
    char out[16];

    assert_int_equal(script_path_write(&folders, line, strlen(line), out, sizeof(out)), sizeof(out));
    assert_memory_equal(out, "  File \"/home/an", sizeof(out));
}

static void test_unknown_folders(void **state)
{
    const struct script_folders none = {0};
    const char *line = "  File \"/show/lights.py\", line 3";
    char out[64];
    size_t n = script_path_write(&none, line, strlen(line), out, sizeof(out));

    assert_int_equal(n, strlen(line));
    assert_memory_equal(out, line, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_of_tracebacks), cmocka_unit_test(test_warnings_and_import_errors),
        cmocka_unit_test(test_other_text_stays),     cmocka_unit_test(test_what_does_not_fit_is_cut),
        cmocka_unit_test(test_unknown_folders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

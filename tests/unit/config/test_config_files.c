/* SPDX-License-Identifier: BSD-2-Clause */
/* Files: includes, unreadable files, files that are not text, and limits. */
#include "tests/unit/config_fixture.h"

static void test_unreadable_file(void **state)
{
    const struct config_override overrides[] = {{false, "x.a=1"}};
    const struct config *config = load_overridden(state, "gone/show.cfg", overrides, 1);

    /* the override is not reported as well */
    assert_int_equal(config->n_diagnostics, 1);
    assert_int_equal(config->n_errors, 1);
    assert_error_in(config, 0, "gone/show.cfg", 0, 0,
                    "cannot read \"gone/show.cfg\": No such file or directory", NULL);
    assert_null(config->diagnostics[0].source);
}

static void test_directory_is_no_file(void **state)
{
    const struct config *config = load_path(state, "/");

    assert_int_equal(config->n_diagnostics, 1);
    assert_error_in(config, 0, "/", 0, 0, "cannot read \"/\": Is a directory", NULL);
}

/* None of these is waited for: without a writer, a FIFO would never be opened. */
static void test_only_regular_files(void **state)
{
    static const char *const paths[] = {"fifo", "/dev/zero", "/dev/tty"};
    char text[64], expected[128];

    assert_int_equal(mkfifo("fifo", 0600), 0);
    for (size_t i = 0; i < FC_ARRAY_SIZE(paths); i++) {
        const struct config *config = load_path(state, paths[i]);

        snprintf(expected, sizeof(expected),
                 "cannot read \"%s\": it is not a regular file but a FIFO, a device or the like", paths[i]);
        assert_int_equal(config->n_diagnostics, 1);
        assert_error_in(config, 0, paths[i], 0, 0, expected, NULL);
        snprintf(text, sizeof(text), "[osc one]\n[include %s]\n[osc two]\n", paths[i]);
        write_text("show.cfg", text);
        config = load_path(state, "show.cfg");
        assert_int_equal(config->n_errors, 1);
        assert_error_in(config, 0, "show.cfg", 2, 10, expected, NULL);
        assert_int_equal(config->n_sections, 2); /* the rest is read */
    }
}

static void test_folder_is_included(void **state)
{
    const struct config *config;

    assert_int_equal(mkdir("parts", 0700), 0);
    config = load_text(state, "[include parts]\n");
    assert_int_equal(config->n_errors, 1);
    assert_error_in(config, 0, "show.cfg", 1, 10, "cannot read \"parts\": Is a directory", NULL);
}

static void test_include_is_relative_to_the_including_file(void **state)
{
    const struct fixture *fixture = *state;
    const struct config *config;
    char expected[PATH_MAX + 16];

    assert_int_equal(mkdir("shows", 0700), 0);
    assert_int_equal(mkdir("shows/parts", 0700), 0);
    write_text("shows/main.cfg", "[osc one]\n[include parts/a b.cfg]\n[osc four]\n");
    write_text("shows/parts/a b.cfg", "[osc two]\n[include c.cfg]\n[osc dup]\n[osc dup]\n");
    write_text("shows/parts/c.cfg", "\n[osc three]\n");
    config = load_path(state, "shows/main.cfg");
    assert_int_equal(config->n_sections, 5);
    assert_at(config->sections[0].at, "shows/main.cfg", 1, 2);
    assert_at(config->sections[1].at, "shows/parts/a b.cfg", 1, 2);
    assert_at(config->sections[2].at, "shows/parts/c.cfg", 2, 2);
    assert_string_equal(config->sections[4].instance, "four");
    snprintf(expected, sizeof(expected), "%s/shows", fixture->directory);
    assert_string_equal(config->sections[0].directory, expected);
    snprintf(expected, sizeof(expected), "%s/shows/parts", fixture->directory);
    assert_string_equal(config->sections[2].directory, expected);
    assert_int_equal(config->n_errors, 1);
    assert_error_in(config, 0, "shows/parts/a b.cfg", 4, 6,
                    "instance \"dup\" is already declared at shows/parts/a b.cfg:3:6", NULL);
}

static void test_absolute_include(void **state)
{
    const struct fixture *fixture = *state;
    char path[PATH_MAX + 16];
    char text[PATH_MAX + 32];
    const struct config *config;

    snprintf(path, sizeof(path), "%s/part.cfg", fixture->directory);
    snprintf(text, sizeof(text), "[include %s]\n", path);
    write_text("part.cfg", "[osc x]\n");
    assert_int_equal(mkdir("sub", 0700), 0);
    write_text("sub/show.cfg", text);
    config = load_path(state, "sub/show.cfg");
    assert_int_equal(config->n_diagnostics, 0);
    assert_at(config->sections[0].at, path, 1, 2);
    assert_string_equal(config->sections[0].directory, fixture->directory);
}

static void test_section_goes_on_after_an_include(void **state)
{
    const struct config *config;

    write_text("part.cfg", "[osc y]\nc = 3\n[map]\nx.a > y.a\n");
    config = load_sound(state, "[osc x]\na = 1\n[include part.cfg]\nb = 2\n");
    assert_int_equal(config->n_sections, 2);
    assert_int_equal(config->sections[0].n_options, 2);
    assert_option(&config->sections[0], 0, "a", "1");
    assert_option(&config->sections[0], 1, "b", "2");
    assert_int_equal(config->sections[1].n_options, 1);
    assert_option(&config->sections[1], 0, "c", "3");
    assert_int_equal(config->n_mappings, 1);
}

static void test_section_is_open_inside_an_include(void **state)
{
    const struct fixture *fixture = *state;
    const struct config *config;

    assert_int_equal(mkdir("sub", 0700), 0);
    write_text("sub/option.cfg", "b = 2\n");
    write_text("sub/mapping.cfg", "x.a > x.b\n");
    config =
        load_sound(state, "[osc x]\n[include sub/option.cfg]\n[map]\n[include sub/mapping.cfg]\nx.c > x.d\n");
    assert_option(&config->sections[0], 0, "b", "2");
    assert_at(config->sections[0].options[0].at, "sub/option.cfg", 1, 1);
    assert_string_equal(config->sections[0].directory, fixture->directory);
    assert_int_equal(config->n_mappings, 2);
}

static void test_outside_again_after_an_include(void **state)
{
    write_text("part.cfg", "[osc y]\n");
    assert_one_error(
        state, "[include part.cfg]\na = 1\n", 2, 1, "expected a header in brackets before anything else",
        "a header is [BACKEND INSTANCE], [backend NAME], [control], [console], [map] or [include FILE]");
}

static void test_missing_include(void **state)
{
    const struct config *config =
        assert_one_error(state, "[osc x]\n [include  gone.cfg ]\na = 1\n", 2, 12,
                         "cannot read \"gone.cfg\": No such file or directory", NULL);

    assert_string_equal(config->diagnostics[0].source, " [include  gone.cfg ]");
    assert_option(&config->sections[0], 0, "a", "1");
}

static void test_same_file_included_twice(void **state)
{
    const struct config *config;

    write_text("part.cfg", "a = 1\n");
    config = load_sound(state, "[osc x]\n[include part.cfg]\n[osc y]\n[include part.cfg]\n");
    assert_option(&config->sections[0], 0, "a", "1");
    assert_option(&config->sections[1], 0, "a", "1");
}

static void test_cycle_names_the_chain(void **state)
{
    const struct config *config;

    write_text("a.cfg", "\n[include b.cfg]\n[osc a]\n");
    write_text("b.cfg", "[include ./a.cfg]\n[osc b]\n");
    config = assert_one_error(state, "[include show.cfg]\n[osc x]\n", 1, 10,
                              "a file cannot include itself: show.cfg -> show.cfg", NULL);
    assert_int_equal(config->n_sections, 1);
    config = load_text(state, "[include a.cfg]\n");
    assert_int_equal(config->n_errors, 1);
    assert_error_in(config, 0, "b.cfg", 1, 10, "a file cannot include itself: a.cfg -> b.cfg -> a.cfg", NULL);
    assert_int_equal(config->n_sections, 2);
}

static void test_cycle_through_a_link(void **state)
{
    assert_int_equal(symlink("show.cfg", "link.cfg"), 0);
    assert_one_error(state, "[include link.cfg]\n", 1, 10,
                     "a file cannot include itself: show.cfg -> show.cfg", NULL);
}

/* Writes f0.cfg to fN.cfg, each including the next. */
static void write_chain(int n)
{
    for (int i = 0; i <= n; i++) {
        char path[32];
        char text[64];

        snprintf(path, sizeof(path), "f%d.cfg", i);
        snprintf(text, sizeof(text), i < n ? "[include f%d.cfg]\n" : "[osc x]\n", i + 1);
        write_text(path, text);
    }
}

static void test_depth_is_limited(void **state)
{
    const struct config *config;

    write_chain(CONFIG_MAX_DEPTH);
    config = load_path(state, "f0.cfg");
    assert_int_equal(config->n_diagnostics, 0);
    assert_int_equal(config->n_sections, 1);
    write_chain(CONFIG_MAX_DEPTH + 1);
    config = load_path(state, "f0.cfg");
    assert_int_equal(config->n_diagnostics, 1);
    assert_error_in(config, 0, "f16.cfg", 1, 10, "more than 16 includes within one another", NULL);
    assert_int_equal(config->n_sections, 0);
}

/* Each file includes the next one twice: without a limit the last would be read 65,536 times. */
static void test_number_of_files_is_limited(void **state)
{
    const struct config *config;

    for (int i = 0; i <= CONFIG_MAX_DEPTH; i++) {
        char path[32];
        char text[64];

        snprintf(path, sizeof(path), "f%d.cfg", i);
        snprintf(text, sizeof(text), "[include f%d.cfg]\n[include f%d.cfg]\n", i + 1, i + 1);
        write_text(path, i < CONFIG_MAX_DEPTH ? text : "");
    }
    config = load_path(state, "f0.cfg");
    assert_true(config->n_errors > 0);
    assert_string_equal(config->diagnostics[0].message, "more than 1000 files in one configuration");
    assert_int_equal(config->n_files, CONFIG_MAX_FILES);
}

static void test_size_of_all_files_is_limited(void **state)
{
    const struct config *config;

    write_text("half.cfg", "");
    write_text("rest.cfg", "");
    assert_int_equal(truncate("half.cfg", CONFIG_MAX_TEXT_BYTES / 2), 0);
    assert_int_equal(truncate("rest.cfg", CONFIG_MAX_TEXT_BYTES / 2), 0);
    config = load_text(state, "[include half.cfg]\n[include rest.cfg]\n");
    assert_int_equal(config->n_diagnostics, 2);
    assert_error_in(config, 0, "half.cfg", 1, 1,
                    "there is a NUL byte, so this is no text; the file is not read", NULL);
    assert_error_in(config, 1, "show.cfg", 2, 10, "cannot read \"rest.cfg\": File too large", NULL);
}

static void test_byte_order_mark(void **state)
{
    const struct config *config;

    write_text("part.cfg", "\xef\xbb\xbf[osc y]\n");
    config = load_sound(state, "\xef\xbb\xbf[osc x]\n[include part.cfg]\n");
    assert_at(config->sections[0].at, "show.cfg", 1, 2);
    assert_at(config->sections[1].at, "part.cfg", 1, 2);
    config = assert_one_error(
        state, "\xef\xbb\xbfoops\n", 1, 1, "expected a header in brackets before anything else",
        "a header is [BACKEND INSTANCE], [backend NAME], [control], [console], [map] or [include FILE]");
    assert_string_equal(config->diagnostics[0].source, "oops");
}

static void test_utf16(void **state)
{
    const struct config *config;

    write_bytes("show.cfg", "\xff\xfe[\0o\0", 6);
    config = load_path(state, "show.cfg");
    assert_int_equal(config->n_errors, 1);
    assert_error_in(config, 0, "show.cfg", 1, 1, "the file is in UTF-16: save it as UTF-8", NULL);
}

static void test_nul_bytes(void **state)
{
    const char text[] = "[osc x]\na = \0 1\n\0\nb = 2\n; c\0\n";
    const char *message = "there is a NUL byte, so this is no text; the file is not read";
    const struct config *config;

    write_bytes("show.cfg", text, sizeof(text) - 1);
    config = load_path(state, "show.cfg");
    assert_int_equal(config->n_diagnostics, 1); /* a recording would have hundreds */
    assert_error_in(config, 0, "show.cfg", 2, 5, message, NULL);
    assert_int_equal(config->n_sections, 0);
}

/* Makes a section with one option, in a line of `n_bytes`. */
static struct config *load_long_line(void **state, size_t n_bytes, const char *end)
{
    FILE *file = fopen("show.cfg", "w");

    fprintf(file, "[osc x]\n%-*s%s\nb = 2\n", (int)n_bytes, "a = 1", end);
    fclose(file);
    return load_path(state, "show.cfg");
}

static void test_overlong_lines(void **state)
{
    const struct config *config = load_long_line(state, CONFIG_MAX_LINE_BYTES, "");

    assert_int_equal(config->n_diagnostics, 0);
    config = load_long_line(state, CONFIG_MAX_LINE_BYTES, "\r");
    assert_int_equal(config->n_diagnostics, 0);
    assert_option(&config->sections[0], 0, "a", "1");
    config = load_long_line(state, CONFIG_MAX_LINE_BYTES + 1, "");
    assert_int_equal(config->n_diagnostics, 1);
    assert_error_in(config, 0, "show.cfg", 2, 1, "the line is longer than 65536 bytes", NULL);
    assert_int_equal(strlen(config->diagnostics[0].source), CONFIG_MAX_LINE_BYTES);
    assert_int_equal(config->sections[0].n_options, 1);
    assert_option(&config->sections[0], 0, "b", "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        config_test(test_unreadable_file),
        config_test(test_directory_is_no_file),
        config_test(test_only_regular_files),
        config_test(test_folder_is_included),
        config_test(test_include_is_relative_to_the_including_file),
        config_test(test_absolute_include),
        config_test(test_section_goes_on_after_an_include),
        config_test(test_section_is_open_inside_an_include),
        config_test(test_outside_again_after_an_include),
        config_test(test_missing_include),
        config_test(test_same_file_included_twice),
        config_test(test_cycle_names_the_chain),
        config_test(test_cycle_through_a_link),
        config_test(test_depth_is_limited),
        config_test(test_number_of_files_is_limited),
        config_test(test_size_of_all_files_is_limited),
        config_test(test_byte_order_mark),
        config_test(test_utf16),
        config_test(test_nul_bytes),
        config_test(test_overlong_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The syntax of configurations: sections, options, what is refused, and overrides of the command line. */
#include "tests/unit/config_fixture.h"

#include "firecurtain/cleanup.h"

#define HEADERS                                                                                              \
    "a header is [BACKEND INSTANCE], [backend NAME], [control], [console], [map] or [include FILE]"

static void test_empty_file(void **state)
{
    const struct config *config = load_sound(state, "");

    assert_int_equal(config->n_sections, 0);
    assert_int_equal(config->n_mappings, 0);
    assert_int_equal(config->n_errors, 0);
}

static void test_free_takes_null(void **state)
{
    assert_null(config_free(NULL));
}

static void test_instance_section(void **state)
{
    const struct fixture *fixture = *state;
    const struct config *config = load_sound(state, "\n  [python  my-show]\nmodule = a b\n\tpath=/x\n");
    const struct config_section *section = config->sections;

    assert_int_equal(config->n_sections, 1);
    assert_string_equal(section->backend, "python");
    assert_string_equal(section->instance, "my-show");
    assert_string_equal(section->directory, fixture->directory);
    assert_at(section->at, "show.cfg", 2, 4);
    assert_at(section->instance_at, "show.cfg", 2, 12);
    assert_int_equal(section->n_options, 2);
    assert_option(section, 0, "module", "a b");
    assert_at(section->options[0].at, "show.cfg", 3, 1);
    assert_at(section->options[0].value_at, "show.cfg", 3, 10);
    assert_option(section, 1, "path", "/x");
    assert_at(section->options[1].at, "show.cfg", 4, 2);
    assert_at(section->options[1].value_at, "show.cfg", 4, 7);
}

static void test_backend_section(void **state)
{
    const struct config *config = load_sound(state, "[backend osc]\ndetect = on\n");

    assert_int_equal(config->n_sections, 1);
    assert_string_equal(config->sections[0].backend, "osc");
    assert_null(config->sections[0].instance);
    assert_at(config->sections[0].at, "show.cfg", 1, 10);
    assert_option(&config->sections[0], 0, "detect", "on");
}

static void test_repeated_backend_goes_on_with_the_first(void **state)
{
    const struct config *config = load_sound(state, "[backend osc]\na=1\n[osc x]\nb=2\n[backend osc]\nc=3\n");

    assert_int_equal(config->n_sections, 2);
    assert_int_equal(config->sections[0].n_options, 2);
    assert_option(&config->sections[0], 0, "a", "1");
    assert_option(&config->sections[0], 1, "c", "3");
    assert_at(config->sections[0].at, "show.cfg", 1, 10);
    assert_int_equal(config->sections[1].n_options, 1);
}

static void test_backend_and_instance_names_are_apart(void **state)
{
    const struct config *config = load_sound(state, "[backend osc]\na=1\n[osc osc]\nb=2\n");

    assert_int_equal(config->n_sections, 2);
    assert_null(config->sections[0].instance);
    assert_string_equal(config->sections[1].instance, "osc");
}

static void test_option_is_split_at_the_first_equals(void **state)
{
    const struct config *config =
        load_sound(state, "[osc x]\n  /a{b}[c]  =  f = 0  1  \nempty =\ntwice=1\ntwice=2\n");

    assert_int_equal(config->sections[0].n_options, 4);
    assert_option(&config->sections[0], 0, "/a{b}[c]", "f = 0  1");
    assert_option(&config->sections[0], 1, "empty", "");
    assert_at(config->sections[0].options[1].value_at, "show.cfg", 3, 8);
    assert_option(&config->sections[0], 2, "twice", "1");
    assert_option(&config->sections[0], 3, "twice", "2");
}

static void test_comments_are_whole_lines(void **state)
{
    const struct config *config =
        load_sound(state, "; before\n[osc x]\n ;[bad\n\t; indented = yes\na = 1 ; kept\n;[map]\nb = 2\n");

    assert_int_equal(config->sections[0].n_options, 2);
    assert_option(&config->sections[0], 0, "a", "1 ; kept");
    assert_option(&config->sections[0], 1, "b", "2");
}

static void test_carriage_returns(void **state)
{
    const struct config *config = load_sound(state, "[osc x]\r\n\r\na = 1\r\n[map]\r\nx.a > x.b\r\n");

    assert_string_equal(config->sections[0].instance, "x");
    assert_option(&config->sections[0], 0, "a", "1");
    assert_string_equal(config->mappings[0].right.channel, "b");
}

static void test_last_line_without_newline(void **state)
{
    const struct config *config = load_sound(state, "[osc x]\na = 1");

    assert_option(&config->sections[0], 0, "a", "1");
}

static void test_unclosed_header(void **state)
{
    const struct config *config = assert_one_error(state, "  [osc x\na = 1\n[map]\nx.a > x.b\n", 1, 3,
                                                   "\"[\" has no closing \"]\"", HEADERS);

    /* parsing continues as if it was closed */
    assert_option(&config->sections[0], 0, "a", "1");
    assert_int_equal(config->n_mappings, 1);
    assert_one_error(state, "[map", 1, 1, "\"[\" has no closing \"]\"", HEADERS);
}

static void test_text_after_header(void **state)
{
    const struct config *config =
        assert_one_error(state, "[osc x]  ; comment\na = 1\n", 1, 10, "unexpected text after \"]\"",
                         "a comment is a line that starts with \";\"");

    assert_string_equal(config->sections[0].instance, "x");
    assert_int_equal(config->sections[0].n_options, 1);
}

static void test_header_without_names(void **state)
{
    assert_one_error(state, "\n [ ]\na = 1\n", 2, 2, "there is nothing between the brackets", HEADERS);
    assert_one_error(state, "[]", 1, 1, "there is nothing between the brackets", HEADERS);
    assert_one_error(state, "[ osc ]\na = 1\n", 1, 3, "the name of the instance is missing", HEADERS);
    assert_one_error(state, "[Map]", 1, 2, "the name of the instance is missing", "did you mean \"map\"?");
    assert_one_error(state, "[backend]\na = 1\n", 1, 2, "the name of the backend is missing", HEADERS);
    assert_one_error(state, "[backend a b]", 1, 11, "a backend's name cannot contain blanks", HEADERS);
    assert_one_error(state, "[include]", 1, 2, "the file to include is missing", HEADERS);
    assert_one_error(state, "[map x]", 1, 6, "[map] takes no name", HEADERS);
}

static void test_include_without_file_keeps_the_section(void **state)
{
    const struct config *config = assert_one_error(state, "[osc x]\n[include]\na = 1\n", 2, 2,
                                                   "the file to include is missing", HEADERS);

    assert_option(&config->sections[0], 0, "a", "1");
}

static void test_instance_names(void **state)
{
    const struct config *config = load_sound(state, "[osc a-b_c=d:\xc3\xa9]\n");

    assert_string_equal(config->sections[0].instance, "a-b_c=d:\xc3\xa9");
    config =
        assert_one_error(state, "[osc ab.c]\nx = 1\n", 1, 8, "an instance's name cannot contain a dot", NULL);
    assert_int_equal(config->n_sections, 0);
    assert_one_error(state, "[osc a/b]", 1, 7, "an instance's name cannot contain a slash", NULL);
    assert_one_error(state, "[osc a b]", 1, 7, "an instance's name cannot contain a blank", NULL);
    assert_one_error(state, "[osc a\tb]", 1, 7, "an instance's name cannot contain a blank", NULL);
    assert_one_error(state, "[osc a\033b]", 1, 7, "an instance's name cannot contain a blank", NULL);
}

static void test_duplicate_instance(void **state)
{
    const struct config *config =
        assert_one_error(state, "[osc x]\na = 1\n\n[midi x]\nb = 2\n[map]\nx.a > x.b\n", 4, 7,
                         "instance \"x\" is already declared at show.cfg:1:6", NULL);

    assert_int_equal(config->n_sections, 1);
    assert_int_equal(config->sections[0].n_options, 1);
    assert_int_equal(config->n_mappings, 1);
}

static void test_anything_before_the_first_header(void **state)
{
    const char *message = "expected a header in brackets before anything else";
    const struct config *config = load_text(state, "a = 1\n\n  x.a > x.b\n[osc x]\n");

    assert_int_equal(config->n_errors, 2);
    assert_error_in(config, 0, "show.cfg", 1, 1, message, HEADERS);
    assert_error_in(config, 1, "show.cfg", 3, 3, message, HEADERS);
    assert_int_equal(config->n_sections, 1);
}

static void test_line_that_is_no_option(void **state)
{
    assert_one_error(state, "[osc x]\n  stray words\n", 2, 3, "expected an option: NAME = VALUE", NULL);
    assert_one_error(state, "[osc x]\nx.a > x.b\n", 2, 1, "expected an option: NAME = VALUE",
                     "mappings belong below [map]");
    assert_one_error(state, "[osc x]\n  = 1\n", 2, 3, "the name of the option is missing before \"=\"", NULL);
}

static void test_errors_do_not_stop_the_parse(void **state)
{
    const struct config *config =
        load_text(state, "oops\n[osc x]\noops\na = 1\n[map]\noops\nx.a > x.b\n[osc\n");

    assert_int_equal(config->n_errors, 5);
    assert_int_equal(config->n_diagnostics, 5);
    assert_int_equal(config->diagnostics[0].at.line, 1);
    assert_int_equal(config->diagnostics[1].at.line, 3);
    assert_int_equal(config->diagnostics[2].at.line, 6);
    assert_int_equal(config->diagnostics[3].at.line, 8);
    assert_int_equal(config->diagnostics[4].at.line, 8);
    assert_option(&config->sections[0], 0, "a", "1");
    assert_int_equal(config->n_mappings, 1);
}

static void test_long_names_are_cut_in_messages(void **state)
{
    char text[400];
    char message[200];
    char name[84];

    /* 79 letters and then one of two bytes, which does not fit whole */
    memset(name, 'n', 79);
    name[79] = '\0';
    snprintf(message, sizeof(message), "instance \"%s\" is already declared at show.cfg:1:6", name);
    memcpy(name + 79, "\xc3\xa9zz", 5);
    snprintf(text, sizeof(text), "[osc %s]\n[osc %s]\n", name, name);
    assert_one_error(state, text, 2, 6, message, NULL);
}

static void test_diagnose_for_later_readers(void **state)
{
    struct config *config = load_sound(state, "[osc x]\r\n  modul = 1\r\n");
    struct config_location nowhere = {"elsewhere", 7, 1};

    config_diagnose(config, CONFIG_WARNING, config->sections[0].options[0].at, "a hint", "unknown %s %d",
                    "option", 1);
    assert_int_equal(config->n_errors, 0);
    assert_int_equal(config->n_diagnostics, 1);
    assert_int_equal(config->diagnostics[0].severity, CONFIG_WARNING);
    assert_string_equal(config->diagnostics[0].message, "unknown option 1");
    assert_string_equal(config->diagnostics[0].hint, "a hint");
    assert_string_equal(config->diagnostics[0].source, "  modul = 1");
    config_diagnose(config, CONFIG_ERROR, nowhere, NULL, "lost");
    assert_int_equal(config->n_errors, 1);
    assert_null(config->diagnostics[1].source);
    assert_null(config->diagnostics[1].hint);
}

static void test_number_of_findings_is_limited(void **state)
{
    struct config *config = load_sound(state, "[osc x]\n");

    for (int i = 0; i < CONFIG_MAX_DIAGNOSTICS; i++)
        config_diagnose(config, CONFIG_ERROR, config->sections[0].at, NULL, "number %d", i);
    assert_int_equal(config->n_diagnostics, CONFIG_MAX_DIAGNOSTICS);
    assert_string_equal(config->diagnostics[CONFIG_MAX_DIAGNOSTICS - 1].message, "number 999");
    for (int i = 0; i < 5; i++)
        config_diagnose(config, CONFIG_ERROR, config->sections[0].at, NULL, "too many");
    assert_int_equal(config->n_diagnostics, CONFIG_MAX_DIAGNOSTICS + 1);
    assert_int_equal(config->n_errors, CONFIG_MAX_DIAGNOSTICS + 5);
    assert_error_in(config, CONFIG_MAX_DIAGNOSTICS, "show.cfg", 0, 0, "further errors are not shown", NULL);
}

/* Loads `text` with these overrides on the command line. */
#define load_with(state, text, ...)                                                                          \
    load_with_overrides(state, text, (const struct config_override[]){__VA_ARGS__},                          \
                        FC_ARRAY_SIZE(((const struct config_override[]){__VA_ARGS__})))

static struct config *load_with_overrides(void **state, const char *text,
                                          const struct config_override *overrides, size_t n_overrides)
{
    write_text("show.cfg", text);
    return load_overridden(state, "show.cfg", overrides, n_overrides);
}

static void test_override_wins_over_every_assignment(void **state)
{
    const struct config *config =
        load_with(state, "[osc x]\na = 1\nb = 2\na = 3\n[osc y]\na = 4\n", {false, "x.a=z"});

    assert_int_equal(config->n_diagnostics, 0);
    assert_int_equal(config->sections[0].n_options, 2);
    assert_option(&config->sections[0], 0, "b", "2");
    assert_option(&config->sections[0], 1, "a", "z");
    assert_at(config->sections[0].options[1].at, "command line", 0, 0);
    assert_at(config->sections[0].options[1].value_at, "command line", 0, 0);
    assert_option(&config->sections[1], 0, "a", "4");
}

static void test_overrides_of_one_option_are_all_kept(void **state)
{
    const struct config *config = load_with(state, "[osc x]\na = 1\n", {false, "x.a=2"}, {false, "x.a=3"});

    assert_int_equal(config->sections[0].n_options, 2);
    assert_option(&config->sections[0], 0, "a", "2");
    assert_option(&config->sections[0], 1, "a", "3");
}

static void test_override_is_split_at_first_dot_and_equals(void **state)
{
    const struct config *config =
        load_with(state, "[osc x]\n", {false, " x . /a.b = c=d.e "}, {false, "x.empty="});

    assert_int_equal(config->n_diagnostics, 0);
    assert_option(&config->sections[0], 0, "/a.b", "c=d.e");
    assert_option(&config->sections[0], 1, "empty", "");
}

static void test_override_of_a_backend(void **state)
{
    const struct config *config =
        load_with(state, "[backend osc]\na = 1\n[osc x]\na = 2\n[backend osc]\na = 3\n", {true, "osc.a=4"});

    assert_int_equal(config->n_sections, 2);
    assert_int_equal(config->sections[0].n_options, 1);
    assert_option(&config->sections[0], 0, "a", "4");
    assert_option(&config->sections[1], 0, "a", "2");
}

static void test_override_makes_the_section_of_a_backend(void **state)
{
    const struct fixture *fixture = *state;
    const struct config *config = load_with(state, "[osc x]\n", {true, "osc.a=1"}, {true, "osc.b=2"});

    assert_int_equal(config->n_diagnostics, 0);
    assert_int_equal(config->n_sections, 2);
    assert_string_equal(config->sections[1].backend, "osc");
    assert_null(config->sections[1].instance);
    assert_string_equal(config->sections[1].directory, fixture->directory);
    assert_at(config->sections[1].at, "command line", 0, 0);
    assert_option(&config->sections[1], 0, "a", "1");
    assert_option(&config->sections[1], 1, "b", "2");
}

static void test_override_of_unknown_instance(void **state)
{
    const struct config *config =
        load_with(state, "[backend far]\n[osc touch]\n", {false, "tuoch.a=1"}, {false, "far.a=1"});

    assert_int_equal(config->n_errors, 2);
    assert_error_in(config, 0, "command line", 0, 0, "-i tuoch.a=1: unknown instance \"tuoch\"",
                    "did you mean \"touch\"?");
    assert_error_in(config, 1, "command line", 0, 0, "-i far.a=1: unknown instance \"far\"", NULL);
    assert_null(config->diagnostics[0].source);
}

static void test_malformed_overrides(void **state)
{
    const char *const bad[] = {"foo", "foo.bar", "foo=bar", "foo=b.r", ".a=1", "x.=1", "x. =1", ""};

    for (size_t i = 0; i < FC_ARRAY_SIZE(bad); i++) {
        const struct config *config = load_with(state, "[osc x]\n", {false, bad[i]}, {true, bad[i]});
        char message[64];

        assert_int_equal(config->n_errors, 2);
        assert_int_equal(config->n_sections, 1);
        assert_int_equal(config->sections[0].n_options, 0);
        snprintf(message, sizeof(message), "-i %s: expected INSTANCE.OPTION=VALUE", bad[i]);
        assert_error_in(config, 0, "command line", 0, 0, message, NULL);
        snprintf(message, sizeof(message), "-b %s: expected BACKEND.OPTION=VALUE", bad[i]);
        assert_error_in(config, 1, "command line", 0, 0, message, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        config_test(test_empty_file),
        config_test(test_free_takes_null),
        config_test(test_instance_section),
        config_test(test_backend_section),
        config_test(test_repeated_backend_goes_on_with_the_first),
        config_test(test_backend_and_instance_names_are_apart),
        config_test(test_option_is_split_at_the_first_equals),
        config_test(test_comments_are_whole_lines),
        config_test(test_carriage_returns),
        config_test(test_last_line_without_newline),
        config_test(test_unclosed_header),
        config_test(test_text_after_header),
        config_test(test_header_without_names),
        config_test(test_include_without_file_keeps_the_section),
        config_test(test_instance_names),
        config_test(test_duplicate_instance),
        config_test(test_anything_before_the_first_header),
        config_test(test_line_that_is_no_option),
        config_test(test_errors_do_not_stop_the_parse),
        config_test(test_long_names_are_cut_in_messages),
        config_test(test_diagnose_for_later_readers),
        config_test(test_number_of_findings_is_limited),
        config_test(test_override_wins_over_every_assignment),
        config_test(test_overrides_of_one_option_are_all_kept),
        config_test(test_override_is_split_at_first_dot_and_equals),
        config_test(test_override_of_a_backend),
        config_test(test_override_makes_the_section_of_a_backend),
        config_test(test_override_of_unknown_instance),
        config_test(test_malformed_overrides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

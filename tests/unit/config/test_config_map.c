/* SPDX-License-Identifier: BSD-2-Clause */
/* Mappings: how lines are split, what is checked when all is read, and loading many of them. */
#include "tests/unit/config_fixture.h"

#include "firecurtain/cleanup.h"

#define INSTANCES "[osc a]\n[osc b]\n[map]\n"

static void assert_endpoint(const struct config_endpoint *endpoint, const char *instance, const char *channel)
{
    assert_string_equal(endpoint->instance, instance);
    assert_string_equal(endpoint->channel, channel);
}

static void test_signs(void **state)
{
    const struct config *config = load_sound(state, INSTANCES "a.x > b.y\na.x<b.y\na.x <> b.y\na.x >< b.y\n");
    const bool left_to_right[] = {true, false, true, true};
    const bool right_to_left[] = {false, true, true, true};

    assert_int_equal(config->n_mappings, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_endpoint(&config->mappings[i].left, "a", "x");
        assert_endpoint(&config->mappings[i].right, "b", "y");
        assert_int_equal(config->mappings[i].left_to_right, left_to_right[i]);
        assert_int_equal(config->mappings[i].right_to_left, right_to_left[i]);
    }
}

static void test_locations(void **state)
{
    const struct config *config = load_sound(state, INSTANCES "  a.x >\tb.y.z\n");

    assert_at(config->mappings[0].left.at, "show.cfg", 4, 3);
    assert_at(config->mappings[0].left.channel_at, "show.cfg", 4, 5);
    assert_at(config->mappings[0].right.at, "show.cfg", 4, 9);
    assert_at(config->mappings[0].right.channel_at, "show.cfg", 4, 11);
}

static void test_channels_hold_almost_anything(void **state)
{
    const struct config *config = load_sound(state, INSTANCES "a./1/xy:0=2.5 [c] > b.pkg.fn > more\n");

    assert_endpoint(&config->mappings[0].left, "a", "/1/xy:0=2.5 [c]");
    assert_endpoint(&config->mappings[0].right, "b", "pkg.fn > more");
    assert_int_equal(config->mappings[0].left.glob.n_names, 1);
}

static void test_globs(void **state)
{
    const struct config *config =
        load_sound(state, INSTANCES "a.n{1..3} > b.{x,y,z}\na.{1..9} > b.x\na.x < b.{1..9}\n");
    char name[8];

    assert_int_equal(config->mappings[0].left.glob.n_names, 3);
    assert_string_equal(config->mappings[0].left.channel, "n{1..3}");
    assert_int_equal(glob_name(&config->mappings[0].right.glob, 2, name, sizeof(name)), 1);
    assert_string_equal(name, "z");
    assert_int_equal(config->mappings[1].left.glob.n_names, 9);
    assert_int_equal(config->mappings[2].right.glob.n_names, 9);
}

static void test_same_mapping_twice(void **state)
{
    assert_int_equal(load_sound(state, INSTANCES "a.x > b.y\na.x > b.y\n")->n_mappings, 2);
}

static void test_forward_reference(void **state)
{
    assert_int_equal(load_sound(state, "[map]\nlater.x > later.y\n[osc later]\na = 1\n")->n_mappings, 1);
}

static void test_map_section_again(void **state)
{
    assert_int_equal(load_sound(state, "[map]\na.x > a.y\n[osc a]\nz = 1\n[ map ]\na.y > a.z\n")->n_mappings,
                     2);
}

static void test_no_sign(void **state)
{
    assert_one_error(state, INSTANCES " words\n", 4, 2,
                     "expected a mapping, which has \">\", \"<\" or \"<>\"",
                     "a mapping is one of A > B, A < B and A <> B, where A and B are INSTANCE.CHANNEL");
    assert_one_error(
        state, INSTANCES "module = x\n", 4, 1, "expected a mapping, which has \">\", \"<\" or \"<>\"",
        "options belong below a header such as [BACKEND INSTANCE]; a mapping has \">\", \"<\" or \"<>\"");
}

static void test_too_many_signs(void **state)
{
    const char *message = "a mapping has one \">\", \"<\", \"<>\" or \"><\" between its sides";

    assert_one_error(state, INSTANCES "a.x >> b.y\n", 4, 5, message, NULL);
    assert_one_error(state, INSTANCES "a.x <>> b.y\n", 4, 5, message, NULL);
}

static void test_nothing_on_a_side(void **state)
{
    const struct config *config = load_text(state, INSTANCES "  > b.y\na.x <>\n<\n");

    assert_int_equal(config->n_errors, 4);
    assert_error_in(config, 0, "show.cfg", 4, 3, "there is nothing on the left of \">\"", NULL);
    assert_error_in(config, 1, "show.cfg", 5, 5, "there is nothing on the right of \"<>\"", NULL);
    assert_error_in(config, 2, "show.cfg", 6, 1, "there is nothing on the left of \"<\"", NULL);
    assert_error_in(config, 3, "show.cfg", 6, 1, "there is nothing on the right of \"<\"", NULL);
    assert_int_equal(config->n_mappings, 0);
}

static void test_missing_instance(void **state)
{
    assert_one_error(state, INSTANCES "a.x > .y\n", 4, 7,
                     "the instance is missing before the dot: expected INSTANCE.CHANNEL", NULL);
}

static void test_missing_channel(void **state)
{
    assert_one_error(state, INSTANCES "a.x > b\n", 4, 7, "\"b\" names no channel: expected INSTANCE.CHANNEL",
                     NULL);
    assert_one_error(state, INSTANCES "a. > b.y\n", 4, 3,
                     "the channel is missing after the dot: expected INSTANCE.CHANNEL", NULL);
}

static void test_unknown_instances(void **state)
{
    const struct config *config =
        load_text(state, "[osc touch]\n[map]\ntuoch.x > touch.y\n touch.x < Touch.y\nfoo.x > bar.{1..}\n");

    assert_int_equal(config->n_errors, 5);
    assert_error_in(config, 0, "show.cfg", 5, 13, "\"{1..}\" is not a range of whole numbers such as {1..5}",
                    NULL);
    assert_error_in(config, 1, "show.cfg", 3, 1, "unknown instance \"tuoch\"", "did you mean \"touch\"?");
    assert_error_in(config, 2, "show.cfg", 4, 12, "unknown instance \"Touch\"", "did you mean \"touch\"?");
    assert_error_in(config, 3, "show.cfg", 5, 1, "unknown instance \"foo\"", NULL);
    assert_error_in(config, 4, "show.cfg", 5, 9, "unknown instance \"bar\"", NULL);
    assert_int_equal(config->n_mappings, 0);
}

static void test_backend_is_no_instance(void **state)
{
    assert_one_error(state, "[backend osc]\n[osc a]\n[map]\nosc.x > a.x\n", 4, 1, "unknown instance \"osc\"",
                     NULL);
}

static void test_glob_errors_are_at_the_expression(void **state)
{
    const struct config *config = load_text(state, INSTANCES "a.x{1..2}{3..} > b.y{\n");

    assert_int_equal(config->n_errors, 2);
    assert_error_in(config, 0, "show.cfg", 4, 10, "\"{3..}\" is not a range of whole numbers such as {1..5}",
                    NULL);
    assert_error_in(config, 1, "show.cfg", 4, 21, "\"{\" has no closing \"}\"", NULL);
    assert_one_error(state, INSTANCES "a.{1..1000001} > b.x\n", 4, 3,
                     "a channel stands for more than 1000000 names", NULL);
}

static void test_sizes_must_match(void **state)
{
    const struct config *config = assert_one_error(
        state, INSTANCES "a.{1..5} > b.x{1..3}\na.x > b.y\n", 4, 14,
        "the left side stands for 5 channels and the right side for 3",
        "both sides must stand for the same number of channels, or one of them for a single one");

    assert_int_equal(config->n_mappings, 1);
    assert_endpoint(&config->mappings[0].left, "a", "x");
}

static void test_only_sound_mappings_stay(void **state)
{
    const struct config *config =
        load_text(state, INSTANCES "a.1 > b.1\na > b.x\na.2 > b.2\nc.x > b.x\na.{ > b.x\na.3 > b.3\n");

    assert_int_equal(config->n_errors, 3);
    assert_int_equal(config->n_mappings, 3);
    assert_endpoint(&config->mappings[0].left, "a", "1");
    assert_endpoint(&config->mappings[1].left, "a", "2");
    assert_endpoint(&config->mappings[2].right, "b", "3");
}

static void test_further_errors_are_left_out(void **state)
{
    FILE *file = fopen("show.cfg", "w");
    const struct config *config;

    fputs("[map]\n", file);
    for (int i = 0; i < 2000; i++)
        fprintf(file, "x.%d > y.%d\n", i, i);
    fclose(file);
    config = load_path(state, "show.cfg");
    assert_int_equal(config->n_errors, 4000);
    assert_int_equal(config->n_diagnostics, CONFIG_MAX_DIAGNOSTICS + 1);
    assert_error_in(config, 999, "show.cfg", 501, 9, "unknown instance \"y\"", NULL);
    assert_error_in(config, 1000, "show.cfg", 0, 0, "further errors are not shown", NULL);
}

/* With 2,000 instances there are hints for 500 of 900 errors. */
static void test_comparing_names_has_an_end(void **state)
{
    FILE *file = fopen("show.cfg", "w");
    const struct config *config;

    for (int i = 0; i < 2000; i++)
        fprintf(file, "[osc instance%d]\n", i);
    fputs("[map]\n", file);
    for (int i = 0; i < 900; i++)
        fputs("instance0.a > instance-0.b\n", file);
    fclose(file);
    config = load_path(state, "show.cfg");
    assert_int_equal(config->n_diagnostics, 900);
    assert_error_in(config, 499, "show.cfg", 2501, 15, "unknown instance \"instance-0\"",
                    "did you mean \"instance0\"?");
    assert_error_in(config, 500, "show.cfg", 2502, 15, "unknown instance \"instance-0\"", NULL);
}

static void test_100000_mappings(void **state)
{
    FILE *file = fopen("show.cfg", "w");
    const struct config *config;

    for (int i = 0; i < 1000; i++)
        fprintf(file, "[osc instance%d]\n", i);
    fputs("[map]\ninstance0.{1..100000} > instance1.{100000..1}\n", file);
    for (int i = 0; i < 100000; i++)
        fprintf(file, "instance%d./channel/%d > instance%d.n{1..100000}\n", i % 1000, i, (i + 1) % 1000);
    fclose(file);
    config = load_path(state, "show.cfg");
    assert_int_equal(config->n_diagnostics, 0);
    assert_int_equal(config->n_sections, 1000);
    assert_int_equal(config->n_mappings, 100001);
    assert_endpoint(&config->mappings[100000].left, "instance999", "/channel/99999");
    assert_endpoint(&config->mappings[100000].right, "instance0", "n{1..100000}");
    assert_int_equal(config->mappings[100000].right.glob.n_names, 100000);
    assert_at(config->mappings[100000].left.at, "show.cfg", 101002, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        config_test(test_signs),
        config_test(test_locations),
        config_test(test_channels_hold_almost_anything),
        config_test(test_globs),
        config_test(test_same_mapping_twice),
        config_test(test_forward_reference),
        config_test(test_map_section_again),
        config_test(test_no_sign),
        config_test(test_too_many_signs),
        config_test(test_nothing_on_a_side),
        config_test(test_missing_instance),
        config_test(test_missing_channel),
        config_test(test_unknown_instances),
        config_test(test_backend_is_no_instance),
        config_test(test_glob_errors_are_at_the_expression),
        config_test(test_sizes_must_match),
        config_test(test_only_sound_mappings_stay),
        config_test(test_further_errors_are_left_out),
        config_test(test_comparing_names_has_an_end),
        config_test(test_100000_mappings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each allocation in turn fails: loading reports it, does not crash and leaks nothing, which LeakSanitizer
 * checks.
 */
#include "broker/config/print.h"
#include "tests/unit/config_fixture.h"

#include <errno.h>

#include "tests/unit/scarce_memory.h"

/* Loads with more and more memory until it succeeds. Returns how often it failed. */
static long fail_everywhere(void **state, const struct config_override *overrides, size_t n_overrides)
{
    struct fixture *fixture = *state;

    for (long n = 0; n < 10000; n++) {
        struct config *config = (struct config *)&fixture;
        int r;

        left = n;
        r = config_load(&config, "show.cfg", overrides, n_overrides);
        left = -1;
        if (r == 0) {
            fixture->config = config;
            return n;
        }
        assert_int_equal(r, -ENOMEM);
        assert_null(config);
    }
    fail_msg("never enough memory");
    return 0;
}

static void test_sound_configuration(void **state)
{
    const struct config_override overrides[] = {{false, "x.a=1"}, {true, "midi.b=2"}};
    const struct config *config;

    write_text("part.cfg", "b = 2\n");
    write_text("show.cfg", "[backend osc]\na = 1\n[osc x]\na = 1\nb = 2\n[include part.cfg]\n[osc y]\n"
                           "[map]\nx.{1..2}a > y.b{c,d}\nx.a < y.a\n");
    assert_true(fail_everywhere(state, overrides, 2) > 50);
    config = ((struct fixture *)*state)->config;
    assert_int_equal(config->n_diagnostics, 0);
    assert_int_equal(config->n_sections, 4);
    assert_int_equal(config->n_mappings, 2);
}

static void test_configuration_with_errors(void **state)
{
    const struct config_override overrides[] = {{false, "tuoch.a=1"}, {true, "midi"}};

    write_text("part.cfg", "[include show.cfg]\n");
    write_text("show.cfg", "oops\n[include gone.cfg]\n[include part.cfg]\n[osc touch]\n[osc touch]\n"
                           "[map]\ntuoch.{1..2} > touch.{1..3}\na.{ > b\n");
    assert_true(fail_everywhere(state, overrides, 2) > 50);
    assert_int_equal(((struct fixture *)*state)->config->n_errors, 11);
}

static void test_many_instances(void **state)
{
    FILE *file = fopen("show.cfg", "w");

    /* enough for the hash to grow */
    for (int i = 0; i < 500; i++)
        fprintf(file, "[osc i%d]\n", i);
    fclose(file);
    assert_true(fail_everywhere(state, NULL, 0) > 2000);
    assert_int_equal(((struct fixture *)*state)->config->n_sections, 500);
}

static void test_printing_without_memory(void **state)
{
    struct config *config = load_text(state, "oops\n");
    char *text = NULL;
    size_t n_bytes;
    FILE *out = open_memstream(&text, &n_bytes);

    left = 0;
    config_print_diagnostics(config, out, false);
    left = -1;
    fclose(out);
    assert_non_null(strstr(text, "show.cfg:1:1: error: expected a header"));
    free(text);
}

static void test_finding_without_memory_still_counts(void **state)
{
    struct config *config = load_text(state, "[osc x]\n");

    left = 0;
    config_diagnose(config, CONFIG_ERROR, config->sections[0].at, "hint", "message");
    left = -1;
    assert_int_equal(config->n_diagnostics, 0);
    assert_int_equal(config->n_errors, 1);
    assert_true(config->out_of_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        config_test(test_sound_configuration),
        config_test(test_configuration_with_errors),
        config_test(test_many_instances),
        config_test(test_printing_without_memory),
        config_test(test_finding_without_memory_still_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

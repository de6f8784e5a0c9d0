/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared by the tests of the configuration: a folder for each test, which is its working directory, and one
 * configuration, which is freed at the end.
 */
#ifndef TESTS_UNIT_CONFIG_FIXTURE_H
#define TESTS_UNIT_CONFIG_FIXTURE_H

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/config/config.h"
#include "broker/config/load.h"
#include "firecurtain/cleanup.h"

struct fixture {
    char directory[PATH_MAX]; /* without symbolic links */
    struct config *config;
};

static inline int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    char template[] = "/tmp/firecurtain-config-XXXXXX";

    assert_non_null(fixture);
    assert_non_null(mkdtemp(template));
    assert_non_null(realpath(template, fixture->directory));
    assert_int_equal(chdir(fixture->directory), 0);
    *state = fixture;
    return 0;
}

static inline int fixture_remove(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    return remove(path);
}

static inline int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    int r = chdir("/");

    if (r == 0)
        r = nftw(fixture->directory, fixture_remove, 8, FTW_DEPTH | FTW_PHYS);
    config_free(fixture->config);
    free(fixture);
    return r;
}

#define config_test(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

static inline void write_bytes(const char *path, const char *bytes, size_t n_bytes)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n_bytes, file), n_bytes);
    assert_int_equal(fclose(file), 0);
}

static inline void write_text(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

/* Loads `path` and frees what was loaded before. */
static inline struct config *load_overridden(void **state, const char *path,
                                             const struct config_override *overrides, size_t n_overrides)
{
    struct fixture *fixture = *state;

    fixture->config = config_free(fixture->config);
    assert_int_equal(config_load(&fixture->config, path, overrides, n_overrides), 0);
    assert_non_null(fixture->config);
    return fixture->config;
}

static inline struct config *load_path(void **state, const char *path)
{
    return load_overridden(state, path, NULL, 0);
}

/* Writes this text to show.cfg and loads it. */
static inline struct config *load_text(void **state, const char *text)
{
    write_text("show.cfg", text);
    return load_path(state, "show.cfg");
}

static inline struct config *load_sound(void **state, const char *text)
{
    struct config *config = load_text(state, text);

    if (config->n_diagnostics > 0)
        fail_msg("unexpected: line %u: %s", config->diagnostics[0].at.line, config->diagnostics[0].message);
    return config;
}

static inline void assert_at(struct config_location at, const char *file, uint32_t line, uint32_t column)
{
    assert_string_equal(at.file, file);
    assert_int_equal(at.line, line);
    assert_int_equal(at.column, column);
}

static inline void assert_same(const char *found, const char *expected)
{
    if (!expected) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_string_equal(found, expected);
}

/* Returns finding `i`. */
static inline void assert_error_in(const struct config *config, size_t i, const char *file, uint32_t line,
                                   uint32_t column, const char *message, const char *hint)
{
    assert_true(i < config->n_diagnostics);
    assert_int_equal(config->diagnostics[i].severity, CONFIG_ERROR);
    assert_string_equal(config->diagnostics[i].message, message);
    assert_at(config->diagnostics[i].at, file, line, column);
    assert_same(config->diagnostics[i].hint, hint);
}

/* Asserts that `text` has this error and no other. */
static inline struct config *assert_one_error(void **state, const char *text, uint32_t line, uint32_t column,
                                              const char *message, const char *hint)
{
    struct config *config = load_text(state, text);

    assert_int_equal(config->n_diagnostics, 1);
    assert_int_equal(config->n_errors, 1);
    assert_error_in(config, 0, "show.cfg", line, column, message, hint);
    return config;
}

static inline void assert_option(const struct config_section *section, size_t i, const char *name,
                                 const char *value)
{
    assert_true(i < section->n_options);
    assert_string_equal(section->options[i].name, name);
    assert_string_equal(section->options[i].value, value);
}

#endif

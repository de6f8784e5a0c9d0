/* SPDX-License-Identifier: BSD-2-Clause */
/* Which columns of a table a terminal shows, and what becomes of texts that are too long. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/cli/print.h"
#include "broker/cli/table.h"

enum { NAME, STATE, COUNT, RARE, NOTE, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [NAME] = {.title = "NAME", .least = 6, .is_name = true},
    [STATE] = {.title = "STATE", .least = 5},
    [COUNT] = {.title = "COUNT", .rank = 1, .is_number = true},
    [RARE] = {.title = "RARE", .rank = 2},
    [NOTE] = {.title = "NOTE", .rank = 1, .least = 8, .is_optional = true},
};

static struct table made(const char *name, const char *state, const char *note)
{
    struct table table = {.columns = columns, .n_columns = COLUMNS};

    assert_true(table_add(&table));
    table_set(&table, NAME, "%s", name);
    table_set(&table, STATE, "%s", state);
    table_set(&table, COUNT, "%d", 7);
    table_set(&table, NOTE, "%s", note);
    return table;
}

/* Returns a row as it is printed. */
static const char *line_of(const struct table *table, size_t row)
{
    static char line[COLUMNS * TABLE_CELL];
    char cell[TABLE_CELL];

    line[0] = '\0';
    for (size_t i = 0; i < table->n_columns; i++) {
        if (table_write(table, row, i, cell))
            strcat(line, cell);
    }
    return line;
}

static void test_columns_are_as_wide_as_what_is_in_them(void **state)
{
    struct table table = made("a", "running", "");

    (void)state;
    assert_true(table_add(&table));
    table_set(&table, NAME, "longer");
    table_fit(&table, TABLE_NO_LIMIT);
    assert_string_equal(line_of(&table, TABLE_TITLES), "NAME    STATE    COUNT  RARE");
    assert_string_equal(line_of(&table, 0), "a       running      7  -");
    assert_string_equal(line_of(&table, 1), "longer  -            -  -");
    table_clear(&table);
}

static void test_the_least_important_columns_are_left_out_first(void **state)
{
    struct table table = made("name", "up", "it is so");

    (void)state;
    table_fit(&table, 34);
    assert_string_equal(line_of(&table, TABLE_TITLES), "NAME  STATE  COUNT  RARE  NOTE");
    table_fit(&table, 33);
    assert_string_equal(line_of(&table, TABLE_TITLES), "NAME  STATE  COUNT  NOTE");
    table_fit(&table, 27);
    assert_string_equal(line_of(&table, 0), "name  up     it is so");
    table_fit(&table, 20);
    assert_string_equal(line_of(&table, 0), "name  up");
    table_clear(&table);
}

static void test_hidden_columns_stay_hidden(void **state)
{
    struct table table = made("a", "up", "x");

    (void)state;
    table.hidden = 1u << COUNT | 1u << RARE;
    table_fit(&table, TABLE_NO_LIMIT);
    assert_string_equal(line_of(&table, 0), "a     up     x");
    table_clear(&table);
}

static void test_the_last_column_is_cut_first_and_at_its_end(void **state)
{
    struct table table = made("name", "up", "it is a long story");

    (void)state;
    table.hidden = 1u << RARE;
    table_fit(&table, 30);
    assert_string_equal(line_of(&table, 0), "name  up         7  it is a l…");
    table_clear(&table);
}

static void test_names_are_cut_in_the_middle(void **state)
{
    struct table table = made("desk-left-fader", "up", "");

    (void)state;
    table.hidden = 1u << RARE | 1u << COUNT;
    table_fit(&table, 17);
    assert_string_equal(line_of(&table, 0), "desk-…ader  up");
    table_fit(&table, 13); /* as far as it may be cut */
    assert_string_equal(line_of(&table, 0), "des…er  up");
    table_fit(&table, 9); /* and further, rather than wrap */
    assert_string_equal(line_of(&table, 0), "des…er  …");
    table_clear(&table);
}

static void test_no_width_is_too_small(void **state)
{
    struct table table = made("desk-left-fader", "running", "x");

    (void)state;
    for (size_t room = 0; room < 60; room++) {
        table_fit(&table, room);
        assert_true(print_columns(line_of(&table, 0)) <= (room < 4 ? 4 : room));
    }
    table_clear(&table);
}

static void test_characters_of_any_width(void **state)
{
    struct table table = made("grün-übers-grün", "舞台舞台", "");

    (void)state;
    table.hidden = 1u << RARE | 1u << COUNT;
    table_fit(&table, TABLE_NO_LIMIT);
    assert_string_equal(line_of(&table, TABLE_TITLES), "NAME             STATE");
    table_fit(&table, 17);
    assert_string_equal(line_of(&table, 0), "grün-…grün  舞台…");
    table_clear(&table);
}

static void test_texts_are_harmless_in_a_terminal(void **state)
{
    struct table table = made("a\033[2Jb", "up", "one\ntwo");

    (void)state;
    table.hidden = 1u << RARE | 1u << COUNT;
    table_fit(&table, TABLE_NO_LIMIT);
    assert_string_equal(line_of(&table, 0), "a\\x1b[2Jb  up     one\\x0atwo");
    table_clear(&table);
}

static void test_any_text_fits_into_a_cell(void **state)
{
    char text[2000];
    struct table table;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    table = made(text, "up", text);
    for (size_t room = 1; room < 600; room++) {
        table_fit(&table, room);
        assert_true(strlen(line_of(&table, 0)) < sizeof(text));
    }
    table_clear(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_are_as_wide_as_what_is_in_them),
        cmocka_unit_test(test_the_least_important_columns_are_left_out_first),
        cmocka_unit_test(test_hidden_columns_stay_hidden),
        cmocka_unit_test(test_the_last_column_is_cut_first_and_at_its_end),
        cmocka_unit_test(test_names_are_cut_in_the_middle),
        cmocka_unit_test(test_no_width_is_too_small),
        cmocka_unit_test(test_characters_of_any_width),
        cmocka_unit_test(test_texts_are_harmless_in_a_terminal),
        cmocka_unit_test(test_any_text_fits_into_a_cell),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures texts, chooses columns, and cuts what is too long. */
#include "broker/cli/table.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/base/log.h"
#include "broker/cli/print.h"

#define TABLE_GAP      2
#define TABLE_ELLIPSIS "…"
#define TABLE_MAX_TEXT 256 /* bytes of a text that are kept */
#define TABLE_MAX_PAD  256 /* blanks beside one */

void table_clear(struct table *table)
{
    for (size_t i = 0; i < table->n * table->n_columns; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table->marks);
    table->cells = NULL;
    table->marks = NULL;
    table->n = 0;
}

bool table_add(struct table *table)
{
    char **cells = grow_by_one(table->cells, table->n, table->n_columns * sizeof(*cells));
    enum table_mark *marks;

    assert(table->n_columns <= TABLE_COLUMNS);
    if (!cells)
        return false;
    table->cells = cells;
    marks = grow_by_one(table->marks, table->n, sizeof(*marks));
    if (!marks)
        return false;
    table->marks = marks;
    marks[table->n] = TABLE_PLAIN;
    memset(&cells[table->n * table->n_columns], 0, table->n_columns * sizeof(*cells));
    table->n++;
    return true;
}

void table_set(struct table *table, size_t column, const char *format, ...)
{
    char **cell = &table->cells[(table->n - 1) * table->n_columns + column];
    char text[TABLE_MAX_TEXT * 4], safe[TABLE_MAX_TEXT];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    safe[log_escape(safe, sizeof(safe) - 1, text, strlen(text))] = '\0';
    free(*cell);
    *cell = safe[0] ? strdup(safe) : NULL;
}

void table_mark(struct table *table, enum table_mark mark)
{
    table->marks[table->n - 1] = mark;
}

/* Returns the text that is in a cell; "-" if there is none. */
static const char *table_text(const struct table *table, size_t row, size_t column)
{
    const char *text =
        row == TABLE_TITLES ? table->columns[column].title : table->cells[row * table->n_columns + column];

    return text ? text : "-";
}

static bool table_is_empty(const struct table *table, size_t column)
{
    for (size_t row = 0; row < table->n; row++) {
        if (table->cells[row * table->n_columns + column])
            return false;
    }
    return true;
}

/* Returns the width that a column would have if there were no limit; 0 if it is left out all the same. */
static size_t table_wish(const struct table *table, size_t column)
{
    size_t width = print_columns(table->columns[column].title);

    if (table->hidden & 1u << column || (table->columns[column].is_optional && table_is_empty(table, column)))
        return 0;
    for (size_t row = 0; row < table->n; row++) {
        size_t columns = print_columns(table_text(table, row, column));

        width = columns > width ? columns : width;
    }
    return width;
}

/* Returns the width that a column has to have, unless it is left out. */
static size_t table_least(const struct table *table, size_t column)
{
    size_t least = table->columns[column].least;

    return least && least < table->widths[column] ? least : table->widths[column];
}

/* Returns the width of the table, with its texts as they are, or cut as far as they may be. */
static size_t table_width(const struct table *table, bool is_cut)
{
    size_t width = 0;

    for (size_t i = 0; i < table->n_columns; i++) {
        if (table->widths[i])
            width += (is_cut ? table_least(table, i) : table->widths[i]) + (width ? TABLE_GAP : 0);
    }
    return width;
}

/* Leaves the least important column out. False if there is none that may be. */
static bool table_drop(struct table *table)
{
    size_t last = table->n_columns;
    unsigned rank = 0;

    for (size_t i = 0; i < table->n_columns; i++) {
        if (table->widths[i] && table->columns[i].rank > rank) {
            rank = table->columns[i].rank;
            last = i;
        }
    }
    if (last == table->n_columns)
        return false;
    table->widths[last] = 0;
    return true;
}

/* Cuts columns, the last one first, until the table fits: as far as they may be, or to a single character. */
static void table_shrink(struct table *table, size_t room, bool is_urgent)
{
    size_t width = table_width(table, false);

    for (size_t i = table->n_columns; i-- > 0 && width > room;) {
        size_t least = is_urgent && table->columns[i].least && table->widths[i] ? 1 : table_least(table, i);
        size_t spare = table->widths[i] - least;
        size_t excess = width - room < spare ? width - room : spare;

        table->widths[i] -= excess;
        width -= excess;
    }
}

void table_fit(struct table *table, size_t room)
{
    for (size_t i = 0; i < table->n_columns; i++)
        table->widths[i] = table_wish(table, i);
    while (table_width(table, true) > room && table_drop(table))
        continue;
    table_shrink(table, room, false);
    table_shrink(table, room, true);
}

/* Returns the bytes of the longest beginning of a text that is not wider than `columns`. */
static size_t table_head(const char *text, size_t columns)
{
    size_t bytes = 0, wide;

    while (text[bytes]) {
        size_t n = print_character(text + bytes, &wide);

        if (wide > columns)
            break;
        columns -= wide;
        bytes += n;
    }
    return bytes;
}

/* Returns where the longest end of a text begins that is not wider than `columns`. */
static const char *table_tail(const char *text, size_t columns)
{
    size_t wide;

    while (print_columns(text) > columns)
        text += print_character(text, &wide);
    return text;
}

/* Copies a text, cut to a width. */
static void table_cut(const struct table_column *column, const char *text, size_t width, char *out)
{
    size_t head = column->is_name ? width / 2 : width - 1, bytes;

    if (print_columns(text) <= width) {
        strcpy(out, text);
        return;
    }
    bytes = table_head(text, head);
    memcpy(out, text, bytes);
    strcpy(out + bytes, TABLE_ELLIPSIS);
    strcat(out, column->is_name ? table_tail(text + bytes, width - 1 - head) : "");
}

static bool table_is_last(const struct table *table, size_t column)
{
    while (++column < table->n_columns) {
        if (table->widths[column])
            return false;
    }
    return true;
}

bool table_write(const struct table *table, size_t row, size_t column, char *out)
{
    char text[TABLE_MAX_TEXT + sizeof(TABLE_ELLIPSIS)];
    size_t width = table->widths[column], pad;
    int before, behind;

    if (!width)
        return false;
    table_cut(&table->columns[column], table_text(table, row, column), width, text);
    pad = width - print_columns(text);
    if (pad > TABLE_MAX_PAD)
        pad = TABLE_MAX_PAD;
    before = table->columns[column].is_number ? (int)pad : 0;
    behind = table_is_last(table, column) ? 0 : (int)pad - before + TABLE_GAP;
    snprintf(out, TABLE_CELL, "%*s%s%*s", before, "", text, behind, "");
    return true;
}

static void table_print_row(const struct table *table, size_t row, bool is_coloured)
{
    static const char *const colours[TABLE_MARKS_] = {
        [TABLE_PLAIN] = "",       [TABLE_GOOD] = "\033[32m", [TABLE_DOUBTFUL] = "\033[33m",
        [TABLE_BAD] = "\033[31m", [TABLE_OFF] = "\033[2m",
    };
    char text[TABLE_CELL];

    for (size_t i = 0; i < table->n_columns; i++) {
        const char *colour =
            is_coloured && i == table->marked && row != TABLE_TITLES ? colours[table->marks[row]] : "";

        if (table_write(table, row, i, text))
            printf("%s%s%s", colour, text, colour[0] ? "\033[0m" : "");
    }
    putchar('\n');
}

void table_print(struct table *table)
{
    bool is_coloured = print_is_coloured(stdout);

    table_fit(table, print_room(stdout));
    table_print_row(table, TABLE_TITLES, false);
    for (size_t row = 0; row < table->n; row++)
        table_print_row(table, row, is_coloured);
}

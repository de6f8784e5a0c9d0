/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table for a terminal: rows of text in columns that are as wide as what is in them. Where that is wider
 * than the terminal, the least important columns are left out, and long texts are cut. It does not know what
 * the texts mean, nor how they are printed.
 */
#ifndef BROKER_CLI_TABLE_H
#define BROKER_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/cli/print.h"

#define TABLE_CELL     800 /* bytes that are enough for any text as it is written */
#define TABLE_COLUMNS  20
#define TABLE_TITLES   ((size_t)-1) /* in place of a row */
#define TABLE_NO_LIMIT PRINT_NO_LIMIT

struct table_column {
    const char *title;
    unsigned rank;    /* those with the highest are left out first; 0: never */
    size_t least;     /* columns of the terminal that its texts may be cut to; 0: they are never cut */
    bool is_number;   /* on the right of its column */
    bool is_name;     /* cut in the middle, since both ends tell names apart */
    bool is_optional; /* left out if it has no text */
};

/* How a row is to be taken, which colours its text in the column `marked`. */
enum table_mark {
    TABLE_PLAIN,
    TABLE_GOOD,
    TABLE_DOUBTFUL,
    TABLE_BAD,
    TABLE_OFF,
    TABLE_MARKS_,
};

struct table {
    const struct table_column *columns;
    size_t n_columns;
    unsigned hidden;              /* columns that are left out in any case, a bit for each */
    char **cells;                 /* NULL: no text */
    size_t n;                     /* rows */
    enum table_mark *marks;       /* by row */
    size_t marked;                /* the column that has them */
    size_t widths[TABLE_COLUMNS]; /* since table_fit(); 0: left out */
};

/* Frees the rows; the table can be filled again. */
void table_clear(struct table *table);

/* Adds a row without texts. False when out of memory. */
bool table_add(struct table *table);

/* Sets a text of the last row; what a terminal would obey is escaped. When out of memory, it has none. */
void table_set(struct table *table, size_t column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Marks the last row. */
void table_mark(struct table *table, enum table_mark mark);

/*
 * Finds the widths with which the table is at most `room` wide, with two blanks between columns. If that
 * cannot be, it is as narrow as it can be.
 */
void table_fit(struct table *table, size_t room);

/*
 * Writes a text as wide as its column, and the blanks before the next one, to `out`, which has TABLE_CELL
 * bytes. No text is written as "-". Returns false if the column is left out.
 */
bool table_write(const struct table *table, size_t row, size_t column, char *out);

/* Prints the table on stdout: as wide as the terminal, and with colours; or for programs, whole and without.
 */
void table_print(struct table *table);

#endif

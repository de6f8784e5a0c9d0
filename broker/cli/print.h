/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text from the broker, which may hold anything: escaped for terminals, which must not obey it, and for
 * programs.
 */
#ifndef BROKER_CLI_PRINT_H
#define BROKER_CLI_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Prints text; line breaks are kept. */
void print_text(FILE *out, const char *text);

/* Prints text and blanks up to a width of `columns`. */
void print_width(FILE *out, const char *text, size_t columns);

/* Returns how many columns a text takes. */
size_t print_columns(const char *text);

/* Returns the bytes of the first character of an escaped text that is not empty, and how many columns it
 * takes. */
size_t print_character(const char *text, size_t *columns);

#define PRINT_NO_LIMIT ((size_t)-1)

/* Returns how many columns a file has if it is a terminal, else PRINT_NO_LIMIT. */
size_t print_room(FILE *out);

/*
 * Prints words, in lines of up to `room` columns, behind what is in the `indent` columns of the first line
 * already. A line has one word at least.
 */
void print_words(FILE *out, const char *text, size_t indent, size_t room);

/* Returns whether a file is a terminal that shows colours; NO_COLOR in the environment says that it does not.
 */
bool print_is_coloured(FILE *out);

/* Prints a text with its quotes, as JSON has it. */
void print_json(FILE *out, const char *text);

/* Write a time that is short enough for a column, such as "3m07s" or "812us". */
void print_uptime(char *text, size_t bytes, uint64_t ms);
void print_time_us(char *text, size_t bytes, uint64_t us);

/* Writes how long ago something was, such as "4 s ago". */
void print_ago(char *text, size_t bytes, uint64_t ms);

#endif

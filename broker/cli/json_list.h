/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What --json prints: a list of objects, each in a line of its own. It is put together first and printed at
 * the end, so nobody reads half a list.
 */
#ifndef BROKER_CLI_JSON_LIST_H
#define BROKER_CLI_JSON_LIST_H

#include <stdio.h>

#include "broker/base/json.h"

/* An empty one. */
#define JSON_EMPTY ((struct json){.most = SIZE_MAX, .is_spaced = true})

/* Begins the next object of a list, which json_raw(…, "}") ends. */
void json_list_next(struct json *list);

/* Appends a member of the object: text from the broker, which may hold anything, escaped as in the log. NULL
 * is null. */
void json_list_text(struct json *list, const char *key, const char *text);

/* Appends a number, or null. */
void json_list_known(struct json *list, const char *key, bool is_known, uint64_t value);

/* Prints the list and frees it. Returns EX_OK, or EX_OSERR without memory, and then prints nothing. */
int json_list_print(struct json *list);

/* The same for what is no list. */
int json_print(struct json *json);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON, in a buffer that grows up to a limit: for browsers, for the log, and for programs that read what the
 * command line prints. Zeroed but for `most`, it is empty; somebody's own buffer of `most` bytes, as `bytes`
 * and `room`, never grows, and is not for json_deinit(). Pure; in the desk, the broker and the command line.
 */
#ifndef BROKER_BASE_JSON_H
#define BROKER_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
    char *bytes;
    size_t n;
    size_t room;
    size_t most;
    bool is_spaced; /* with blanks behind commas and colons, for people */
    bool is_full;   /* something did not fit: the rest is left out, and what is there is of no use */
};

void json_deinit(struct json *json);

/* Appends a text as it is. */
void json_raw(struct json *json, const char *text);

/* Appends a string in quotes; what is not UTF-8 becomes U+FFFD. */
void json_text(struct json *json, const char *text);

/* The same in at most `most` bytes, 16 or more: what is longer ends in an ellipsis. */
void json_text_cut(struct json *json, const char *text, size_t most);

/* Begins a member of an object: a comma unless it is the first, and the key; json_raw() may add a value. */
void json_key(struct json *json, const char *key);

/* Append a member of an object. A text that is NULL is empty. */
void json_member_text(struct json *json, const char *key, const char *value);
void json_member_count(struct json *json, const char *key, uint64_t value);
void json_member_flag(struct json *json, const char *key, bool value);
void json_member_null(struct json *json, const char *key);

/* The same, with so many digits. */
void json_member_value(struct json *json, const char *key, double value, int digits);

#endif

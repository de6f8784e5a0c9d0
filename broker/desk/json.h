/* SPDX-License-Identifier: BSD-2-Clause */
/* Text for browsers, in a buffer that grows up to a limit. In the desk. */
#ifndef BROKER_DESK_JSON_H
#define BROKER_DESK_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control_reply;

struct json {
    char *bytes;
    size_t n;
    size_t room;
    size_t most;
    bool is_full; /* something did not fit: the rest is left out, and what is there is of no use */
};

void json_deinit(struct json *json);

/* Appends a text as it is. */
void json_raw(struct json *json, const char *text);

/* Appends a string in quotes; what is not UTF-8 becomes U+FFFD. */
void json_text(struct json *json, const char *text);

/* Append a member of an object: a comma unless it is the first, the key, and the value. */
void json_member_text(struct json *json, const char *key, const char *value);
void json_member_count(struct json *json, const char *key, uint64_t value);
void json_member_flag(struct json *json, const char *key, bool value);
void json_member_value(struct json *json, const char *key, double value);

/* Appends a reply of the broker as an object, of which empty lists are left out. */
void json_reply(struct json *json, const struct control_reply *reply);

#endif

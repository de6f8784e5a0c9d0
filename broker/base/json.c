/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes values. Numbers have a point whatever the locale, since no process sets one for numbers. */
#include "broker/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/utf8.h"

#define JSON_FIRST        1024
#define JSON_MOST_ESCAPED 6 /* bytes of a character */

void json_deinit(struct json *json)
{
    free(json->bytes);
    *json = (struct json){.most = json->most};
}

static bool json_reserve(struct json *json, size_t n)
{
    size_t room = json->room ? json->room : JSON_FIRST;
    char *bytes;

    if (json->is_full || n > json->most - json->n) {
        json->is_full = true;
        return false;
    }
    while (room < json->n + n)
        room *= 2;
    if (room == json->room)
        return true;
    bytes = realloc(json->bytes, room);
    if (!bytes) {
        json->is_full = true;
        return false;
    }
    json->bytes = bytes;
    json->room = room;
    return true;
}

static void json_bytes(struct json *json, const char *bytes, size_t n)
{
    if (!json_reserve(json, n))
        return;
    memcpy(json->bytes + json->n, bytes, n);
    json->n += n;
}

void json_raw(struct json *json, const char *text)
{
    json_bytes(json, text, strlen(text));
}

/* Appends the character that begins a text of `bytes`, as a string may have it. Returns its length in the
 * text. */
static size_t json_character(struct json *json, const char *text, size_t bytes)
{
    uint32_t code;
    size_t n = fc_utf8_read(text, bytes, &code);
    char escaped[8];

    if (!n) {
        json_raw(json, "\xef\xbf\xbd");
        return 1;
    }
    if (code == '"' || code == '\\')
        json_raw(json, "\\");
    if (code >= 0x20) {
        json_bytes(json, text, n);
    } else {
        snprintf(escaped, sizeof(escaped), "\\u%04x", code);
        json_raw(json, escaped);
    }
    return n;
}

void json_text_cut(struct json *json, const char *text, size_t most)
{
    const char *end = text + strlen(text);
    size_t before = json->n;

    json_raw(json, "\"");
    while (text < end && !json->is_full) {
        if (json->n - before > most - JSON_MOST_ESCAPED - strlen("…\"")) {
            json_raw(json, "…");
            break;
        }
        text += json_character(json, text, (size_t)(end - text));
    }
    json_raw(json, "\"");
}

void json_text(struct json *json, const char *text)
{
    json_text_cut(json, text, SIZE_MAX);
}

void json_key(struct json *json, const char *key)
{
    if (json->n && json->bytes[json->n - 1] != '{')
        json_raw(json, json->is_spaced ? ", " : ",");
    json_text(json, key);
    json_raw(json, json->is_spaced ? ": " : ":");
}

void json_member_text(struct json *json, const char *key, const char *value)
{
    json_key(json, key);
    json_text(json, value ? value : "");
}

void json_member_count(struct json *json, const char *key, uint64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    json_key(json, key);
    json_raw(json, text);
}

void json_member_flag(struct json *json, const char *key, bool value)
{
    json_key(json, key);
    json_raw(json, value ? "true" : "false");
}

void json_member_null(struct json *json, const char *key)
{
    json_key(json, key);
    json_raw(json, "null");
}

void json_member_value(struct json *json, const char *key, double value, int digits)
{
    char text[32];

    snprintf(text, sizeof(text), "%.*g", digits, value);
    json_key(json, key);
    json_raw(json, text);
}

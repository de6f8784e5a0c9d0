/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes values. Numbers have a point whatever the locale, since the desk sets none. */
#include "broker/desk/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/utf8.h"

#define JSON_FIRST 1024

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

void json_text(struct json *json, const char *text)
{
    const char *end = text + strlen(text);
    uint32_t code;

    json_raw(json, "\"");
    while (text < end && !json->is_full) {
        size_t n = fc_utf8_read(text, (size_t)(end - text), &code);
        char escaped[8];

        if (!n) {
            json_raw(json, "\xef\xbf\xbd");
            n = 1;
        } else if (code < 0x20 || code == '"' || code == '\\') {
            snprintf(escaped, sizeof(escaped), "\\u%04x", code);
            json_raw(json, escaped);
        } else {
            json_bytes(json, text, n);
        }
        text += n;
    }
    json_raw(json, "\"");
}

static void json_key(struct json *json, const char *key)
{
    if (json->n && json->bytes[json->n - 1] != '{')
        json_raw(json, ",");
    json_text(json, key);
    json_raw(json, ":");
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

void json_member_value(struct json *json, const char *key, double value)
{
    char text[32];

    snprintf(text, sizeof(text), "%.6g", value);
    json_key(json, key);
    json_raw(json, text);
}

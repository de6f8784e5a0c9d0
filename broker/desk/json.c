/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes values. Numbers have a point whatever the locale, since the desk sets none. */
#include "broker/desk/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Returns the length of the letter of UTF-8 that begins here, or 0 if none does. */
static size_t json_letter(const unsigned char *text)
{
    static const struct {
        unsigned char mask, lead;
        size_t n;
        uint32_t least;
    } kinds[] = {{0x80, 0, 1, 0}, {0xe0, 0xc0, 2, 0x80}, {0xf0, 0xe0, 3, 0x800}, {0xf8, 0xf0, 4, 0x10000}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        uint32_t code = *text & (unsigned char)~kinds[i].mask;

        if ((*text & kinds[i].mask) != kinds[i].lead)
            continue;
        for (size_t at = 1; at < kinds[i].n; at++) {
            if ((text[at] & 0xc0) != 0x80)
                return 0;
            code = code << 6 | (text[at] & 0x3f);
        }
        return code < kinds[i].least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : kinds[i].n;
    }
    return 0;
}

void json_text(struct json *json, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    json_raw(json, "\"");
    while (*at && !json->is_full) {
        size_t n = json_letter(at);
        char escaped[8];

        if (!n) {
            json_raw(json, "\xef\xbf\xbd");
            n = 1;
        } else if (*at < 0x20 || *at == '"' || *at == '\\') {
            snprintf(escaped, sizeof(escaped), "\\u%04x", *at);
            json_raw(json, escaped);
        } else {
            json_bytes(json, (const char *)at, n);
        }
        at += n;
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

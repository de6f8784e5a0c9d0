/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of message types are a table; other texts are looked at character by character. */
#include "proto/codec_name.h"

#include <stdint.h>
#include <string.h>

#include "firecurtain/utf8.h"
#include "proto/arena.h"

static const char *const message_names[MESSAGE_TYPES_] = {
    [MESSAGE_SETUP] = "setup", [MESSAGE_PROCEED] = "proceed",   [MESSAGE_BATCH] = "batch",
    [MESSAGE_TICKS] = "ticks", [MESSAGE_CHANNELS] = "channels", [MESSAGE_STOP] = "stop",
    [MESSAGE_HELLO] = "hello", [MESSAGE_LOCKED] = "locked",     [MESSAGE_REPORT] = "report",
    [MESSAGE_READY] = "ready", [MESSAGE_FAILED] = "failed",     [MESSAGE_STOPPED] = "stopped",
};

const char *message_name(enum message_type type)
{
    return type < MESSAGE_TYPES_ ? message_names[type] : "unknown";
}

/* Names get into Python, the log, and the terminals of other people. */
bool codec_is_name(const char *text)
{
    size_t bytes = strnlen(text, CODEC_MAX_NAME + 1);
    uint32_t code;

    for (size_t i = 0, n; i < bytes; i += n) {
        n = fc_utf8_read(text + i, bytes - i, &code);
        if (!n || fc_utf8_is_control(code))
            return false;
    }
    return bytes > 0 && bytes <= CODEC_MAX_NAME;
}

/* Whether a text has nothing but ASCII, as nearly all have. */
static bool codec_is_ascii(const char *text, size_t n_bytes)
{
    uint64_t bits = 0, word;
    size_t i = 0;

    for (; i + sizeof(word) <= n_bytes; i += sizeof(word)) {
        memcpy(&word, text + i, sizeof(word));
        bits |= word;
    }
    for (; i < n_bytes; i++)
        bits |= (unsigned char)text[i];
    return !(bits & UINT64_C(0x8080808080808080));
}

const char *codec_utf8(struct arena *arena, const char *text)
{
    size_t n_bytes = strlen(text);
    char *copy = NULL;
    uint32_t code;

    if (codec_is_ascii(text, n_bytes))
        return text;
    for (size_t i = 0, n; i < n_bytes; i += n ? n : 1) {
        n = fc_utf8_read(text + i, n_bytes - i, &code);
        if (n)
            continue;
        if (!copy) {
            copy = arena_alloc(arena, n_bytes + 1);
            if (!copy)
                return "";
            text = memcpy(copy, text, n_bytes + 1);
        }
        copy[i] = '?';
    }
    return text;
}

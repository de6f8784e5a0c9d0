/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of message types are a table; those of channels and files are looked at byte by byte. */
#include "proto/codec_name.h"

#include <string.h>

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
    const unsigned char *p = (const unsigned char *)text;

    if (!text[0] || strlen(text) > CODEC_MAX_NAME)
        return false;
    while (*p) {
        size_t tail = *p < 0x80 ? 0 : *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1;

        if (*p < 0x20 || *p == 0x7f || (*p >= 0x80 && *p < 0xc2) || *p > 0xf4)
            return false;
        if ((*p == 0xc2 && p[1] < 0xa0) || (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
            (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
            return false;
        for (p++; tail; tail--, p++) {
            if ((*p & 0xc0) != 0x80)
                return false;
        }
    }
    return true;
}

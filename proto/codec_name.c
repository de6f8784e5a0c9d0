/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of message types are a table; those of channels and files are looked at character by character.
 */
#include "proto/codec_name.h"

#include <string.h>

#include "firecurtain/utf8.h"

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

/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the texts of answers, and sends them. */
#include "broker/control/reply.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "broker/base/runtime.h"
#include "broker/control/audit.h"
#include "broker/control/desk.h"
#include "broker/control/private.h"
#include "broker/show/instance.h"

const char *control_format(struct control *control, const char *format, ...)
{
    char text[CONTROL_MAX_TEXT];
    va_list args;
    char *copy;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n < 0)
        return "";
    if ((size_t)n >= sizeof(text))
        n = sizeof(text) - 1;
    copy = arena_alloc(&control->texts, (size_t)n + 1);
    if (!copy)
        return "";
    memcpy(copy, text, (size_t)n + 1);
    return copy;
}

static int reply_send(struct control *control, const struct control_call *call, enum desk_type type,
                      struct control_reply *reply)
{
    struct desk_message message = {.type = type, .client = call->client, .id = call->id};
    int r;

    if (!call->client)
        return -EHOSTUNREACH;
    reply->id = call->id;
    r = codec_control_encode_reply(control->replies, reply, &message.bytes, &message.n_bytes);
    if (r < 0) {
        struct control_reply instead = {.id = call->id,
                                        .outcome = CONTROL_FAILED,
                                        .text = "the answer is too large"};

        r = codec_control_encode_reply(control->replies, &instead, &message.bytes, &message.n_bytes);
    }
    return r < 0 ? r : control_desk_send(control->desk, &message);
}

int control_send(struct control *control, const struct control_call *call, struct control_reply *reply)
{
    return reply_send(control, call, DESK_REPLY, reply);
}

int control_stream(struct control *control, const struct control_call *call, struct control_reply *reply)
{
    return reply_send(control, call, DESK_STREAM, reply);
}

void control_finish(struct control *control, const struct control_call *call, struct control_reply *reply)
{
    control_audit(control, call, reply);
    control_send(control, call, reply);
}

const char *control_channel_name(struct control *control, const struct fc_instance *instance,
                                 uint32_t channel)
{
    return control_format(control, "%s.%s", instance->name, instance_channel_name(instance, channel));
}

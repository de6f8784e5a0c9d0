/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the texts of answers, sends them, and writes the audit log. */
#include "broker/control/reply.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "broker/base/log.h"
#include "broker/base/runtime.h"
#include "broker/control/callers.h"
#include "broker/control/desk.h"
#include "broker/control/private.h"
#include "broker/show/instance.h"
#include "firecurtain/time.h"

#define AUDIT_VALUE 512 /* of a subject or reason: even escaped, it pushes nothing out of the line */

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

/* Rate-limits audit lines of non-administrators, who could otherwise flood the log. */
static bool reply_may_audit(struct control *control, const struct control_call *call, uint64_t *left_out)
{
    uint64_t now_ns = fc_now_ns();
    struct log_limit *limit = &control_caller_of(control, call->peer.uid, now_ns)->audits;

    *left_out = 0;
    if (call->role == CONTROL_ADMINISTRATOR)
        return true;
    *left_out = limit->left_out;
    return log_limit_take(limit, now_ns);
}

static void reply_audit(const struct control_call *call, const struct control_reply *reply)
{
    char subject[AUDIT_VALUE], outcome[64], reason[AUDIT_VALUE], label[4 * TOKEN_MAX_LABEL];
    char from[sizeof(label) + TOKEN_MAX_ADDRESS + 64];
    bool has_reason = reply->text && reply->text[0];

    if (call->token)
        snprintf(from, sizeof(from), "console=%u label=%s address=%s", call->token,
                 log_value(label, sizeof(label), call->label[0] ? call->label : "-"), call->address);
    else
        snprintf(from, sizeof(from), "pid=%d", call->peer.pid);
    log_audit("uid=%u %s role=%s verb=%s subject=%s outcome=%s%s%s", call->peer.uid, from,
              control_role_name(call->role), control_verb_name(call->verb),
              log_value(subject, sizeof(subject), call->subject[0] ? call->subject : "-"),
              log_value(outcome, sizeof(outcome), control_outcome_name(reply->outcome)),
              has_reason ? " reason=" : "", has_reason ? log_value(reason, sizeof(reason), reply->text) : "");
}

void control_finish(struct control *control, const struct control_call *call, struct control_reply *reply)
{
    uint64_t left_out;

    if (reply_may_audit(control, call, &left_out)) {
        if (left_out)
            log_audit("uid=%u left_out=%llu", call->peer.uid, (unsigned long long)left_out);
        reply_audit(call, reply);
    }
    control_send(control, call, reply);
}

const char *control_channel_name(struct control *control, const struct fc_instance *instance,
                                 uint32_t channel)
{
    return control_format(control, "%s.%s", instance->name, instance_channel_name(instance, channel));
}

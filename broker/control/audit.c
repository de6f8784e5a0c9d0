/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes lines of the audit log, within what each caller may cause. */
#include "broker/control/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/log.h"
#include "broker/base/runtime.h"
#include "broker/control/audit_limit.h"
#include "broker/control/private.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define AUDIT_VALUE    512 /* of a subject or reason: even escaped, it pushes nothing out of the line */
#define AUDIT_AGAIN_NS FC_NS_PER_S /* between two lines about a channel that a caller sets */
#define AUDIT_FROM     (4 * TOKEN_MAX_LABEL + TOKEN_MAX_ADDRESS + 64)

/* Writes who it was. */
static void audit_from(const struct control_call *call, char from[AUDIT_FROM])
{
    char label[4 * TOKEN_MAX_LABEL];

    if (call->token)
        snprintf(from, AUDIT_FROM, "uid=%u console=%u label=%s address=%s", call->peer.uid, call->token,
                 log_value(label, sizeof(label), call->label[0] ? call->label : "-"), call->address);
    else
        snprintf(from, AUDIT_FROM, "uid=%u pid=%d", call->peer.uid, call->peer.pid);
}

/* Takes a line from an allowance, which administrators do not need; says before it how many were left out. */
static bool audit_may(struct control *control, const struct control_call *call, bool is_emit)
{
    uint64_t now_ns = fc_now_ns();
    struct audit_limit *limits = audit_limit_of(control, call->peer.uid, call->token, now_ns);
    struct log_limit *limit = is_emit ? &limits->emits : &limits->audits;
    char from[32] = "";

    if (call->role == CONTROL_ADMINISTRATOR)
        return true;
    if (!log_limit_take(limit, now_ns))
        return false;
    if (limit->left_out) {
        if (call->token)
            snprintf(from, sizeof(from), " console=%u", call->token);
        log_audit("uid=%u%s left_out=%" PRIu64, call->peer.uid, from, limit->left_out);
        limit->left_out = 0;
    }
    return true;
}

static void audit_write(const struct control_call *call, enum control_outcome outcome, const char *text,
                        uint64_t times)
{
    char subject[AUDIT_VALUE], result[64], reason[AUDIT_VALUE], from[AUDIT_FROM], count[32] = "";
    FC_AUTO_FREE char *first = text ? strndup(text, strcspn(text, "\n")) : NULL; /* the log has the others */
    bool has_reason = first && first[0];

    audit_from(call, from);
    if (times > 1)
        snprintf(count, sizeof(count), " times=%" PRIu64, times);
    log_audit("%s role=%s verb=%s subject=%s outcome=%s%s%s%s", from, control_role_name(call->role),
              control_verb_name(call->verb),
              log_value(subject, sizeof(subject), call->subject[0] ? call->subject : "-"),
              log_value(result, sizeof(result), control_outcome_name(outcome)), count,
              has_reason ? " reason=" : "", has_reason ? log_value(reason, sizeof(reason), first) : "");
}

/* Writes how often it was done again since the last line. */
static void audit_again(struct control *control, struct control_emitted *emitted)
{
    if (!emitted->times)
        return;
    if (audit_may(control, &emitted->call, true))
        audit_write(&emitted->call, CONTROL_DONE, NULL, emitted->times);
    emitted->times = 0;
}

static struct control_emitted *audit_find(struct control *control, const struct control_call *call)
{
    struct control_emitted *found = &control->emitted[0];

    for (size_t i = 0; i < CONTROL_MAX_EMITTED; i++) {
        struct control_emitted *each = &control->emitted[i];

        if (each->next_ns && each->call.peer.uid == call->peer.uid && each->call.peer.pid == call->peer.pid &&
            each->call.token == call->token && strcmp(each->call.subject, call->subject) == 0)
            return each;
        if (each->next_ns < found->next_ns)
            found = each;
    }
    audit_again(control, found); /* it gives way */
    *found = (struct control_emitted){.call = *call};
    return found;
}

static void audit_emit(struct control *control, const struct control_call *call, const char *text)
{
    struct control_emitted *emitted = audit_find(control, call);
    uint64_t now_ns = fc_now_ns();

    if (emitted->next_ns) {
        emitted->times++;
        return;
    }
    emitted->next_ns = now_ns + AUDIT_AGAIN_NS;
    if (audit_may(control, call, true))
        audit_write(call, CONTROL_DONE, text, 1);
    if (!control->has_emitted)
        loop_set_timer(control->spec.runtime->loop, &control->audit_again, emitted->next_ns);
    control->has_emitted = true;
}

/* Writes what has been done again, and forgets what has not. */
static void audit_turn(void *userdata)
{
    struct control *control = userdata;
    uint64_t now_ns = fc_now_ns(), next_ns = 0;

    for (size_t i = 0; i < CONTROL_MAX_EMITTED; i++) {
        struct control_emitted *emitted = &control->emitted[i];

        if (emitted->next_ns && emitted->next_ns <= now_ns) {
            emitted->next_ns = emitted->times ? now_ns + AUDIT_AGAIN_NS : 0;
            audit_again(control, emitted);
        }
        if (emitted->next_ns && (!next_ns || emitted->next_ns < next_ns))
            next_ns = emitted->next_ns;
    }
    control->has_emitted = next_ns;
    if (next_ns)
        loop_set_timer(control->spec.runtime->loop, &control->audit_again, next_ns);
}

void control_audit(struct control *control, const struct control_call *call,
                   const struct control_reply *reply)
{
    if (call->verb == CONTROL_EMIT && reply->outcome == CONTROL_DONE)
        audit_emit(control, call, reply->text);
    else if (audit_may(control, call, false))
        audit_write(call, reply->outcome, reply->text, 1);
}

void control_audit_start(struct control *control)
{
    control->audit_again = (struct timer){.fn = audit_turn, .what = "the audit log", .userdata = control};
}

void control_audit_stop(struct control *control)
{
    loop_cancel_timer(control->spec.runtime->loop, &control->audit_again);
    for (size_t i = 0; i < CONTROL_MAX_EMITTED; i++)
        audit_again(control, &control->emitted[i]);
}

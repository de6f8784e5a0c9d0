/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of verbs: what each requires, and the function that carries it out. */
#include "broker/control/verbs.h"

#include "broker/base/runtime.h"
#include "broker/control/change.h"
#include "broker/control/channels.h"
#include "broker/control/emit.h"
#include "broker/control/invite.h"
#include "broker/control/logs.h"
#include "broker/control/pin_lock.h"
#include "broker/control/private.h"
#include "broker/control/record.h"
#include "broker/control/reply.h"
#include "broker/control/routes.h"
#include "broker/control/scope.h"
#include "broker/control/status.h"
#include "broker/control/watch.h"
#include "broker/keeper/client.h"
#include "broker/show/show.h"

/* What a verb requires. Which instances and channels its names may mean, each verb checks (scope.h). */
enum control_right {
    CONTROL_SEE,
    CONTROL_CHANGE,  /* users may change what is theirs */
    CONTROL_OPERATE, /* they, and operators */
    CONTROL_FREEZES, /* operators */
    CONTROL_ADMINISTER,
    CONTROL_ENTERS, /* everybody with a role; it goes to the audit log */
};

static const struct control_verb_row {
    control_fn fn;
    enum control_right right; /* all but CONTROL_SEE goes to the audit log */
    bool is_for_browsers;
} control_verbs[CONTROL_VERBS_] = {
    [CONTROL_STATUS] = {control_status, CONTROL_SEE, true},
    [CONTROL_START] = {control_start_instance, CONTROL_CHANGE, true},
    [CONTROL_STOP] = {control_stop_instance, CONTROL_CHANGE, true},
    [CONTROL_RESTART] = {control_stop_instance, CONTROL_OPERATE, true},
    [CONTROL_RELOAD] = {control_reload, CONTROL_CHANGE, false},
    [CONTROL_ROUTES] = {control_routes, CONTROL_SEE, true},
    [CONTROL_LOGS] = {control_logs, CONTROL_SEE, true},
    [CONTROL_WATCH] = {control_watch, CONTROL_SEE, true},
    [CONTROL_RECORD] = {control_record, CONTROL_ADMINISTER, true},
    [CONTROL_CHANNELS] = {control_channels, CONTROL_SEE, true},
    [CONTROL_EMIT] = {control_emit, CONTROL_OPERATE, true},
    [CONTROL_FREEZE] = {control_freeze, CONTROL_FREEZES, true},
    [CONTROL_UNFREEZE] = {control_freeze, CONTROL_FREEZES, true},
    [CONTROL_INVITE] = {control_invite, CONTROL_ENTERS, false},
    [CONTROL_INVITES] = {control_invites, CONTROL_SEE, false},
    [CONTROL_REVOKE] = {control_revoke, CONTROL_ENTERS, false},
    [CONTROL_ENTER] = {control_enter, CONTROL_SEE, true},
    [CONTROL_PANIC] = {control_panic, CONTROL_FREEZES, true},
    [CONTROL_UNLOCK] = {control_lock, CONTROL_ENTERS, true},
    [CONTROL_LOCK] = {control_lock, CONTROL_ENTERS, true},
};

/* Returns the role that a verb requires. */
static const char *verbs_required(enum control_verb verb)
{
    enum control_right right = control_verbs[verb].right;

    if (verb == CONTROL_EMIT)
        return "administrator (operator for a panel)";
    return control_role_name(right == CONTROL_OPERATE || right == CONTROL_FREEZES ? CONTROL_OPERATOR
                                                                                  : CONTROL_ADMINISTRATOR);
}

static void verbs_refuse(struct control *control, const struct control_call *call,
                         struct control_reply *reply)
{
    reply->outcome = CONTROL_REFUSED;
    reply->text =
        call->role == CONTROL_NOBODY
            ? control_format(control, "uid %u is no longer a user, or the caller belongs to a worker",
                             call->peer.uid)
            : control_format(control, "this requires the role %s; %s is %s %s%s", verbs_required(call->verb),
                             call->token ? "this browser" : control_format(control, "uid %u", call->peer.uid),
                             call->role == CONTROL_USER ? "a" : "an", control_role_name(call->role),
                             call->is_locked ? " until its PIN is entered" : "");
    control_finish(control, call, reply);
}

bool verbs_may_ask(const struct control_call *call, enum control_verb verb)
{
    enum control_right right = control_verbs[verb].right;

    if (call->role == CONTROL_NOBODY || (call->token && !control_verbs[verb].is_for_browsers))
        return false;
    if (right == CONTROL_SEE || right == CONTROL_ENTERS || call->role == CONTROL_ADMINISTRATOR)
        return true;
    if (call->is_locked)
        return false;
    if (call->role == CONTROL_OPERATOR && (right == CONTROL_OPERATE || right == CONTROL_FREEZES))
        return true;
    return call->account && (right == CONTROL_CHANGE || right == CONTROL_OPERATE);
}

/*
 * Takes the role from callers that are not, or no longer, a user: workers have their user's uid, but have no
 * role whatever the configuration says; nor have former users.
 */
static void verbs_judge_account(struct control *control, struct control_call *call)
{
    if (!call->account)
        return;
    if (!call->token && keeper_confines(control->spec.runtime->keeper, call->peer.pid)) {
        call->account = 0;
        call->role = CONTROL_NOBODY;
    } else if (control->show && !control_user(control->show, call->account)) {
        call->account = 0;
        call->role = call->role == CONTROL_USER ? CONTROL_NOBODY : call->role;
    }
}

/* Returns whether this goes to the audit log: changes, and users that look for what they cannot see. */
static bool verbs_is_audited(const struct control_call *call, const struct control_verb_row *row,
                             const struct control_reply *reply)
{
    if (row->right == CONTROL_SEE)
        return call->role == CONTROL_USER && reply->outcome == CONTROL_UNKNOWN_NAME;
    return call->role == CONTROL_ADMINISTRATOR ||
           reply->outcome != CONTROL_BUSY; /* whose client tries again until it is done */
}

void verbs_handle(struct control *control, struct control_call *call, const struct control_request *request)
{
    const struct control_verb_row *row = &control_verbs[request->verb];
    struct control_reply reply = {.outcome = CONTROL_DONE};

    arena_reset(&control->texts);
    verbs_judge_account(control, call);
    if (!verbs_may_ask(call, request->verb)) {
        verbs_refuse(control, call, &reply);
        return;
    }
    if (row->right != CONTROL_SEE)
        pin_lock_prolong(control, call);
    if (!control->show) {
        reply.outcome = CONTROL_BUSY;
        reply.text = "the broker is starting up or shutting down";
    } else if (!row->fn(control, call, request, &reply)) {
        return;
    }
    if (verbs_is_audited(call, row, &reply))
        control_finish(control, call, &reply);
    else
        control_send(control, call, &reply);
}

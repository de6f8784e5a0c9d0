/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of verbs: what each requires and costs, and the function that carries it out. */
#include "broker/control/verbs.h"

#include "broker/base/log.h"
#include "broker/base/runtime.h"
#include "broker/control/callers.h"
#include "broker/control/change.h"
#include "broker/control/emit.h"
#include "broker/control/logs.h"
#include "broker/control/private.h"
#include "broker/control/record.h"
#include "broker/control/reply.h"
#include "broker/control/routes.h"
#include "broker/control/scope.h"
#include "broker/control/status.h"
#include "broker/control/watch.h"
#include "broker/keeper/client.h"
#include "broker/show/show.h"
#include "firecurtain/time.h"

#define VERBS_USAGE_COST  20 /* asks the keeper about each instance */
#define VERBS_ROUTES_COST 5  /* goes through all channels, or lines */
#define VERBS_RELOAD_COST 20 /* builds a show */
#define VERBS_START_COST  5  /* ends a process, or makes one */

/* What a verb requires. Which instances and channels its names may mean, each verb checks (scope.h). */
enum control_right {
    CONTROL_SEE,
    CONTROL_CHANGE, /* users may change what is theirs */
    CONTROL_ADMINISTER,
};

static const struct control_verb_row {
    control_fn fn;
    enum control_right right; /* all but CONTROL_SEE goes to the audit log */
    size_t min_names;
    size_t max_names;
    unsigned cost; /* counts as so many requests */
} control_verbs[CONTROL_VERBS_] = {
    [CONTROL_STATUS] = {control_status, CONTROL_SEE, 0, CONTROL_MAX_NAMES, 1},
    [CONTROL_START] = {control_start_instance, CONTROL_CHANGE, 1, 1, VERBS_START_COST},
    [CONTROL_STOP] = {control_stop_instance, CONTROL_CHANGE, 1, 1, VERBS_START_COST},
    [CONTROL_RESTART] = {control_stop_instance, CONTROL_CHANGE, 1, 1, VERBS_START_COST},
    [CONTROL_RELOAD] = {control_reload, CONTROL_CHANGE, 0, 1, VERBS_RELOAD_COST},
    [CONTROL_ROUTES] = {control_routes, CONTROL_SEE, 0, 1, VERBS_ROUTES_COST},
    [CONTROL_LOGS] = {control_logs, CONTROL_SEE, 0, 1, VERBS_ROUTES_COST},
    [CONTROL_WATCH] = {control_watch, CONTROL_SEE, 1, CONTROL_MAX_PATTERNS, 1},
    [CONTROL_RECORD] = {control_record, CONTROL_ADMINISTER, 0, 0, 1},
    [CONTROL_EMIT] = {control_emit, CONTROL_CHANGE, 1, 1, 1},
    [CONTROL_FREEZE] = {control_freeze, CONTROL_ADMINISTER, 1, 1, 1},
    [CONTROL_UNFREEZE] = {control_freeze, CONTROL_ADMINISTER, 1, 1, 1},
};

static void verbs_refuse(struct control *control, const struct control_call *call,
                         struct control_reply *reply)
{
    reply->outcome = CONTROL_REFUSED;
    reply->text =
        call->role == CONTROL_NOBODY
            ? control_format(control, "uid %u is no longer a user, or the caller belongs to a worker",
                             call->peer.uid)
            : control_format(control, "this requires the role administrator; uid %u is %s %s", call->peer.uid,
                             call->role == CONTROL_OBSERVER ? "an" : "a", control_role_name(call->role));
    control_finish(control, call, reply);
}

bool verbs_may_ask(const struct control_call *call, enum control_verb verb)
{
    enum control_right right = control_verbs[verb].right;

    if (right == CONTROL_SEE)
        return call->role != CONTROL_NOBODY;
    return call->role == CONTROL_ADMINISTRATOR || (right == CONTROL_CHANGE && call->account);
}

/*
 * Takes the role from callers that are not, or no longer, a user: workers have their user's uid, but have no
 * role whatever the configuration says; nor have former users.
 */
static void verbs_judge_account(struct control *control, struct control_call *call)
{
    if (!call->account)
        return;
    if (keeper_confines(control->spec.runtime->keeper, call->peer.pid)) {
        call->account = 0;
        call->role = CONTROL_NOBODY;
    } else if (control->show && !control_user(control->show, call->account)) {
        call->account = 0;
        call->role = call->role == CONTROL_USER ? CONTROL_NOBODY : call->role;
    }
}

/* Returns whether anybody could ask this; false with the answer in `reply`. */
static bool verbs_is_sound(const struct control_request *request, struct control_reply *reply)
{
    const struct control_verb_row *row = &control_verbs[request->verb];

    reply->outcome = CONTROL_UNSUPPORTED;
    reply->text = "";
    if (request->version != CONTROL_VERSION)
        reply->text = "this broker speaks version 1";
    else if (!row->fn)
        reply->text = "this broker does not know that verb";
    else if (request->n_names >= row->min_names && request->n_names <= row->max_names)
        return true;
    else
        reply->outcome = CONTROL_INVALID;
    return false;
}

static uint64_t verbs_cost(const struct control_request *request)
{
    if (request->verb == CONTROL_STATUS && request->usage)
        return VERBS_USAGE_COST;
    if (request->verb == CONTROL_STATUS && request->channels)
        return VERBS_ROUTES_COST;
    return control_verbs[request->verb].fn ? control_verbs[request->verb].cost : 1;
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
    struct control_caller *caller = control_caller_of(control, call->peer.uid, fc_now_ns());

    arena_reset(&control->texts);
    if (!rate_take(&caller->rate, verbs_cost(request))) {
        reply.outcome = CONTROL_BUSY;
        reply.text = "too many requests; try again later";
        control_send(control, call, &reply);
        return;
    }
    if (!verbs_is_sound(request, &reply)) {
        control_send(control, call, &reply);
        return;
    }
    reply.outcome = CONTROL_DONE;
    verbs_judge_account(control, call);
    if (!verbs_may_ask(call, request->verb)) {
        verbs_refuse(control, call, &reply);
        return;
    }
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

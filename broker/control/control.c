/* SPDX-License-Identifier: BSD-2-Clause */
/* See control.h: who may ask what how often, and the answers' way back. What is asked for is in control_*.c.
 */
#include "broker/control/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "broker/base/log.h"
#include "broker/control/guard.h"
#include "broker/control/private.h"
#include "broker/keeper/client.h"
#include "broker/runtime/runtime.h"
#include "broker/show/show.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"
#include "proto/landlock.h"
#include "proto/link.h"

#define CONTROL_TURN_BUDGET 32   /* requests in one turn of the loop */
#define CONTROL_RATE        2000 /* requests a second that are read at all, … */
#define CONTROL_CALLER_RATE 500  /* … and of one uid that are looked at */
#define CONTROL_USAGE_COST  20   /* one that asks the keeper about each instance counts for as many */
#define CONTROL_ROUTES_COST 5    /* goes through all channels, or lines */
#define CONTROL_RELOAD_COST 20   /* builds a show */
#define CONTROL_START_COST  5    /* ends a process, or makes one */

/* What a verb takes; where its names lead, each looks at itself (control_scope.c). */
enum control_right {
    CONTROL_SEE,
    CONTROL_CHANGE, /* of a user: what is hers */
    CONTROL_ADMINISTER,
};

static const struct control_verb_row {
    control_fn fn;
    enum control_right right; /* all but CONTROL_SEE goes to the audit log */
    size_t min_names;
    size_t max_names;
    unsigned cost; /* counts for so many requests */
} control_verbs[CONTROL_VERBS_] = {
    [CONTROL_STATUS] = {control_status, CONTROL_SEE, 0, CONTROL_MAX_NAMES, 1},
    [CONTROL_START] = {control_start_instance, CONTROL_CHANGE, 1, 1, CONTROL_START_COST},
    [CONTROL_STOP] = {control_stop_instance, CONTROL_CHANGE, 1, 1, CONTROL_START_COST},
    [CONTROL_RESTART] = {control_stop_instance, CONTROL_CHANGE, 1, 1, CONTROL_START_COST},
    [CONTROL_RELOAD] = {control_reload, CONTROL_CHANGE, 0, 1, CONTROL_RELOAD_COST},
    [CONTROL_ROUTES] = {control_routes, CONTROL_SEE, 0, 1, CONTROL_ROUTES_COST},
    [CONTROL_LOGS] = {control_logs, CONTROL_SEE, 0, 1, CONTROL_ROUTES_COST},
    [CONTROL_WATCH] = {control_watch, CONTROL_SEE, 1, CONTROL_MAX_PATTERNS, 1},
    [CONTROL_RECORD] = {control_record, CONTROL_ADMINISTER, 0, 0, 1},
    [CONTROL_EMIT] = {control_emit, CONTROL_CHANGE, 1, 1, 1},
    [CONTROL_FREEZE] = {control_freeze, CONTROL_ADMINISTER, 1, 1, 1},
    [CONTROL_UNFREEZE] = {control_freeze, CONTROL_ADMINISTER, 1, 1, 1},
};

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

int control_send(struct control *control, const struct control_call *call, struct control_reply *reply)
{
    const void *bytes;
    size_t n_bytes;
    int r;

    reply->id = call->id;
    if (!control->is_in_turn) /* sending may swallow the sign that something has come */
        loop_defer(control->spec.runtime->loop, &control->receive);
    r = codec_control_encode_reply(control->replies, reply, &bytes, &n_bytes);
    if (r < 0) {
        struct control_reply instead = {.id = call->id,
                                        .outcome = CONTROL_FAILED,
                                        .text = "the answer is too large"};

        r = codec_control_encode_reply(control->replies, &instead, &bytes, &n_bytes);
    }
    return r < 0 ? r : control_server_send(control->server, &call->client, bytes, n_bytes);
}

/* The caller's allowance; the one that was not used for longest gives way to a new one. */
static struct control_caller *control_caller_of(struct control *control, uid_t uid, uint64_t now_ns)
{
    struct control_caller *oldest = &control->callers[0];

    for (size_t i = 0; i < control->n_callers; i++) {
        struct control_caller *caller = &control->callers[i];

        if (caller->uid == uid) {
            caller->used_ns = now_ns;
            rate_fill(&caller->rate, now_ns);
            return caller;
        }
        if (caller->used_ns < oldest->used_ns)
            oldest = caller;
    }
    if (control->n_callers < CONTROL_MAX_CALLERS)
        oldest = &control->callers[control->n_callers++];
    *oldest = (struct control_caller){.uid = uid, .used_ns = now_ns};
    rate_init(&oldest->rate, CONTROL_CALLER_RATE, now_ns);
    log_limit_init(&oldest->audits, 20, 5);
    return oldest;
}

/* Who is no administrator could otherwise fill the log. */
static bool control_may_audit(struct control *control, const struct control_call *call, uint64_t *left_out)
{
    uint64_t now_ns = fc_now_ns();
    struct log_limit *limit = &control_caller_of(control, call->peer.uid, now_ns)->audits;

    *left_out = 0;
    if (call->role == CONTROL_ADMINISTRATOR)
        return true;
    *left_out = limit->left_out;
    return log_limit_take(limit, now_ns);
}

void control_finish(struct control *control, const struct control_call *call, struct control_reply *reply)
{
    uint64_t left_out;

    if (control_may_audit(control, call, &left_out)) {
        if (left_out)
            log_audit("uid=%u: %llu such lines are left out here", call->peer.uid,
                      (unsigned long long)left_out);
        log_audit("uid=%u pid=%d role=%s verb=%s subject=%s outcome=%s%s%s", call->peer.uid, call->peer.pid,
                  control_role_name(call->role), control_verb_name(call->verb),
                  call->subject[0] ? call->subject : "-", control_outcome_name(reply->outcome),
                  reply->text && reply->text[0] ? ": " : "", reply->text ? reply->text : "");
    }
    control_send(control, call, reply);
}

static void control_refuse(struct control *control, const struct control_call *call,
                           struct control_reply *reply)
{
    reply->outcome = CONTROL_REFUSED;
    reply->text =
        call->role == CONTROL_NOBODY
            ? control_format(control, "uid %u is no user any more, or this is a process of a worker",
                             call->peer.uid)
            : control_format(control, "this takes the role of an administrator, and uid %u is %s %s",
                             call->peer.uid, call->role == CONTROL_OBSERVER ? "an" : "a",
                             control_role_name(call->role));
    control_finish(control, call, reply);
}

static bool control_may_ask(const struct control_call *call, enum control_right right)
{
    if (right == CONTROL_SEE)
        return call->role != CONTROL_NOBODY;
    return call->role == CONTROL_ADMINISTRATOR || (right == CONTROL_CHANGE && call->account);
}

/*
 * A user's workers have her uid, and are not her: whatever else they are allowed, they have no role. Nor has
 * who was a user once.
 */
static void control_judge_account(struct control *control, struct control_call *call)
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

/* What makes a request impossible, whoever asks; false with the answer in `reply`. */
static bool control_is_sound(const struct control_request *request, struct control_reply *reply)
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

static uint64_t control_cost(const struct control_request *request)
{
    if (request->verb == CONTROL_STATUS && request->usage)
        return CONTROL_USAGE_COST;
    if (request->verb == CONTROL_STATUS && request->channels)
        return CONTROL_ROUTES_COST;
    return control_verbs[request->verb].fn ? control_verbs[request->verb].cost : 1;
}

/* A change, or that somebody looks for what is not there for her. */
static bool control_is_audited(const struct control_call *call, const struct control_verb_row *row,
                               const struct control_reply *reply)
{
    if (row->right == CONTROL_SEE)
        return call->role == CONTROL_USER && reply->outcome == CONTROL_UNKNOWN_NAME;
    return call->role == CONTROL_ADMINISTRATOR ||
           reply->outcome != CONTROL_BUSY; /* who tries until it is done */
}

static void control_handle(struct control *control, struct control_call *call,
                           const struct control_request *request)
{
    const struct control_verb_row *row = &control_verbs[request->verb];
    struct control_reply reply = {.outcome = CONTROL_DONE};
    struct control_caller *caller = control_caller_of(control, call->peer.uid, fc_now_ns());

    arena_reset(&control->texts);
    if (!rate_take(&caller->rate, control_cost(request))) {
        reply.outcome = CONTROL_BUSY;
        reply.text = "that were too many requests: try again";
        control_send(control, call, &reply);
        return;
    }
    if (!control_is_sound(request, &reply)) {
        control_send(control, call, &reply);
        return;
    }
    reply.outcome = CONTROL_DONE;
    control_judge_account(control, call);
    if (!control_may_ask(call, row->right)) {
        control_refuse(control, call, &reply);
        return;
    }
    if (!control->show) {
        reply.outcome = CONTROL_BUSY;
        reply.text = "the broker is starting or ending";
    } else if (!row->fn(control, call, request, &reply)) {
        return;
    }
    if (control_is_audited(call, row, &reply))
        control_finish(control, call, &reply);
    else
        control_send(control, call, &reply);
}

static void control_say_malformed(struct control *control, const struct control_peer *peer)
{
    if (log_limit_take(&control->malformed, fc_now_ns()))
        fc_log(FC_LOG_WARNING, NULL, "control: a malformed request of uid %u (pid %d)", peer->uid, peer->pid);
}

/* One message; -EAGAIN when there is none. */
static int control_receive(struct control *control)
{
    struct control_call call = {.verb = CONTROL_NONE};
    struct control_request request;
    const void *bytes;
    size_t n_bytes;
    int r = control_server_receive(control->server, &call.client, &call.peer, &bytes, &n_bytes);

    if (r == -EBADMSG) {
        control_say_malformed(control, &call.peer);
        return 0;
    }
    if (r < 0)
        return r;
    call.role = control_roles_find(control->spec.roles, call.peer.uid, call.peer.gid);
    if (call.role == CONTROL_NOBODY)
        return 0; /* whom the guard should not have let in */
    call.account = control_roles_account(control->spec.roles, call.peer.uid);
    if (codec_control_decode_request(control->requests, bytes, n_bytes, &request) < 0) {
        control_say_malformed(control, &call.peer);
        return 0;
    }
    call.id = request.id;
    call.verb = request.verb;
    if (request.n_names)
        snprintf(call.subject, sizeof(call.subject), "%s", request.names[0]);
    control_handle(control, &call, &request);
    return 0;
}

static void control_resume(void *userdata)
{
    struct control *control = userdata;

    control->is_paused = false;
    loop_modify(control->source, EPOLLIN);
    loop_defer(control->spec.runtime->loop, &control->receive);
}

/* Nobody is read from for a while: what comes waits in the clients. */
static void control_pause(struct control *control)
{
    control->is_paused = true;
    loop_modify(control->source, 0);
    loop_set_timer(control->spec.runtime->loop, &control->resume,
                   rate_when_ns(&control->rate, CONTROL_TURN_BUDGET));
}

/* Whether there may be more. */
static bool control_receive_some(struct control *control)
{
    rate_fill(&control->rate, fc_now_ns());
    for (size_t i = 0; i < CONTROL_TURN_BUDGET; i++) {
        if (!rate_take(&control->rate, 1)) {
            control_pause(control);
            return false;
        }
        if (control_receive(control) == -EAGAIN)
            return false;
    }
    return control_server_readable(control->server);
}

static void control_turn(void *userdata)
{
    struct control *control = userdata;
    bool is_more;

    if (control->is_paused)
        return;
    control->is_in_turn = true;
    is_more = control_receive_some(control);
    control->is_in_turn = false;
    if (is_more)
        loop_defer(control->spec.runtime->loop, &control->receive);
}

static void control_ready(void *userdata, uint32_t events)
{
    (void)events;
    control_turn(userdata);
}

static int control_start(struct control *control)
{
    struct runtime *runtime = control->spec.runtime;
    int r = codec_control_new(&control->requests);

    if (r == 0)
        r = codec_control_new(&control->replies);
    if (r == 0)
        r = control_guard_start(runtime->loop, control->spec.roles);
    if (r == 0)
        r = link_context_new(&control->links, 1);
    if (r == 0)
        r = control_server_new(&control->server, control->links, CONTROL_SOCKET, runtime->control_fd);
    if (r < 0)
        return r;
    runtime->control_fd = -1;
    return loop_add(runtime->loop, &control->source, control_server_fd(control->server), EPOLLIN,
                    control_ready, control);
}

int control_new(struct control **controlp, const struct control_spec *spec)
{
    struct control *control = calloc(1, sizeof(*control));
    int r;

    if (!control)
        return -ENOMEM;
    control->spec = *spec;
    control->landlock_abi = landlock_abi();
    control->receive = (struct loop_task){.fn = control_turn, .userdata = control};
    control->resume = (struct timer){.fn = control_resume, .userdata = control};
    arena_init(&control->texts, 4 * CONTROL_MAX_REPLY);
    rate_init(&control->rate, CONTROL_RATE, fc_now_ns());
    log_limit_init(&control->malformed, 5, 1);
    control_logs_start(control);
    control_watch_start(control);
    control_record_start(control);
    r = control_start(control);
    if (r < 0) {
        control_free(control);
        return r;
    }
    *controlp = control;
    return 0;
}

struct control *control_free(struct control *control)
{
    if (!control)
        return NULL;
    loop_remove(control->source);
    loop_cancel_task(control->spec.runtime->loop, &control->receive);
    loop_cancel_timer(control->spec.runtime->loop, &control->resume);
    control_logs_stop(control);
    control_watch_stop(control);
    control_record_stop(control, "the broker has ended");
    control_server_free(control->server);
    link_context_free(control->links);
    control_guard_stop();
    codec_control_free(control->requests);
    codec_control_free(control->replies);
    arena_deinit(&control->texts);
    free(control);
    return NULL;
}

void control_set_show(struct control *control, struct show *show)
{
    if (!control)
        return;
    if (!show && control->show)
        control->show->router.tap = NULL; /* it ends; one that was changed has gone already */
    if (!show)
        control_record_stop(control, "the show has ended");
    control->show = show;
    control_change_show(control);
    control_follow_change_show(control, control->log_followers);
    control_follow_change_show(control, control->watch.followers);
    control_watch_change_show(control);
}

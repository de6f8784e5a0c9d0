/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts and stops instances, freezes users, and reads the configuration again. What takes time is answered
 * when it is over.
 */
#include "broker/control/change.h"

#include <stdio.h>
#include <string.h>

#include "broker/control/follow.h"
#include "broker/control/private.h"
#include "broker/control/reply.h"
#include "broker/control/scope.h"
#include "broker/python/backend.h"
#include "broker/python/status.h"
#include "broker/show/access.h"
#include "broker/show/show.h"
#include "broker/show/user.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

/*
 * While a user's show is built, and while a user's instance is started, everybody waits. Afterwards that user
 * waits several times as long before the next change, and all other users as long.
 */
#define CHANGE_PAUSE_NS    (FC_NS_PER_S / 2) /* at least this long after a reload */
#define CHANGE_PAUSE_TIMES 3
#define CHANGE_SHORT_NS    (20 * FC_NS_PER_MS) /* a start this short has no consequences */

/* Keeps the call to be answered later. Returns false, with the answer in `reply`, if too many wait. */
static bool change_wait(struct control *control, const struct control_call *call, bool is_next,
                        unsigned account, struct control_reply *reply)
{
    struct control_pending *place = NULL;
    size_t n_others = 0, n_own = 0;

    for (size_t i = 0; i < CONTROL_MAX_PENDING; i++) {
        struct control_pending *pending = &control->pending[i];

        if (!pending->is_used)
            place = pending;
        else if (pending->call.peer.uid == call->peer.uid)
            n_own++;
        else
            n_others++;
    }
    if (place && control_has_room(control, call->peer.uid, n_others, n_own, CONTROL_MAX_PENDING,
                                  CONTROL_PENDING_KEPT, CONTROL_PENDING_PER_UID)) {
        *place = (struct control_pending){
            .call = *call, .is_used = true, .is_next = is_next, .account = account, .began_ns = fc_now_ns()};
        return true;
    }
    reply->outcome = CONTROL_BUSY;
    reply->text = "too many requests are waiting already; try again later";
    return false;
}

/* Returns whether the caller must wait; `after_ns` is by number of the user, and 0 for all users. */
static bool change_must_wait(const struct control_call *call, const uint64_t *after_ns, unsigned account)
{
    uint64_t now_ns = fc_now_ns();

    return call->role != CONTROL_ADMINISTRATOR && (now_ns < after_ns[account] || now_ns < after_ns[0]);
}

/* Makes the user wait after a change that took long. */
static void change_pause(const struct control_call *call, uint64_t *after_ns, unsigned account,
                         uint64_t took_ns, uint64_t least_ns)
{
    uint64_t now_ns = fc_now_ns(), pause_ns = CHANGE_PAUSE_TIMES * took_ns;

    if (call->role == CONTROL_ADMINISTRATOR || !account || (took_ns < CHANGE_SHORT_NS && !least_ns))
        return;
    after_ns[account] = now_ns + (pause_ns > least_ns ? pause_ns : least_ns);
    after_ns[0] = now_ns + took_ns;
}

/* Returns whether a user must wait before starting something again; then the answer is in `reply`. */
static bool change_is_start_too_soon(const struct control *control, const struct control_call *call,
                                     struct control_reply *reply)
{
    if (!change_must_wait(call, control->start_after_ns, call->account))
        return false;
    reply->outcome = CONTROL_BUSY;
    reply->text = "the last start took long; try again later";
    return true;
}

static void change_answer(struct control *control, struct control_pending *pending,
                          enum control_outcome outcome, const char *text)
{
    struct control_reply reply = {.outcome = outcome, .text = text};

    pending->is_used = false;
    control_finish(control, &pending->call, &reply);
}

static bool change_is_under_way(const struct control *control, struct control_reply *reply)
{
    if (!control->show->change && !control->show->ended)
        return false;
    reply->outcome = CONTROL_BUSY;
    reply->text = "the configuration is being changed; try again later";
    return true;
}

/* Whether its start has not failed. Nobody waits until a name server answers. */
static bool change_has_begun(const struct fc_instance *instance)
{
    return instance_is_started(instance) || instance->state == INSTANCE_LOOKING;
}

bool control_start_instance(struct control *control, const struct control_call *call,
                            const struct control_request *request, struct control_reply *reply)
{
    struct fc_instance *instance = control_find_own(control, call, request->names[0], reply);

    if (!instance || change_is_under_way(control, reply))
        return true;
    if (instance->request != INSTANCE_GO_ON) {
        reply->outcome = CONTROL_BUSY;
        reply->text = "it is stopping";
    } else if (instance->state == INSTANCE_LOOKING) {
        reply->text = "it is already starting";
    } else if (!instance_is_started(instance)) {
        if (change_is_start_too_soon(control, call, reply))
            return true;
        instance->retry_ns = 0;
        show_start_instance(instance);
        change_pause(call, control->start_after_ns, call->account, instance->start_took_ns, 0);
        reply->outcome = change_has_begun(instance) ? CONTROL_DONE : CONTROL_FAILED;
        reply->text =
            change_has_begun(instance) ? "" : "it cannot start and will be tried again; see the log";
    } else if (instance->backend != &backend_python || !python_start_now(instance)) {
        reply->text = "it is already running";
    }
    return true;
}

static void change_stopped(void *userdata, struct fc_instance *instance)
{
    struct control *control = userdata;

    for (size_t i = 0; i < CONTROL_MAX_PENDING; i++) {
        struct control_pending *pending = &control->pending[i];
        bool is_wanted = pending->call.verb == CONTROL_RESTART ? change_has_begun(instance)
                                                               : instance_is_stopped(instance);

        if (pending->is_used && pending->call.verb != CONTROL_RELOAD &&
            strcmp(pending->call.subject, instance->name) == 0) {
            if (pending->call.verb == CONTROL_RESTART)
                change_pause(&pending->call, control->start_after_ns, pending->call.account,
                             instance->start_took_ns, 0);
            change_answer(control, pending, is_wanted ? CONTROL_DONE : CONTROL_FAILED,
                          is_wanted ? "" : "it stopped but did not start again; see the log");
        }
    }
}

/* Stops an instance, and starts it again for CONTROL_RESTART. */
bool control_stop_instance(struct control *control, const struct control_call *call,
                           const struct control_request *request, struct control_reply *reply)
{
    bool again = call->verb == CONTROL_RESTART;
    struct fc_instance *instance = again ? control_find_restartable(control, call, request->names[0], reply)
                                         : control_find_own(control, call, request->names[0], reply);

    if (!instance || change_is_under_way(control, reply))
        return true;
    if (instance_is_stopped(instance) && !again) {
        reply->text = "it is already stopped";
        return true;
    }
    if ((again && change_is_start_too_soon(control, call, reply)) ||
        !change_wait(control, call, false, 0, reply))
        return true;
    show_stop_instance(instance, call->peer.uid, again); /* cannot be busy here */
    return false;
}

void control_change_show(struct control *control)
{
    if (control->show) {
        control->show->stopped = change_stopped;
        control->show->stopped_userdata = control;
    }
    for (size_t i = 0; i < CONTROL_MAX_PENDING; i++) {
        struct control_pending *pending = &control->pending[i];
        struct fc_instance *instance = NULL;

        if (!pending->is_used || (control->show && pending->call.verb == CONTROL_RELOAD))
            continue;
        if (control->show)
            HASH_FIND_STR(control->show->by_name, pending->call.subject, instance);
        if (!instance || instance->request == INSTANCE_GO_ON)
            change_answer(control, pending, CONTROL_FAILED,
                          control->show ? "a new configuration has changed it in the meantime"
                                        : "the broker is shutting down");
    }
}

void control_change_lost(struct control *control)
{
    for (size_t i = 0; i < CONTROL_MAX_PENDING; i++)
        control->pending[i].call.client = 0; /* what comes of it is still written to the audit log */
}

/* Freezes what all put out to devices, or lets it through again. */
static void change_freeze_show(struct control *control, bool freeze, struct control_reply *reply)
{
    if (show_is_frozen(control->show) == freeze)
        reply->text = freeze ? "already frozen" : "not frozen";
    show_freeze(control->show, freeze);
}

/* Freezes and unfreezes; also while the show changes, since it is for emergencies. */
bool control_freeze(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply)
{
    bool freeze = call->verb == CONTROL_FREEZE;
    struct user *user;

    if (!request->n_names) {
        change_freeze_show(control, freeze, reply);
        return true;
    }
    user = control_find_user(control, call, request->names[0], reply);
    if (!user)
        return true;
    if (user->is_frozen == freeze)
        reply->text = freeze ? "already frozen" : "not frozen";
    user_freeze(user, freeze);
    if (!freeze && user->is_frozen_by_configuration) {
        reply->outcome = CONTROL_FAILED;
        reply->text = "still frozen by the configuration: remove \"frozen = yes\" there and reload it";
    }
    return true;
}

/* Returns the user whose show is to be read again; NULL for all, or with the answer in `reply`. */
static const struct user *change_find_whose(struct control *control, const struct control_call *call,
                                            const struct control_request *request,
                                            struct control_reply *reply)
{
    const struct user *own = control_user(control->show, call->account);

    if (call->role == CONTROL_ADMINISTRATOR)
        return request->n_names ? control_find_user(control, call, request->names[0], reply) : NULL;
    if (!request->n_names || strcmp(request->names[0], own->name) == 0)
        return own;
    reply->outcome = CONTROL_REFUSED;
    reply->text = "you may reload only your own show";
    return NULL;
}

/* Returns whether a user's reload must wait: one at a time, and no user may take all turns. */
static bool change_is_too_soon(const struct control *control, const struct control_call *call,
                               unsigned account, struct control_reply *reply)
{
    bool is_changing = control->spec.is_changing(control->spec.userdata);

    if (!is_changing && !change_must_wait(call, control->reload_after_ns, account))
        return false;
    reply->outcome = CONTROL_BUSY;
    reply->text = is_changing ? "the configuration is being changed; try again later"
                              : "the configuration was changed a moment ago; try again later";
    return true;
}

bool control_reload(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply)
{
    const struct user *user = change_find_whose(control, call, request, reply);
    unsigned account = user ? user->number : 0;
    struct control_call waiting = *call;

    if (reply->outcome != CONTROL_DONE || (account && change_is_too_soon(control, call, account, reply)))
        return true;
    if (user)
        snprintf(waiting.subject, sizeof(waiting.subject), "%s", user->name);
    if (!change_wait(control, &waiting, !account && control->spec.is_changing(control->spec.userdata),
                     account, reply))
        return true;
    control->spec.reload(control->spec.userdata, account);
    return false;
}

void control_reloaded(struct control *control, bool success, const char *text)
{
    const char *copy;

    if (!control)
        return;
    arena_reset(&control->texts);
    copy = control_format(control, "%s", text ? text : "");
    for (size_t i = 0; i < CONTROL_MAX_PENDING; i++) {
        struct control_pending *pending = &control->pending[i];

        if (!pending->is_used || pending->call.verb != CONTROL_RELOAD)
            continue;
        if (!pending->is_next)
            change_pause(&pending->call, control->reload_after_ns, pending->account,
                         fc_now_ns() - pending->began_ns, CHANGE_PAUSE_NS);
        if (!pending->is_next)
            change_answer(control, pending, success ? CONTROL_DONE : CONTROL_FAILED, copy);
        pending->is_next = false;
    }
}

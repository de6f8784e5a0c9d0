/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See control_private.h: starting and ending instances, freezing users, and reading the configuration again.
 * What takes its time is answered when it is over.
 */
#include <stdio.h>
#include <string.h>

#include "broker/base/suggest.h"
#include "broker/control/private.h"
#include "broker/python/backend.h"
#include "broker/python/status.h"
#include "broker/show/access.h"
#include "broker/show/show.h"
#include "broker/show/user.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

/*
 * While a user's show is built, and while names are looked up for one of her instances, everybody waits: so
 * she waits several times as long before the next one, and all users together as long.
 */
#define CHANGE_PAUSE_NS    (FC_NS_PER_S / 2) /* of a reload, at least */
#define CHANGE_PAUSE_TIMES 3
#define CHANGE_SHORT_NS    (20 * FC_NS_PER_MS) /* a start that nobody minds */

/* The call is answered later; false with the answer in `reply` if too many wait already. */
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
    reply->text = "too many wait for something already";
    return false;
}

/* By number, and 0 for all: when a user may change something. */
static bool change_must_wait(const struct control_call *call, const uint64_t *after_ns, unsigned account)
{
    uint64_t now_ns = fc_now_ns();

    return call->role != CONTROL_ADMINISTRATOR && (now_ns < after_ns[account] || now_ns < after_ns[0]);
}

static void change_pause(const struct control_call *call, uint64_t *after_ns, unsigned account,
                         uint64_t took_ns, uint64_t least_ns)
{
    uint64_t now_ns = fc_now_ns(), pause_ns = CHANGE_PAUSE_TIMES * took_ns;

    if (call->role == CONTROL_ADMINISTRATOR || !account || (took_ns < CHANGE_SHORT_NS && !least_ns))
        return;
    after_ns[account] = now_ns + (pause_ns > least_ns ? pause_ns : least_ns);
    after_ns[0] = now_ns + took_ns;
}

/* Whether a user has to wait before she has something started again. */
static bool change_is_start_too_soon(const struct control *control, const struct control_call *call,
                                     struct control_reply *reply)
{
    if (!change_must_wait(call, control->start_after_ns, call->account))
        return false;
    reply->outcome = CONTROL_BUSY;
    reply->text = "the last start has taken long: again later";
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
    reply->text = "the configuration is changing";
    return true;
}

bool control_start_instance(struct control *control, const struct control_call *call,
                            const struct control_request *request, struct control_reply *reply)
{
    struct fc_instance *instance = control_find_own(control, call, request->names[0], reply);

    if (!instance || change_is_under_way(control, reply))
        return true;
    if (instance->is_stopping) {
        reply->outcome = CONTROL_BUSY;
        reply->text = "it is stopping";
    } else if (!instance->started) {
        if (change_is_start_too_soon(control, call, reply))
            return true;
        instance->retry_ns = 0;
        show_start_instance(instance);
        change_pause(call, control->start_after_ns, call->account, instance->start_took_ns, 0);
        reply->outcome = instance->started ? CONTROL_DONE : CONTROL_FAILED;
        reply->text = instance->started ? "" : "it cannot start, and is tried again: the log says why";
    } else if (instance->backend != &backend_python || !python_start_now(instance)) {
        reply->text = "it runs already";
    }
    return true;
}

static void change_stopped(void *userdata, struct fc_instance *instance)
{
    struct control *control = userdata;

    for (size_t i = 0; i < CONTROL_MAX_PENDING; i++) {
        struct control_pending *pending = &control->pending[i];
        bool is_wanted = pending->call.verb == CONTROL_RESTART ? instance->started : instance->is_stopped;

        if (pending->is_used && pending->call.verb != CONTROL_RELOAD &&
            strcmp(pending->call.subject, instance->name) == 0) {
            if (pending->call.verb == CONTROL_RESTART)
                change_pause(&pending->call, control->start_after_ns, pending->call.account,
                             instance->start_took_ns, 0);
            change_answer(control, pending, is_wanted ? CONTROL_DONE : CONTROL_FAILED,
                          is_wanted ? "" : "it has ended, and what came then the log says");
        }
    }
}

/* And starts it again, for CONTROL_RESTART. */
bool control_stop_instance(struct control *control, const struct control_call *call,
                           const struct control_request *request, struct control_reply *reply)
{
    struct fc_instance *instance = control_find_own(control, call, request->names[0], reply);
    bool again = call->verb == CONTROL_RESTART;

    if (!instance || change_is_under_way(control, reply))
        return true;
    if (instance->is_stopped && !again) {
        reply->text = "it is stopped already";
        return true;
    }
    if ((again && change_is_start_too_soon(control, call, reply)) ||
        !change_wait(control, call, false, 0, reply))
        return true;
    show_stop_instance(instance, call->peer.uid, again); /* not busy, as was looked at */
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
        if (!instance || !instance->is_stopping)
            change_answer(control, pending, CONTROL_FAILED,
                          control->show ? "the configuration has changed it meanwhile"
                                        : "the broker is ending");
    }
}

struct user *control_find_user(struct control *control, const char *name, struct control_reply *reply)
{
    const struct show *show = control->show;
    struct user *user = show_find_user(show, name);
    struct suggest suggest;
    char hint[128];
    const char *text;

    if (user && !user->is_revoked)
        return user;
    suggest_init(&suggest, name);
    for (size_t i = 0; i < show->n_users; i++)
        suggest_offer(&suggest, show->users[i]->name);
    text = suggest_hint(&suggest, hint, sizeof(hint));
    reply->outcome = CONTROL_UNKNOWN_NAME;
    reply->text =
        control_format(control, "there is no user \"%s\"%s%s", name, text ? "; " : "", text ? text : "");
    return NULL;
}

/* And unfreezes. Also while the show changes: it is for when something goes wrong. */
bool control_freeze(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply)
{
    struct user *user = control_find_user(control, request->names[0], reply);
    bool freeze = call->verb == CONTROL_FREEZE;

    if (!user)
        return true;
    if (user->is_frozen == freeze)
        reply->text = freeze ? "she is frozen already" : "she was not";
    user_freeze(user, freeze);
    if (!freeze && user->is_frozen_by_configuration) {
        reply->outcome = CONTROL_FAILED;
        reply->text =
            "the configuration says \"frozen = yes\": she stays so until that is taken out and read again";
    }
    return true;
}

/* Whose show is to be read again; NULL for all, or with the answer in `reply`. */
static const struct user *change_find_whose(struct control *control, const struct control_call *call,
                                            const struct control_request *request,
                                            struct control_reply *reply)
{
    const struct user *hers = control_user(control->show, call->account);

    if (call->role == CONTROL_ADMINISTRATOR)
        return request->n_names ? control_find_user(control, request->names[0], reply) : NULL;
    if (!request->n_names || strcmp(request->names[0], hers->name) == 0)
        return hers;
    reply->outcome = CONTROL_REFUSED;
    reply->text = "only your own show is yours to be read again";
    return NULL;
}

/* One at a time; and nobody keeps the others from theirs. */
static bool change_is_too_soon(const struct control *control, const struct control_call *call,
                               unsigned account, struct control_reply *reply)
{
    bool is_changing = control->spec.is_changing(control->spec.userdata);

    if (!is_changing && !change_must_wait(call, control->reload_after_ns, account))
        return false;
    reply->outcome = CONTROL_BUSY;
    reply->text = is_changing ? "the configuration is changing" : "there was a change a moment ago";
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

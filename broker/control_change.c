/*
 * See control_private.h: starting and ending instances, and reading the configuration again. What takes its
 * time is answered when it is over.
 */
#include <string.h>

#include "broker/control_private.h"
#include "broker/python.h"
#include "broker/show.h"
#include "firecurtain/log.h"

/* The call is answered later; false with the answer in `reply` if too many wait already. */
static bool change_wait(struct control *control, const struct control_call *call, bool is_next,
                        struct control_reply *reply)
{
    for (size_t i = 0; i < CONTROL_MAX_PENDING; i++) {
        struct control_pending *pending = &control->pending[i];

        if (pending->is_used)
            continue;
        *pending = (struct control_pending){.call = *call, .is_used = true, .is_next = is_next};
        return true;
    }
    reply->outcome = CONTROL_BUSY;
    reply->text = "too many wait for something already";
    return false;
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
    struct fc_instance *instance = control_find(control, request->names[0], reply);

    (void)call;
    if (!instance || change_is_under_way(control, reply))
        return true;
    if (instance->is_stopping) {
        reply->outcome = CONTROL_BUSY;
        reply->text = "it is stopping";
    } else if (!instance->started) {
        instance->retry_ns = 0;
        show_start_instance(instance);
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
            strcmp(pending->call.subject, instance->name) == 0)
            change_answer(control, pending, is_wanted ? CONTROL_DONE : CONTROL_FAILED,
                          is_wanted ? "" : "it has ended, and what came then the log says");
    }
}

/* And starts it again, for CONTROL_RESTART. */
bool control_stop_instance(struct control *control, const struct control_call *call,
                           const struct control_request *request, struct control_reply *reply)
{
    struct fc_instance *instance = control_find(control, request->names[0], reply);
    bool again = call->verb == CONTROL_RESTART;

    if (!instance || change_is_under_way(control, reply))
        return true;
    if (instance->is_stopped && !again) {
        reply->text = "it is stopped already";
        return true;
    }
    if (!change_wait(control, call, false, reply))
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

bool control_reload(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply)
{
    (void)request;
    if (!change_wait(control, call, control->spec.is_changing(control->spec.userdata), reply))
        return true;
    control->spec.reload(control->spec.userdata);
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
            change_answer(control, pending, success ? CONTROL_DONE : CONTROL_FAILED, copy);
        pending->is_next = false;
    }
}

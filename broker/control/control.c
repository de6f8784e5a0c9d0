/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of the control interface, and the turns in which it reads what the desk passes on: as much as the
 * rate allows. verbs.c answers requests.
 */
#include "broker/control/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/runtime.h"
#include "broker/config/console.h"
#include "broker/control/audit.h"
#include "broker/control/change.h"
#include "broker/control/desk.h"
#include "broker/control/follow.h"
#include "broker/control/invite.h"
#include "broker/control/logs.h"
#include "broker/control/private.h"
#include "broker/control/record.h"
#include "broker/control/reply.h"
#include "broker/control/token_store.h"
#include "broker/control/verbs.h"
#include "broker/control/watch.h"
#include "broker/show/show.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"
#include "proto/landlock.h"

#define CONTROL_TURN_BUDGET 32   /* requests in one turn of the loop */
#define CONTROL_RATE        2000 /* requests a second that are read at all */

/* Reads a request, and what comes before it if it is a browser's. -EBADMSG. */
static int control_decode(struct control *control, const struct desk_message *message,
                          struct desk_browser *browser, struct control_request *request)
{
    size_t n_browser = message->type == DESK_BROWSE ? sizeof(*browser) : 0;

    if (n_browser)
        memcpy(browser, message->bytes, n_browser);
    return codec_control_decode_request(control->requests, (const uint8_t *)message->bytes + n_browser,
                                        message->n_bytes - n_browser, request);
}

/* Finds out what a caller is in the configuration. Returns whether it has a role; a browser without is told.
 */
static bool control_find_caller(struct control *control, const struct desk_message *message,
                                const struct desk_browser *browser, struct control_call *call)
{
    struct control_reply reply = {.outcome = CONTROL_REFUSED, .text = CONTROL_SIGNED_OUT};

    if (message->type != DESK_BROWSE) {
        call->role = control_roles_find(control->spec.roles, call->peer.uid, call->peer.gid);
        call->account = control_roles_account(control->spec.roles, call->peer.uid);
        return call->role != CONTROL_NOBODY; /* else the desk should not have let it in */
    }
    if (control_identify(control, browser, call))
        return true;
    control_send(control, call, &reply);
    return false;
}

/* Carries out one request, which counts as several if it costs more. -EBADMSG. */
static int control_ask(struct control *control, const struct desk_message *message)
{
    struct control_call call = {.client = message->client, .peer = message->peer};
    struct control_request request;
    struct control_reply reply = {.outcome = CONTROL_DONE};
    struct desk_browser browser;

    if (control_decode(control, message, &browser, &request) < 0)
        return -EBADMSG;
    call.id = request.id;
    call.verb = request.verb;
    if (!control_rules_check(&request, &reply))
        return -EBADMSG;
    rate_spend(&control->rate, control_rules_cost(&request) - 1);
    if (!control_find_caller(control, message, &browser, &call))
        return 0;
    if (request.n_names)
        snprintf(call.subject, sizeof(call.subject), "%s", request.names[0]);
    verbs_handle(control, &call, &request);
    return 0;
}

/* Forgets a client that has gone, or with 0 all. */
static void control_gone(struct control *control, uint64_t client)
{
    control_follow_gone(control->log_followers, client);
    control_follow_gone(control->watch.followers, client);
    control_record_gone(control, client);
}

/* Forgets those that a message names. -EBADMSG. */
static int control_take_gone(struct control *control, const struct desk_message *message)
{
    for (size_t i = 0; i < message->n_bytes / sizeof(uint64_t); i++) {
        uint64_t client;

        memcpy(&client, (const uint8_t *)message->bytes + i * sizeof(client), sizeof(client));
        if (!client)
            return -EBADMSG;
        control_gone(control, client);
    }
    return 0;
}

/* Receives one message from the desk; -EAGAIN when there is none. */
static int control_receive(struct control *control)
{
    struct desk_message message;
    int r = control_desk_receive(control->desk, &message);

    if (r == 0 && (message.type == DESK_REQUEST || message.type == DESK_BROWSE))
        r = control_ask(control, &message);
    else if (r == 0 && message.type == DESK_GONE)
        r = control_take_gone(control, &message);
    else if (r == 0 && !control_follow_sent(control->log_followers, message.client, message.id))
        control_follow_sent(control->recorders.followers, message.client, message.id);
    if (r < 0 && r != -EAGAIN)
        control_desk_kill(control->desk, "it sent what it must not send");
    return r;
}

static void control_resume(void *userdata)
{
    struct control *control = userdata;

    control->is_paused = false;
    control_desk_listen(control->desk, true);
    loop_defer(control->spec.runtime->loop, &control->receive);
}

/* Reads nothing for a while: what comes waits in the desk, and then in the clients. */
static void control_pause(struct control *control)
{
    control->is_paused = true;
    control_desk_listen(control->desk, false);
    loop_set_timer(control->spec.runtime->loop, &control->resume,
                   rate_when_ns(&control->rate, CONTROL_TURN_BUDGET));
}

/* Receives what the budget allows. Returns whether there may be more. */
static bool control_receive_some(struct control *control)
{
    rate_fill(&control->rate, fc_now_ns());
    for (size_t i = 0; i < CONTROL_TURN_BUDGET; i++) {
        if (!rate_take(&control->rate, 1)) {
            control_pause(control);
            return false;
        }
        if (control_receive(control) < 0)
            return false;
    }
    return true;
}

static void control_turn(void *userdata)
{
    struct control *control = userdata;

    if (!control->is_paused && control_receive_some(control))
        loop_defer(control->spec.runtime->loop, &control->receive);
}

/* All connections have ended with the desk. */
static void control_desk_lost(void *userdata)
{
    struct control *control = userdata;

    control_gone(control, 0);
    control_change_lost(control);
    control_watch_change_show(control); /* the next desk knows no channels */
}

/* Lists whom the roles let in, for the desk. Returns the number, or -ENOMEM. */
static int control_list_admits(const struct control_roles *roles, struct desk_admit **list)
{
    size_t n = 0;

    *list = calloc(roles->n_grants + roles->n_users + 2, sizeof(**list));
    if (!*list)
        return -ENOMEM;
    (*list)[n++] = (struct desk_admit){.kind = DESK_ADMIT_OWNER, .id = roles->owner};
    if (roles->excluded != (uid_t)-1)
        (*list)[n++] = (struct desk_admit){.kind = DESK_ADMIT_NOT, .id = roles->excluded};
    for (size_t i = 0; i < roles->n_grants; i++) {
        const struct control_grant *grant = &roles->grants[i];

        (*list)[n++] = (struct desk_admit){.kind = grant->is_everybody ? DESK_ADMIT_ALL
                                                   : grant->is_group   ? DESK_ADMIT_GID
                                                                       : DESK_ADMIT_UID,
                                           .id = grant->id};
    }
    for (size_t i = 0; i < roles->n_users; i++) {
        if (roles->users[i].uid != (uid_t)-1)
            (*list)[n++] = (struct desk_admit){.kind = DESK_ADMIT_UID, .id = roles->users[i].uid};
    }
    return (int)n;
}

static int control_start(struct control *control)
{
    struct control_desk_spec spec = {.runtime = control->spec.runtime,
                                     .names = control->spec.console->names,
                                     .ready = control_turn,
                                     .lost = control_desk_lost,
                                     .userdata = control};
    int r = codec_control_new(&control->requests);

    if (r == 0)
        r = codec_control_new(&control->replies);
    if (r == 0)
        r = control_watch_start(control);
    if (r == 0)
        r = token_store_begin(control->spec.token_store, control->spec.roles, control->spec.runtime->loop);
    if (r == 0)
        r = control_list_admits(control->spec.roles, &control->admits);
    if (r < 0)
        return r;
    spec.admits = control->admits;
    spec.n_admits = (size_t)r;
    return control_desk_new(&control->desk, &spec);
}

int control_new(struct control **controlp, const struct control_spec *spec)
{
    struct control *control = calloc(1, sizeof(*control));
    int r;

    if (!control)
        return -ENOMEM;
    control->spec = *spec;
    control->landlock_abi = landlock_abi();
    control->receive = (struct loop_task){.fn = control_turn, .what = "the desk", .userdata = control};
    control->resume = (struct timer){.fn = control_resume, .what = "the desk", .userdata = control};
    arena_init(&control->texts, 4 * CONTROL_MAX_REPLY);
    rate_init(&control->rate, CONTROL_RATE, fc_now_ns());
    for (size_t i = 0; i < FC_ARRAY_SIZE(control->suggestions); i++)
        rate_init_burst(&control->suggestions[i], CONTROL_SUGGESTIONS, CONTROL_SUGGESTIONS_ONCE);
    control_logs_start(control);
    control_audit_start(control);
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
    loop_cancel_task(&control->receive);
    loop_cancel_timer(control->spec.runtime->loop, &control->resume);
    control_audit_stop(control);
    control_logs_stop(control);
    control_watch_stop(control);
    control_record_stop(control, "the broker has ended");
    control->desk = control_desk_free(control->desk);
    free(control->admits);
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
        control->show->router.tap = NULL; /* it ends; a show that was changed is gone already */
    if (!show)
        control_record_stop(control, "the show has ended");
    control->show = show;
    control_change_show(control);
    control_follow_change_show(control, control->log_followers);
    control_follow_change_show(control, control->watch.followers);
    control_watch_change_show(control);
}

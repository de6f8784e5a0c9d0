/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of the control interface, and the turns in which it reads requests: as many as the rate allows.
 * verbs.c answers them.
 */
#include "broker/control/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "broker/base/log.h"
#include "broker/base/runtime.h"
#include "broker/control/change.h"
#include "broker/control/follow.h"
#include "broker/control/guard.h"
#include "broker/control/logs.h"
#include "broker/control/private.h"
#include "broker/control/record.h"
#include "broker/control/verbs.h"
#include "broker/control/watch.h"
#include "broker/show/show.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"
#include "proto/landlock.h"

#define CONTROL_TURN_BUDGET 32   /* requests in one turn of the loop */
#define CONTROL_RATE        2000 /* requests a second that are read at all */

static void control_say_malformed(struct control *control, const struct control_peer *peer)
{
    if (log_limit_take(&control->malformed, fc_now_ns()))
        fc_log(FC_LOG_WARNING, NULL, "control: a malformed request from uid %u (pid %d)", peer->uid,
               peer->pid);
}

/* Receives one message; -EAGAIN when there is none. */
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
        return 0; /* the guard should not have admitted it */
    call.account = control_roles_account(control->spec.roles, call.peer.uid);
    if (codec_control_decode_request(control->requests, bytes, n_bytes, &request) < 0) {
        control_say_malformed(control, &call.peer);
        return 0;
    }
    call.id = request.id;
    call.verb = request.verb;
    if (request.n_names)
        snprintf(call.subject, sizeof(call.subject), "%s", request.names[0]);
    verbs_handle(control, &call, &request);
    return 0;
}

static void control_resume(void *userdata)
{
    struct control *control = userdata;

    control->is_paused = false;
    loop_modify(control->source, EPOLLIN);
    loop_defer(control->spec.runtime->loop, &control->receive);
}

/* Reads nothing for a while: what comes waits in the clients. */
static void control_pause(struct control *control)
{
    control->is_paused = true;
    loop_modify(control->source, 0);
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
        r = control_server_new(&control->server, CONTROL_SOCKET, runtime->control_fd);
    if (r < 0)
        return r;
    runtime->control_fd = -1;
    return loop_add(runtime->loop, &control->source, control_server_fd(control->server), EPOLLIN,
                    "the control socket", control_ready, control);
}

int control_new(struct control **controlp, const struct control_spec *spec)
{
    struct control *control = calloc(1, sizeof(*control));
    int r;

    if (!control)
        return -ENOMEM;
    control->spec = *spec;
    control->landlock_abi = landlock_abi();
    control->receive =
        (struct loop_task){.fn = control_turn, .what = "the control socket", .userdata = control};
    control->resume = (struct timer){.fn = control_resume, .what = "the control socket", .userdata = control};
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
        control->show->router.tap = NULL; /* it ends; a show that was changed is gone already */
    if (!show)
        control_record_stop(control, "the show has ended");
    control->show = show;
    control_change_show(control);
    control_follow_change_show(control, control->log_followers);
    control_follow_change_show(control, control->watch.followers);
    control_watch_change_show(control);
}

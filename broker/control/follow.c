/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps the clients that asked to be told of what comes, and sends it to them. */
#include "broker/control/follow.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/control/desk.h"
#include "broker/control/private.h"
#include "broker/control/reply.h"
#include "broker/control/scope.h"
#include "firecurtain/time.h"

#define FOLLOW_QUIET_NS (2 * FC_NS_PER_S)

bool control_has_room(const struct control *control, uid_t uid, size_t n_others, size_t n_own, size_t places,
                      size_t kept, size_t per_uid)
{
    if (control_roles_is_owner(control->spec.roles, uid))
        return n_others + n_own < places;
    return n_own < per_uid && n_others + n_own + kept < places;
}

static struct control_follower *follow_find_place(struct control *control, struct control_follower *followers,
                                                  uid_t uid)
{
    struct control_follower *place = NULL;
    size_t n_others = 0, n_own = 0;

    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++) {
        if (!followers[i].is_used)
            place = &followers[i];
        else if (followers[i].call.peer.uid == uid)
            n_own++;
        else
            n_others++;
    }
    return control_has_room(control, uid, n_others, n_own, CONTROL_FOLLOWERS, CONTROL_FOLLOWERS_KEPT,
                            CONTROL_FOLLOWERS_PER_UID)
               ? place
               : NULL;
}

struct control_follower *control_follow(struct control *control, struct control_follower *followers,
                                        const struct control_call *call, struct control_reply *reply)
{
    struct control_follower *follower = follow_find_place(control, followers, call->peer.uid);

    if (follower) {
        *follower = (struct control_follower){.call = *call, .is_used = true, .told_ns = fc_now_ns()};
        return follower;
    }
    reply->outcome = CONTROL_FAILED;
    reply->text = "too many clients are watching already";
    return NULL;
}

/* Drops a follower, and has the desk forget its watch. */
static void follow_drop(struct control *control, struct control_follower *followers, size_t place)
{
    if (followers == control->watch.followers)
        control_desk_send(control->desk,
                          &(struct desk_message){.type = DESK_UNWATCH, .number = (uint32_t)place});
    control_unfollow(&followers[place]);
}

void control_follow_revoked(struct control *control, unsigned token)
{
    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++) {
        if (control->watch.followers[i].is_used && control->watch.followers[i].call.token == token)
            follow_drop(control, control->watch.followers, i);
        if (control->log_followers[i].is_used && control->log_followers[i].call.token == token)
            follow_drop(control, control->log_followers, i);
    }
}

void control_follow_change_show(struct control *control, struct control_follower *followers)
{
    for (size_t i = 0; control->show && i < CONTROL_FOLLOWERS; i++) {
        struct control_reply reply = {.outcome = CONTROL_REFUSED, .text = "this uid is no longer a user"};

        if (!followers[i].is_used || followers[i].call.role != CONTROL_USER ||
            control_user(control->show, followers[i].call.account))
            continue;
        control_send(control, &followers[i].call, &reply);
        follow_drop(control, followers, i);
    }
}

void control_unfollow(struct control_follower *follower)
{
    free(follower->instance);
    *follower = (struct control_follower){0};
}

void control_follow_gone(struct control_follower *followers, uint64_t client)
{
    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++) {
        if (followers[i].is_used && (!client || followers[i].call.client == client))
            control_unfollow(&followers[i]);
    }
}

bool control_follow_sent(struct control_follower *followers, uint64_t client, uint64_t id)
{
    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++) {
        struct control_follower *follower = &followers[i];

        if (!follower->is_used || follower->call.client != client || follower->call.id != id ||
            !follower->n_sent)
            continue;
        follower->n_sent--;
        return true;
    }
    return false;
}

int control_tell(struct control *control, struct control_follower *follower, unsigned window,
                 struct control_reply *reply)
{
    int r = -EAGAIN;

    if (follower->n_sent < window)
        r = control_stream(control, &follower->call, reply);
    if (r == 0) {
        follower->is_told = true;
        follower->n_sent++;
    }
    return r;
}

bool control_is_quiet(struct control_follower *follower, uint64_t now_ns)
{
    if (follower->is_told || now_ns - follower->told_ns >= FOLLOW_QUIET_NS) {
        bool was_told = follower->is_told;

        follower->is_told = false;
        follower->told_ns = now_ns;
        return !was_told;
    }
    return false;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Marks users, or all outputs, as frozen or revoked; the router looks at the marks for each event
 * (route_may_pass()).
 */
#include "broker/show/access.h"

#include "broker/show/show.h"
#include "broker/show/user.h"
#include "firecurtain/log.h"

void user_freeze(struct user *user, bool freeze)
{
    if (user->is_frozen != freeze)
        fc_log(FC_LOG_INFO, user->name, freeze ? "frozen" : "no longer frozen");
    user->is_frozen = freeze;
}

static void access_zero(struct show *show, const struct user *user)
{
    struct router *router = &show->router;

    for (size_t i = 0; i < router->n_targets; i++) {
        const struct route_target *target = &router->targets[i];
        struct channel *channel = &target->instance->channels[target->channel];

        if (!target->is_shared || channel->writer != user->number)
            continue;
        channel->writer = 0; /* so that it is set once, however often it is mapped */
        router_set(router, target, 0.0);
    }
}

void user_revoke(struct show *show, struct user *user)
{
    if (user->is_revoked)
        return;
    fc_log(FC_LOG_INFO, user->name, "revoked");
    user->is_revoked = true;
    if (user->on_revoke == USER_ZERO && user->number)
        access_zero(show, user);
}

void show_freeze(struct show *show, bool freeze)
{
    if (show->router.is_frozen != freeze)
        fc_log(FC_LOG_INFO, NULL, freeze ? "outputs are frozen" : "outputs are no longer frozen");
    show->router.is_frozen = freeze;
}

bool show_is_frozen(const struct show *show)
{
    return show->router.is_frozen;
}

void user_access_take_over(struct show *next, const struct show *show)
{
    next->router.is_frozen = show->router.is_frozen;
    for (size_t i = 0; i < next->n_users; i++) {
        const struct user *before = show_find_user(show, next->users[i]->name);

        if (!before)
            continue;
        next->users[i]->is_frozen = before->is_frozen;
        next->users[i]->is_revoked = before->is_revoked;
    }
}

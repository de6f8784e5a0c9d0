/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decides what of the show exists for a caller. Users see their own instances and the channels of the house
 * that they were granted; for anything else they get the answer that they would get if it did not exist.
 */
#include "broker/control/scope.h"

#include <string.h>

#include "broker/base/suggest.h"
#include "broker/control/private.h"
#include "broker/control/reply.h"
#include "broker/show/grant.h"
#include "broker/show/show.h"
#include "broker/show/user.h"
#include "firecurtain/backend.h"
#include "firecurtain/time.h"

#define SCOPE_LOOK 16 /* what it costs a suggestion to find out whether a channel was granted */

struct user *control_user(const struct show *show, unsigned account)
{
    for (size_t i = 0; account && i < show->n_users; i++) {
        if (show->users[i]->number == account)
            return show->users[i]->is_revoked ? NULL : show->users[i];
    }
    return NULL;
}

static bool scope_is_own(const struct control_call *call, const struct fc_instance *instance)
{
    return call->account && instance_account(instance) == call->account;
}

bool control_may_see(const struct control_call *call, const struct fc_instance *instance)
{
    return call->role >= CONTROL_OBSERVER || scope_is_own(call, instance);
}

bool control_may_change(const struct control_call *call, const struct fc_instance *instance)
{
    return call->role == CONTROL_ADMINISTRATOR || scope_is_own(call, instance);
}

static bool scope_may_restart(const struct control_call *call, const struct fc_instance *instance)
{
    return call->role >= CONTROL_OPERATOR || scope_is_own(call, instance);
}

bool control_may_emit(const struct control_call *call, const struct fc_instance *instance)
{
    return control_may_change(call, instance) ||
           (call->role == CONTROL_OPERATOR && instance->backend->is_for_operators);
}

/* Returns whether the user's mappings could name the channel of the house, in either direction. */
static bool scope_is_granted(const struct control_call *call, const struct fc_instance *instance,
                             const char *channel)
{
    const struct user *user = instance->owner ? NULL : control_user(instance->show, call->account);

    return user &&
           (user_may(user, instance, channel, FC_SOURCE) || user_may(user, instance, channel, FC_TARGET));
}

bool control_may_see_channel(const struct control_call *call, const struct fc_instance *instance,
                             uint32_t channel)
{
    return control_may_see(call, instance) ||
           scope_is_granted(call, instance, instance_channel_name(instance, channel));
}

bool control_may_see_route(const struct control_call *call, const struct fc_instance *from,
                           const struct fc_instance *to)
{
    return call->role >= CONTROL_OBSERVER || scope_is_own(call, from) || scope_is_own(call, to);
}

static struct fc_instance *scope_find(const struct show *show, const char *name)
{
    struct fc_instance *instance;

    HASH_FIND_STR(show->by_name, name, instance);
    return instance;
}

/* Finds the caller's own instance that is called so behind the user's name, or NULL. */
static const char *scope_find_owned(const struct show *show, const struct control_call *call,
                                    const char *name)
{
    for (size_t i = 0; i < show->n_instances && i < SUGGEST_BUDGET; i++) {
        const struct fc_instance *instance = show->instances[i];

        if (instance->owner && strcmp(instance_own_name(instance), name) == 0 &&
            control_may_see(call, instance))
            return instance->name;
    }
    return NULL;
}

/* Whether there may be a suggestion: each takes a while, and those for users take none from others. */
static bool scope_may_suggest(struct control *control, const struct control_call *call)
{
    return rate_allow(&control->suggestions[call->role >= CONTROL_OBSERVER], fc_now_ns());
}

static void scope_say_unknown(struct control *control, const struct control_call *call, const char *name,
                              struct control_reply *reply)
{
    const struct show *show = control->show;
    struct suggest suggest;
    char hint[128];
    const char *text;

    suggest_init(&suggest, name);
    if (scope_may_suggest(control, call))
        suggest.best = scope_find_owned(show, call, name);
    else
        suggest.left = 0;
    for (size_t i = 0; !suggest.best && i < show->n_instances && suggest.left; i++) {
        suggest_spend(&suggest, 1);
        if (control_may_see(call, show->instances[i]))
            suggest_offer(&suggest, show->instances[i]->name);
    }
    text = suggest_hint(&suggest, hint, sizeof(hint));
    reply->outcome = CONTROL_UNKNOWN_NAME;
    reply->text =
        control_format(control, "there is no instance \"%s\"%s%s", name, text ? "; " : "", text ? text : "");
}

struct fc_instance *control_find(struct control *control, const struct control_call *call, const char *name,
                                 struct control_reply *reply)
{
    struct fc_instance *instance = scope_find(control->show, name);

    if (instance && control_may_see(call, instance))
        return instance;
    scope_say_unknown(control, call, name, reply);
    return NULL;
}

static void scope_say_not_yours(struct control *control, const struct fc_instance *instance,
                                struct control_reply *reply)
{
    reply->outcome = CONTROL_REFUSED;
    reply->text = control_format(control, "%s is not yours", instance->name);
}

struct fc_instance *control_find_own(struct control *control, const struct control_call *call,
                                     const char *name, struct control_reply *reply)
{
    struct fc_instance *instance = control_find(control, call, name, reply);

    if (!instance || control_may_change(call, instance))
        return instance;
    scope_say_not_yours(control, instance, reply);
    return NULL;
}

struct fc_instance *control_find_restartable(struct control *control, const struct control_call *call,
                                             const char *name, struct control_reply *reply)
{
    struct fc_instance *instance = control_find(control, call, name, reply);

    if (!instance || scope_may_restart(call, instance))
        return instance;
    scope_say_not_yours(control, instance, reply);
    return NULL;
}

/* Splits INSTANCE.CHANNEL. Returns the instance's name; or NULL with the answer in `reply`. */
static const char *scope_split(struct control *control, const char *name, const char **channel,
                               struct control_reply *reply)
{
    const char *dot = strchr(name, '.');

    if (!dot || dot == name || !dot[1]) {
        reply->outcome = CONTROL_INVALID;
        reply->text = control_format(control, "\"%s\" is not INSTANCE.CHANNEL", name);
        return NULL;
    }
    *channel = dot + 1;
    return control_format(control, "%.*s", (int)(dot - name), name);
}

static void scope_say_no_channel(struct control *control, const struct control_call *call,
                                 const struct fc_instance *instance, const char *channel,
                                 struct control_reply *reply)
{
    struct suggest suggest;
    char hint[CONTROL_MAX_NAME];
    const char *text;

    suggest_init(&suggest, channel);
    if (!scope_may_suggest(control, call))
        suggest.left = 0;
    for (uint32_t i = 0; i < instance->n_channels && suggest.left; i++) {
        suggest_spend(&suggest, control_may_see(call, instance) ? 1 : SCOPE_LOOK);
        if (control_may_see_channel(call, instance, i))
            suggest_offer(&suggest, instance_channel_name(instance, i));
    }
    text = suggest_hint(&suggest, hint, sizeof(hint));
    reply->outcome = CONTROL_UNKNOWN_NAME;
    reply->text = control_format(control, "%s has no channel \"%s\"%s%s", instance->name, channel,
                                 text ? "; " : "", text ? text : "");
}

int64_t control_find_channel(struct control *control, const struct control_call *call, const char *name,
                             struct fc_instance **instance, struct control_reply *reply)
{
    const char *channel, *own = scope_split(control, name, &channel, reply);
    int64_t id;

    if (!own)
        return -1;
    *instance = scope_find(control->show, own);
    id = *instance ? instance_find_channel(*instance, channel) : -1;
    if (id >= 0 && control_may_see_channel(call, *instance, (uint32_t)id))
        return id;
    if (*instance && control_may_see(call, *instance))
        scope_say_no_channel(control, call, *instance, channel, reply);
    else
        scope_say_unknown(control, call, own, reply);
    return -1;
}

struct user *control_find_user(struct control *control, const struct control_call *call, const char *name,
                               struct control_reply *reply)
{
    const struct show *show = control->show;
    struct user *user = show_find_user(show, name);
    struct suggest suggest;
    char hint[128];
    const char *text;
    size_t n;

    if (user && !user->is_revoked)
        return user;
    suggest_init(&suggest, name);
    n = scope_may_suggest(control, call) ? show->n_users : 0;
    for (size_t i = 0; i < n; i++)
        suggest_offer(&suggest, show->users[i]->name);
    text = suggest_hint(&suggest, hint, sizeof(hint));
    reply->outcome = CONTROL_UNKNOWN_NAME;
    reply->text =
        control_format(control, "there is no user \"%s\"%s%s", name, text ? "; " : "", text ? text : "");
    return NULL;
}

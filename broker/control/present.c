/* SPDX-License-Identifier: BSD-2-Clause */
/* Goes through the instances that a watch names, or through all; what the desk was told already it ignores.
 */
#include "broker/control/present.h"

#include <errno.h>
#include <string.h>

#include "broker/control/desk.h"
#include "broker/control/private.h"
#include "broker/control/reply.h"
#include "broker/control/scope.h"
#include "broker/control/watch_values.h"
#include "broker/show/show.h"

/* Returns the length of the instance's name if a pattern names one instance, or 0. */
static size_t present_instance(const char *pattern)
{
    size_t n = strcspn(pattern, ".*?");

    return pattern[n] == '.' ? n : 0;
}

/* Checks what is no pattern, but a channel's name. */
static bool present_check_name(struct control *control, const struct control_call *call, const char *name,
                               struct control_reply *reply)
{
    struct fc_instance *instance;

    if (strchr(name, '.'))
        return control_find_channel(control, call, name, &instance, reply) >= 0;
    instance = control_find(control, call, name, reply);
    if (!instance)
        return false;
    reply->outcome = CONTROL_INVALID;
    reply->text = control_format(control, "\"%s\" is an instance; its channels are \"%s.*\"", name, name);
    return false;
}

bool control_present_check(struct control *control, const struct control_call *call,
                           const struct control_request *request, struct control_reply *reply)
{
    for (size_t i = 0; i < request->n_names; i++) {
        const char *name = request->names[i];
        size_t n = present_instance(name);

        if (!strpbrk(name, "*?")) {
            if (!present_check_name(control, call, name, reply))
                return false;
        } else if (n && call->role >= CONTROL_OBSERVER &&
                   !control_find(control, call, control_format(control, "%.*s", (int)n, name), reply)) {
            return false; /* users are told by the desk, since channels of the house may be theirs to see */
        }
    }
    return true;
}

static void present_want(struct control *control, struct fc_instance *instance)
{
    control->present.n_wanted += !instance->present.is_wanted;
    instance->present.is_wanted = true;
    instance->present.next = 0;
}

static void present_want_all(struct control *control)
{
    for (size_t i = 0; i < control->show->n_instances; i++)
        present_want(control, control->show->instances[i]);
}

static struct fc_instance *present_find(const struct show *show, const char *name, size_t n)
{
    struct fc_instance *instance;

    HASH_FIND(hh, show->by_name, name, n, instance);
    return instance;
}

void control_present_begin(struct control *control, const struct control_request *request)
{
    bool has_all = false;

    for (size_t i = 0; i < request->n_names; i++) {
        size_t n = present_instance(request->names[i]);
        struct fc_instance *instance = n ? present_find(control->show, request->names[i], n) : NULL;

        if (!n && !has_all)
            present_want_all(control);
        has_all |= !n;
        if (instance)
            present_want(control, instance);
    }
    control->present.is_due = true;
}

void control_present_change_show(struct control *control)
{
    bool was_due = control->present.is_due;
    bool is_told = !control->present.n_wanted && !control->watch.values.n;

    control->present = (struct present){0};
    for (size_t i = 0; control->show && i < control->show->n_instances; i++)
        control->show->instances[i]->present.is_wanted = false;
    if (!was_due || !control->show || !control->watch.n_followers)
        return;
    if (!is_told)
        present_want_all(control);
    control->present.is_due = true;
}

/* Adds channels of one instance. False if there is no room for more. */
static bool present_collect_from(struct control *control, struct fc_instance *instance, unsigned *cost,
                                 unsigned most)
{
    while (instance->present.next < instance->n_channels) {
        const struct route_target target = {.instance = instance, .channel = instance->present.next};

        if (*cost >= most || !watch_values_add_present(&control->watch, &target, cost))
            return false;
        instance->present.next++;
    }
    instance->present.is_wanted = false;
    control->present.n_wanted--;
    return true;
}

void control_present_collect(struct control *control, unsigned *cost, unsigned most)
{
    const struct show *show = control->show;
    struct present *present = &control->present;

    for (size_t passed = 0; present->n_wanted && passed < show->n_instances; passed++) {
        struct fc_instance *instance = show->instances[present->at % show->n_instances];

        if (instance->present.is_wanted && !present_collect_from(control, instance, cost, most))
            return;
        present->at = (present->at + 1) % show->n_instances;
    }
}

void control_present_finish(struct control *control)
{
    struct present *present = &control->present;

    if (!present->is_due || present->n_wanted || control->watch.values.n)
        return;
    if (control_desk_send(control->desk, &(struct desk_message){.type = DESK_KNOWN}) != -EAGAIN)
        present->is_due = false;
}

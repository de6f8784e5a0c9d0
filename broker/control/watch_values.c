/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers channels for the desk, and names them when it does not know the number, or who may see it now. */
#include "broker/control/watch_values.h"

#include <math.h>
#include <stdio.h>

#include "broker/control/scope.h"
#include "broker/show/instance.h"

#define WATCH_NAME_COST  4 /* of naming a channel, and one more for each user that may or may not see it */
#define WATCH_UNNUMBERED UINT32_MAX

struct channel_watch *watch_values_of(const struct watch *watch, const struct route_target *target)
{
    struct channel_watch *seen = &target->instance->channels[target->channel].watch;

    if (seen->generation != watch->generation)
        *seen = (struct channel_watch){.generation = watch->generation, .number = WATCH_UNNUMBERED};
    return seen;
}

/* Returns which watches may see a channel; `*cost` grows with what that took. */
static uint32_t watch_seen_by(const struct watch *watch, const struct route_target *target, unsigned *cost)
{
    uint32_t seen_by = 0;

    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++) {
        const struct control_follower *follower = &watch->followers[i];

        if (!follower->is_used)
            continue;
        if (control_may_see_channel(&follower->call, target->instance, target->channel))
            seen_by |= UINT32_C(1) << i;
        *cost += follower->call.role < CONTROL_OBSERVER;
    }
    return seen_by;
}

bool watch_values_add(struct watch *watch, const struct route_target *target, struct desk_value *value,
                      unsigned *cost)
{
    struct channel_watch *seen = watch_values_of(watch, target);
    bool is_new = seen->number == WATCH_UNNUMBERED;
    char name[DESK_MAX_NAME];

    *cost += 1;
    value->channel = is_new ? watch->n_numbers : seen->number;
    if (is_new && watch->n_numbers == DESK_MAX_CHANNEL)
        return true; /* too many channels: nobody watches it */
    if (is_new || seen->epoch != watch->epoch) {
        *cost += WATCH_NAME_COST;
        if (snprintf(name, sizeof(name), "%s.%s", target->instance->name,
                     instance_channel_name(target->instance, target->channel)) >= (int)sizeof(name))
            return true; /* longer than any pattern */
        value->name = name;
        value->seen_by = watch_seen_by(watch, target, cost);
        if (value->cause != DESK_EVENT && !value->seen_by)
            return true;
    }
    if (!desk_values_add(&watch->values, value))
        return false;
    seen->number = value->channel;
    seen->epoch = watch->epoch;
    watch->n_numbers += is_new;
    return true;
}

bool watch_values_add_present(struct watch *watch, const struct route_target *target, unsigned *cost)
{
    double present = target->instance->values[target->channel];
    struct desk_value value = {.cause = isnan(present) ? DESK_UNSET : DESK_PRESENT,
                               .value = isnan(present) ? 0 : present};

    if (watch_values_of(watch, target)->is_marked)
        return true; /* it is about to be told in any case */
    return watch_values_add(watch, target, &value, cost);
}

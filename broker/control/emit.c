/* SPDX-License-Identifier: BSD-2-Clause */
/* Emits an event by hand, as if an instance had made it. */
#include "broker/control/emit.h"

#include "broker/control/private.h"
#include "broker/control/reply.h"
#include "broker/control/scope.h"
#include "broker/show/observer.h"
#include "broker/show/show.h"

bool control_emit(struct control *control, const struct control_call *call,
                  const struct control_request *request, struct control_reply *reply)
{
    struct fc_instance *instance;
    int64_t id;

    if (request->value < 0.0 || request->value > 1.0) {
        reply->outcome = CONTROL_INVALID;
        reply->text = "a value is from 0 to 1";
        return true;
    }
    id = control_find_channel(control, call, request->names[0], &instance, reply);
    if (id < 0)
        return true;
    if (!control_may_change(call, instance)) {
        reply->outcome = CONTROL_REFUSED;
        reply->text = control_format(control, "%s is not yours", instance->name);
        return true;
    }
    if (observer_is_replay(control->show->router.observer)) {
        reply->outcome = CONTROL_FAILED;
        reply->text = "a recording is being replayed; other input is ignored";
        return true;
    }
    router_emit(&control->show->router, ROUTE_COMMAND, instance, &(uint32_t){(uint32_t)id}, &request->value,
                1);
    if (!instance->channels[id].n_targets)
        reply->text = "nothing is mapped to it";
    return true;
}

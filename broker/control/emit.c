/* SPDX-License-Identifier: BSD-2-Clause */
/* Emits an event by hand, as if an instance had made it: any, or the one that the show defines for panic. */
#include "broker/control/emit.h"

#include "broker/config/console.h"
#include "broker/control/private.h"
#include "broker/control/reply.h"
#include "broker/control/routes.h"
#include "broker/control/scope.h"
#include "broker/show/access.h"
#include "broker/show/observer.h"
#include "broker/show/show.h"

/* Emits, unless a recording is the only input. */
static void emit_event(struct control *control, struct fc_instance *instance, uint32_t channel, double value,
                       struct control_reply *reply)
{
    if (observer_is_replay(control->show->router.observer)) {
        reply->outcome = CONTROL_FAILED;
        reply->text = "a recording is being replayed; other input is ignored";
        return;
    }
    router_emit(&control->show->router, ROUTE_COMMAND, instance, &channel, &value, 1);
}

/* Says that nothing came of it. Of a channel that others set, such as a script's handler, one of those was
 * meant. */
static const char *emit_in_vain(struct control *control, const struct control_call *call,
                                const struct control_request *request)
{
    struct control_reply found = {0};

    control_routes(control, call, request, &found);
    return found.n_routes
               ? control_format(control, "nothing is mapped from it; %s is mapped to it: emit that",
                                found.routes[0].from)
               : "nothing is mapped from it";
}

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
    if (!control_may_emit(call, instance)) {
        reply->outcome = CONTROL_REFUSED;
        reply->text = control_format(control,
                                     call->role == CONTROL_OPERATOR ? "operators may set panels; %s is none"
                                                                    : "%s is not yours",
                                     instance->name);
        return true;
    }
    emit_event(control, instance, (uint32_t)id, request->value, reply);
    if (reply->outcome == CONTROL_DONE && !instance->channels[id].n_targets)
        reply->text = emit_in_vain(control, call, request);
    return true;
}

/* The channel is the show's choice, so operators may use it, whatever its instance is. */
bool control_panic(struct control *control, const struct control_call *call,
                   const struct control_request *request, struct control_reply *reply)
{
    const char *channel = control->spec.console->panic;
    struct control_call administrator = *call;
    struct fc_instance *instance;
    int64_t id;

    (void)request;
    if (!channel[0]) {
        reply->outcome = CONTROL_UNSUPPORTED;
        reply->text = "the show defines no panic; \"panic = CHANNEL\" in the section [console] does";
        return true;
    }
    administrator.role = CONTROL_ADMINISTRATOR;
    id = control_find_channel(control, &administrator, channel, &instance, reply);
    if (id < 0)
        return true;
    if (show_is_frozen(control->show))
        reply->text = "outputs are frozen, so no device gets it until they are unfrozen";
    emit_event(control, instance, (uint32_t)id, 1.0, reply);
    return true;
}

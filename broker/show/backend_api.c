/* SPDX-License-Identifier: BSD-2-Clause */
/* What the core offers to backends (include/firecurtain/backend.h), besides what base/refuse and
 * base/backend_support have. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/backend_support.h"
#include "broker/base/runtime.h"
#include "broker/os/identity.h"
#include "broker/show/instance.h"
#include "broker/show/route.h"
#include "broker/show/show.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

const char *fc_instance_name(const struct fc_instance *instance)
{
    return instance->name;
}

struct fc_lookups *fc_instance_lookups(struct fc_instance *instance)
{
    return show_instance_lookups(instance);
}

void fc_identity(const struct fc_instance *instance, uint8_t identity[FC_IDENTITY_BYTES])
{
    const struct show *show = instance->show;

    identity_of_show(show->runtime->identity, show->path, identity);
}

void fc_because(struct fc_instance *instance, const struct fc_reason *reason)
{
    free(instance->because);
    instance->because = strdup(reason->text); /* without memory, the errno says it */
}

void fc_up(struct fc_instance *instance, bool up)
{
    show_instance_up(instance, up);
}

void fc_quiesced(struct fc_instance *instance)
{
    show_instance_quiesced(instance);
}

void fc_emit(struct fc_instance *instance, uint32_t channel, double value)
{
    instance->n_emitted++;
    router_emit(&instance->show->router, ROUTE_BACKEND, instance, &channel, &value, 1);
}

void fc_heard(struct fc_instance *instance)
{
    instance->heard_ns = fc_now_ns();
}

void fc_emit_answer(struct fc_instance *instance, uint32_t channel, double value, uint32_t answers)
{
    struct router *router = &instance->show->router;
    uint32_t before = router->answers;

    router->answers = answers < UINT16_MAX ? answers : UINT16_MAX;
    fc_emit(instance, channel, value);
    router->answers = before;
}

uint32_t fc_answers(const struct fc_instance *instance)
{
    return instance->show->router.answers;
}

void fc_drop(struct fc_instance *instance, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    backend_drop(&instance->drops, instance->name, format, arguments);
    va_end(arguments);
}

bool fc_may_detect(struct fc_instance *instance)
{
    return backend_may_detect(&instance->detects, instance->name);
}

int fc_watch_new(struct fc_watch **watch, struct fc_instance *instance, int fd, fc_watch_fn ready,
                 void *userdata)
{
    struct runtime *runtime = instance->show->runtime;

    return backend_watch_new(watch, runtime->loop, "input of a backend", &runtime->is_crowded, fd, ready,
                             userdata);
}

int fc_timer_new(struct fc_timer **timer, struct fc_instance *instance, fc_timer_fn fn, void *userdata)
{
    return backend_timer_new(timer, instance->show->runtime->loop, "a timer of a backend", fn, userdata);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What a driver's host offers to its backend: firecurtain/backend.h and lookup.h. In drivers. */
#include <math.h>
#include <stdarg.h>

#include "broker/host/device.h"
#include "broker/host/private.h"
#include "firecurtain/driver.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

const char *fc_instance_name(const struct fc_instance *instance)
{
    return instance->name;
}

void fc_because(struct fc_instance *instance, const struct fc_reason *reason)
{
    instance->because = *reason;
}

void fc_up(struct fc_instance *instance, bool up)
{
    device_up(instance, up);
}

void fc_renew(struct fc_instance *instance)
{
    device_renew(instance);
}

void fc_quiesced(struct fc_instance *instance)
{
    (void)instance; /* a driver is stopped at once */
}

/* Queues the event; all of a turn go to the broker together. */
void fc_emit(struct fc_instance *instance, uint32_t channel, double value)
{
    if (channel >= instance->n_channels || !isfinite(value))
        return;
    if (queue_push(&instance->queue, channel, value) < 0)
        fc_log(FC_LOG_ERROR, NULL, "out of memory: an event was lost");
}

void fc_emit_answer(struct fc_instance *instance, uint32_t channel, double value, uint32_t answers)
{
    (void)answers; /* is not told across the link */
    fc_emit(instance, channel, value);
}

uint32_t fc_answers(const struct fc_instance *instance)
{
    (void)instance;
    return 0;
}

void fc_heard(struct fc_instance *instance)
{
    instance->is_heard = true;
}

void fc_drop(struct fc_instance *instance, const char *format, ...)
{
    va_list arguments;

    instance->malformed++;
    instance->has_news = true;
    va_start(arguments, format);
    backend_drop(&instance->drops, NULL, format, arguments);
    va_end(arguments);
}

bool fc_may_detect(struct fc_instance *instance)
{
    return backend_may_detect(&instance->detects, NULL);
}

int fc_watch_new(struct fc_watch **watch, struct fc_instance *instance, int fd, fc_watch_fn ready,
                 void *userdata)
{
    return backend_watch_new(watch, instance->loop, "input", NULL, fd, ready, userdata);
}

int fc_timer_new(struct fc_timer **timer, struct fc_instance *instance, fc_timer_fn fn, void *userdata)
{
    return backend_timer_new(timer, instance->loop, "a timer", fn, userdata);
}

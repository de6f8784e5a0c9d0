/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared by the tests of the DMX protocols: a core that only remembers its calls, whose descriptors and
 * timers the test looks after. Include it once per program, after cmocka.h.
 */
#ifndef TESTS_UNIT_DMX_RIG_H
#define TESTS_UNIT_DMX_RIG_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/backends/dmx_value.h"
#include "firecurtain/backend.h"
#include "firecurtain/log.h"

#define RIG_MAX_EVENTS 2048

struct fc_instance {
    const char *name;
    struct {
        uint32_t channel;
        double value;
    } events[RIG_MAX_EVENTS];
    unsigned n_events;
    unsigned n_malformed;
    char malformed[128];
    struct fc_lookups *lookups;
};

static char rig_log[8192];
__attribute__((unused)) static struct fc_reason rig_reason;

const char *fc_instance_name(const struct fc_instance *instance)
{
    return instance->name;
}

void fc_emit(struct fc_instance *instance, uint32_t channel, double value)
{
    assert_true(instance->n_events < RIG_MAX_EVENTS);
    instance->events[instance->n_events].channel = channel;
    instance->events[instance->n_events].value = value;
    instance->n_events++;
}

void fc_drop(struct fc_instance *instance, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(instance->malformed, sizeof(instance->malformed), format, arguments);
    va_end(arguments);
    instance->n_malformed++;
}

void fc_log(enum fc_log_level level, const char *instance, const char *format, ...)
{
    size_t used = strlen(rig_log);
    va_list arguments;

    va_start(arguments, format);
    used += (size_t)snprintf(rig_log + used, sizeof(rig_log) - used, "%s: ", instance);
    used += (size_t)vsnprintf(rig_log + used, sizeof(rig_log) - used, format, arguments);
    va_end(arguments);
    assert_true(used + 2 < sizeof(rig_log));
    strcpy(rig_log + used, "\n");
}

/* Asserts that the log is just these lines, and empties it. */
static inline void rig_assert_log(const char *lines)
{
    assert_string_equal(rig_log, lines);
    rig_log[0] = '\0';
}

/* Asserts that `n` events were emitted since the last time, and forgets them. */
static inline void rig_assert_n_events(struct fc_instance *instance, unsigned n)
{
    assert_int_equal(instance->n_events, n);
    instance->n_events = 0;
}

/* Asserts that just this event was emitted since the last time, and forgets it. */
static inline void rig_assert_event(struct fc_instance *instance, uint32_t channel, double value)
{
    assert_int_equal(instance->n_events, 1);
    assert_int_equal(instance->events[0].channel, channel);
    if (instance->events[0].value != value)
        fail_msg("the event has the value %.17g, not %.17g", instance->events[0].value, value);
    instance->n_events = 0;
}

#endif

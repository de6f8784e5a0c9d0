/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loopback backend, and the template for others: every event that is set on a channel is emitted again
 * on the same channel, so that a mapping can give a signal a name of its own.
 *
 * It has no options (MIDIMonster's ignores all), and any text is a channel. The core's hop limit ends the
 * loops that a configuration can make with it.
 *
 * There are two rows, of the same slots: `loopback` runs in the broker, `loopback-driver` in a driver.
 */
#include <stdlib.h>

#include "firecurtain/backend.h"
#include "firecurtain/driver.h"

struct loopback {
    struct fc_instance *instance; /* borrowed; outlives this */
};

static const struct fc_option loopback_options[] = {
    {"*", FC_SCOPE_BACKEND | FC_SCOPE_INSTANCE, true, "anything", "Has no effect"},
    {.name = NULL},
};

static void *loopback_new(struct fc_instance *instance, const char *directory)
{
    struct loopback *self = calloc(1, sizeof(*self));

    if (self)
        self->instance = instance;
    return self;
}

static void loopback_free(void *self)
{
    free(self);
}

static int loopback_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                              struct fc_reason *reason)
{
    return fc_doubt(reason, "a loopback has no options: \"%.80s\" is left out", option);
}

static int loopback_channel(void *self, uint32_t id, const char *name, unsigned directions,
                            struct fc_reason *reason)
{
    return 0;
}

static int loopback_start(void *self)
{
    return 0;
}

static void loopback_stop(void *self)
{
}

static void loopback_set(void *self, uint32_t channel, double value)
{
    struct loopback *loopback = self;

    fc_emit(loopback->instance, channel, value);
}

#define LOOPBACK_SLOTS                                                                                       \
    .options = loopback_options, .instance_new = loopback_new, .instance_free = loopback_free,               \
    .configure = loopback_configure, .channel = loopback_channel, .start = loopback_start,                   \
    .stop = loopback_stop, .set = loopback_set

const struct fc_backend backend_loopback = {
    .name = "loopback",
    .is_for_users = true,
    LOOPBACK_SLOTS,
};

static const struct fc_driver loopback_driver = {.name = "loopback"}; /* it opens nothing */

const struct fc_backend backend_loopback_driver = {
    .name = "loopback-driver",
    .driver = &loopback_driver,
    LOOPBACK_SLOTS,
};

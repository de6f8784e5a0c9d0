/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Open Sound Control backend: UDP packets to channels and back. This is its table, its options, and its
 * start and stop.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/backends/osc_input.h"
#include "broker/backends/osc_name.h"
#include "broker/backends/osc_output.h"
#include "broker/backends/osc_private.h"
#include "firecurtain/log.h"

static const struct fc_option osc_options[] = {
    {"detect", FC_SCOPE_BACKEND, false, "on", "Log every incoming message: address, types and values"},
    {"bind", FC_SCOPE_INSTANCE, false, ":: 8000", "Host and port to receive on"},
    {"destination", FC_SCOPE_INSTANCE, false, "10.11.12.13 8001",
     "Hosts and ports to send to, with commas between them, or learn or learn@PORT: the last sender"},
    {"dest", FC_SCOPE_INSTANCE, false, "learn@9000", "The same as destination"},
    {"root", FC_SCOPE_INSTANCE, false, "/my/osc/path", "Prefix of the address of every channel"},
    {"/", FC_SCOPE_INSTANCE, true, "f 0.0 1.0",
     "Types of the messages whose address matches, and minimum and maximum of each i, f, h and d"},
    {.name = NULL},
};

static void *osc_new(struct fc_instance *instance, const char *directory)
{
    struct osc *self = calloc(1, sizeof(*self));

    if (!self)
        return NULL;
    self->instance = instance;
    self->dirty_end = &self->dirty;
    osc_net_init(&self->net, fc_instance_name(instance));
    return self;
}

static void osc_stop(void *userdata)
{
    struct osc *self = userdata;

    self->rest = fc_timer_free(self->rest);
    if (!self->is_looking)
        osc_output_flush(self); /* what is left of a turn */
    self->watch = fc_watch_free(self->watch);
    osc_net_close(&self->net);
    if (self->is_looking) {
        self->is_looking = false;
        osc_output_flush(self); /* nothing that was set meanwhile can be sent */
    }
}

static void osc_free(void *userdata)
{
    struct osc *self = userdata;

    if (!self)
        return;
    osc_stop(self);
    osc_net_deinit(&self->net);
    osc_paths_deinit(&self->paths);
    free(self);
}

static int set_detect(struct osc *self, const char *value, struct fc_reason *reason)
{
    self->detect = strcmp(value, "off") != 0;
    if (self->detect && strcmp(value, "on") != 0)
        return fc_doubt(reason, "detect is on or off; \"%.40s\" means on", value);
    return 0;
}

static int osc_configure(void *userdata, enum fc_scope scope, const char *option, const char *value,
                         struct fc_reason *reason)
{
    struct osc *self = userdata;

    if (option[0] == '/' || option[0] == '"')
        return osc_paths_add_format(&self->paths, option, value, reason);
    if (strcmp(option, "detect") == 0)
        return set_detect(self, value, reason);
    if (strcmp(option, "bind") == 0)
        return osc_net_set_bind(&self->net, value, reason);
    if (strcmp(option, "destination") == 0 || strcmp(option, "dest") == 0)
        return osc_net_set_destination(&self->net, value, reason);
    if (strcmp(option, "root") == 0)
        return osc_paths_set_root(&self->paths, value, reason);
    return fc_refuse(reason, "the backend osc has no option \"%.80s\"", option);
}

static int osc_configured(void *userdata, struct fc_reason *reason)
{
    const struct osc *self = userdata;

    return osc_net_check(&self->net, reason);
}

static int osc_beside(void *userdata, const void *before, struct fc_reason *reason)
{
    const struct osc *self = userdata, *other = before;

    return osc_net_beside(&self->net, &other->net, reason);
}

static bool osc_is_doubtful(void *userdata, unsigned directions, struct fc_reason *reason)
{
    const struct osc *self = userdata;

    return osc_net_is_doubtful(&self->net, directions, reason);
}

static int osc_canonical(void *userdata, const char *name, char *canonical, size_t bytes,
                         struct fc_reason *reason)
{
    return osc_name_canonical(name, canonical, bytes, reason);
}

static int osc_channel(void *userdata, uint32_t id, const char *name, unsigned directions,
                       struct fc_reason *reason)
{
    struct osc *self = userdata;

    return osc_paths_add_channel(&self->paths, id, name, directions, reason);
}

static int osc_start(void *userdata)
{
    struct osc *self = userdata;
    struct fc_reason reason = {.text = ""};
    int r = osc_net_open(&self->net, fc_instance_lookups(self->instance), &reason);

    self->is_looking = r == -EINPROGRESS;
    if (self->is_looking)
        return r;
    if (r < 0) {
        fc_because(self->instance, &reason);
        return r;
    }
    self->has_warned_no_peer = false;
    self->generation++; /* whoever is there now may be another than before */
    if (self->net.fd >= 0)
        r = fc_watch_new(&self->watch, self->instance, self->net.fd, osc_input_ready, self);
    if (r == 0)
        r = fc_timer_new(&self->rest, self->instance, osc_output_flush, self);
    if (r == 0)
        osc_output_flush(self); /* what was set while names were looked up */
    return r;
}

const struct fc_backend backend_osc = {
    .name = "osc",
    .options = osc_options,
    .instance_new = osc_new,
    .instance_free = osc_free,
    .configure = osc_configure,
    .configured = osc_configured,
    .is_doubtful = osc_is_doubtful,
    .beside = osc_beside,
    .canonical = osc_canonical,
    .channel = osc_channel,
    .start = osc_start,
    .stop = osc_stop,
    .set = osc_output_set,
    .flush = osc_output_flush,
};

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
#include "firecurtain/option.h"
#include "firecurtain/time.h"

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
    struct osc *osc = calloc(1, sizeof(*osc));

    if (!osc)
        return NULL;
    osc->instance = instance;
    osc->dirty_end = &osc->dirty;
    osc_net_init(&osc->net, fc_instance_name(instance));
    osc_effort_init(&osc->effort, fc_now_ns());
    return osc;
}

static void osc_stop(void *self)
{
    struct osc *osc = self;

    osc->rest = fc_timer_free(osc->rest);
    if (!osc->is_looking)
        osc_output_flush(osc); /* what is left of a turn */
    osc_input_stop(osc);
    osc->watch = fc_watch_free(osc->watch);
    osc_net_close(&osc->net);
    if (osc->is_looking) {
        osc->is_looking = false;
        osc_output_flush(osc); /* nothing that was set meanwhile can be sent */
    }
}

static void osc_free(void *self)
{
    struct osc *osc = self;

    if (!osc)
        return;
    osc_stop(osc);
    osc_net_deinit(&osc->net);
    osc_paths_deinit(&osc->paths);
    free(osc);
}

static int osc_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                         struct fc_reason *reason)
{
    struct osc *osc = self;

    if (option[0] == '/' || option[0] == '"')
        return osc_paths_add_format(&osc->paths, option, value, reason);
    if (strcmp(option, "detect") == 0)
        return fc_option_detect(&osc->detect, value, reason);
    if (strcmp(option, "bind") == 0)
        return osc_net_set_bind(&osc->net, value, reason);
    if (strcmp(option, "destination") == 0 || strcmp(option, "dest") == 0)
        return osc_net_set_destination(&osc->net, value, reason);
    if (strcmp(option, "root") == 0)
        return osc_paths_set_root(&osc->paths, value, reason);
    return fc_refuse(reason, "the backend osc has no option \"%.80s\"", option);
}

static int osc_configured(void *self, struct fc_reason *reason)
{
    const struct osc *osc = self;

    return osc_net_check(&osc->net, reason);
}

static int osc_beside(void *self, const void *before, struct fc_reason *reason)
{
    const struct osc *osc = self, *other = before;

    return osc_net_beside(&osc->net, &other->net, reason);
}

static bool osc_is_doubtful(void *self, unsigned directions, struct fc_reason *reason)
{
    const struct osc *osc = self;

    return osc_net_is_doubtful(&osc->net, directions, reason);
}

static int osc_canonical(void *self, const char *name, char *canonical, size_t bytes,
                         struct fc_reason *reason)
{
    return osc_name_canonical(name, canonical, bytes, reason);
}

static int osc_channel(void *self, uint32_t id, const char *name, unsigned directions,
                       struct fc_reason *reason)
{
    struct osc *osc = self;

    return osc_paths_add_channel(&osc->paths, id, name, directions, reason);
}

/* Does more of what a turn was not enough for. */
static void osc_rest(void *self)
{
    osc_output_flush(self);
    osc_input_go_on(self);
}

static int osc_start(void *self)
{
    struct osc *osc = self;
    struct fc_reason reason = {.text = ""};
    int r = osc_net_open(&osc->net, fc_instance_lookups(osc->instance), &reason);

    osc->is_looking = r == -EINPROGRESS;
    if (osc->is_looking)
        return r;
    if (r < 0) {
        fc_because(osc->instance, &reason);
        return r;
    }
    osc->has_warned_no_peer = false;
    osc->generation++; /* whoever is there now may be another than before */
    if (osc->net.fd >= 0)
        r = fc_watch_new(&osc->watch, osc->instance, osc->net.fd, osc_input_ready, osc);
    if (r == 0)
        r = fc_timer_new(&osc->rest, osc->instance, osc_rest, osc);
    if (r == 0)
        osc_output_flush(osc); /* what was set while names were looked up */
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

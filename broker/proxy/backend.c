/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slots of proxies. Those about the configuration are the backend's own, on a state that opens nothing;
 * what they were told is written down for the driver. Runs in the broker, and in `check`.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/base/log.h"
#include "broker/proxy/link.h"
#include "broker/proxy/network.h"
#include "broker/proxy/private.h"
#include "broker/proxy/process.h"
#include "broker/proxy/proxy.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

/* A backend of the core's, and the row that it stands for. */
struct proxy_backend {
    struct fc_backend backend;
    const struct fc_backend *row;
};

static void *proxy_new(struct fc_instance *instance, const char *directory)
{
    struct proxy *proxy = calloc(1, sizeof(*proxy));

    if (!proxy)
        return NULL;
    proxy->instance = instance;
    proxy->row = ((const struct proxy_backend *)instance->backend)->row;
    proxy_process_init(proxy);
    proxy_link_init(proxy);
    log_source_init(&proxy->lines, instance->name, PROXY_LOG_RATE);
    proxy->folder = strdup(directory);
    if (proxy->folder)
        proxy->self = proxy->row->instance_new(instance, directory);
    if (proxy->self)
        return proxy;
    free(proxy->folder);
    free(proxy);
    return NULL;
}

static void proxy_free(void *self)
{
    struct proxy *proxy = self;

    if (!proxy)
        return;
    proxy->row->instance_free(proxy->self);
    log_source_end(&proxy->lines);
    for (size_t i = 0; i < proxy->n_options; i++) {
        free((char *)proxy->options[i].name);
        free((char *)proxy->options[i].value);
    }
    free(proxy->options);
    free(proxy->channels);
    free(proxy->folder);
    policy_deinit(&proxy->policy);
    queue_deinit(&proxy->queue);
    free(proxy);
}

/* Writes an option down for the driver. */
static int proxy_note(struct proxy *proxy, enum fc_scope scope, const char *option, const char *value)
{
    struct message_option *options = grow_by_one(proxy->options, proxy->n_options, sizeof(*options));
    FC_AUTO_FREE char *name = strdup(option);
    FC_AUTO_FREE char *text = strdup(value);

    if (options)
        proxy->options = options;
    if (!options || !name || !text)
        return -ENOMEM;
    proxy->options[proxy->n_options++] =
        (struct message_option){.scope = scope, .name = fc_steal(name), .value = fc_steal(text)};
    return 0;
}

static int proxy_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                           struct fc_reason *reason)
{
    struct proxy *proxy = self;
    int r = proxy->row->configure(proxy->self, scope, option, value, reason);

    return r >= 0 && proxy_note(proxy, scope, option, value) < 0 ? -ENOMEM : r;
}

static int proxy_configured(void *self, struct fc_reason *reason)
{
    struct proxy *proxy = self;

    return proxy->row->configured(proxy->self, reason);
}

static bool proxy_is_doubtful(void *self, unsigned directions, struct fc_reason *reason)
{
    struct proxy *proxy = self;

    return proxy->row->is_doubtful(proxy->self, directions, reason);
}

static int proxy_canonical(void *self, const char *name, char *canonical, size_t bytes,
                           struct fc_reason *reason)
{
    struct proxy *proxy = self;

    return proxy->row->canonical(proxy->self, name, canonical, bytes, reason);
}

static int proxy_beside(void *self, const void *other, struct fc_reason *reason)
{
    struct proxy *proxy = self;

    return proxy->row->beside(proxy->self, ((const struct proxy *)other)->self, reason);
}

static int proxy_channel(void *self, uint32_t id, const char *name, unsigned directions,
                         struct fc_reason *reason)
{
    struct proxy *proxy = self;
    int r;

    if (strlen(name) > CODEC_MAX_NAME)
        return fc_refuse(reason, "a channel name has at most %u bytes", CODEC_MAX_NAME);
    r = proxy->row->channel(proxy->self, id, name, directions, reason);
    if (r < 0)
        return r;
    if (id == proxy->n_channels) {
        struct proxy_channel *channels = grow_by_one(proxy->channels, id, sizeof(*channels));

        if (!channels)
            return -ENOMEM;
        proxy->channels = channels;
        proxy->channels[id].value = NAN;
        proxy->n_channels++;
    }
    proxy->channels[id].directions = directions;
    proxy->has_new_channels = true;
    return r;
}

static int proxy_start(void *self)
{
    struct proxy *proxy = self;
    int r = network_resolve(proxy);

    if (r < 0)
        return r;
    log_source_register(&proxy->lines);
    r = proxy_process_start(proxy);
    return r < 0 ? r : 1;
}

static void proxy_stop(void *self)
{
    struct proxy *proxy = self;

    if (proxy->instance->show->runtime)
        proxy_process_stop(proxy);
    proxy->status[0] = '\0';
}

/* Logs that the queue is full, at most once a second. */
static void proxy_warn_full(struct proxy *proxy)
{
    if (proxy->queue.replaced == proxy->lost || !fc_once_a_second(&proxy->lost_ns))
        return;
    fc_log(FC_LOG_WARNING, proxy->instance->name,
           "cannot keep up: %llu values gave way to newer ones of the same channel",
           (unsigned long long)(proxy->queue.replaced - proxy->lost));
    proxy->lost = proxy->queue.replaced;
}

static void proxy_set_many(void *self, const uint32_t *channels, const double *values, size_t n)
{
    struct proxy *proxy = self;

    for (size_t i = 0; i < n; i++)
        proxy->channels[channels[i]].value = values[i];
    if (!proxy_is_told(proxy)) /* the next driver is told these values when it starts */
        return;
    if (queue_push_many(&proxy->queue, channels, values, n) < 0)
        fc_log(FC_LOG_ERROR, proxy->instance->name, "out of memory: events were lost");
    proxy_warn_full(proxy);
}

static void proxy_set(void *self, uint32_t channel, double value)
{
    proxy_set_many(self, &channel, &value, 1);
}

static void proxy_flush(void *self)
{
    proxy_link_pump(self);
}

static void proxy_refresh(void *self)
{
    proxy_link_tell_channels(self);
}

static void proxy_describe(const void *self, char *text, size_t bytes)
{
    const struct proxy *proxy = self;

    snprintf(text, bytes, "%s", proxy->status);
}

void proxy_status_read(const struct fc_instance *instance, uint64_t now_ns, struct proxy_status *status)
{
    const struct proxy *proxy = instance->self;

    *status = (struct proxy_status){.pid = proxy->pid, .restarts = proxy->restarts.n};
    if (proxy->pid)
        status->uptime_ms = (now_ns - proxy->began_ns) / FC_NS_PER_MS;
}

static void proxy_make(struct proxy_backend *proxy, const struct fc_backend *row)
{
    proxy->row = row;
    proxy->backend = (struct fc_backend){
        .name = row->name,
        .is_for_users = row->is_for_users,
        .driver = row->driver,
        .options = row->options,
        .instance_new = proxy_new,
        .instance_free = proxy_free,
        .configure = proxy_configure,
        .configured = row->configured ? proxy_configured : NULL,
        .is_doubtful = row->is_doubtful ? proxy_is_doubtful : NULL,
        .canonical = row->canonical ? proxy_canonical : NULL,
        .channel = proxy_channel,
        .start = proxy_start,
        .stop = proxy_stop,
        .set = proxy_set,
        .set_many = proxy_set_many,
        .flush = proxy_flush,
        .refresh = proxy_refresh,
        .beside = row->beside ? proxy_beside : NULL,
        .describe = proxy_describe,
    };
}

const struct fc_backend *proxy_for(const struct fc_backend *row)
{
    enum { MOST = 16 }; /* rows in the table of backends */
    static struct proxy_backend proxies[MOST];
    size_t i = 0;

    if (!row->driver)
        return row;
    while (i < MOST - 1 && proxies[i].row && proxies[i].row != row)
        i++;
    if (proxies[i].row != row)
        proxy_make(&proxies[i], row);
    return &proxies[i].backend;
}

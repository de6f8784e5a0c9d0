/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conversation with a driver. It has one batch at a time to answer, within a time limit; without events
 * it gets an empty one now and then, so that a driver that hangs is noticed even if nothing is set on it.
 */
#include "broker/proxy/link.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "broker/proxy/end.h"
#include "broker/proxy/network.h"
#include "broker/proxy/private.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/driver.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"
#include "proto/codec_driver.h"
#include "proto/codec_name.h"
#include "proto/link.h"

#define LINK_BUDGET 16  /* messages in a turn of the loop, or what costs as much */
#define LINK_EVENTS 512 /* so many events of a report cost as much as a message */

static void proxy_link_set_deadline(struct proxy *proxy, uint64_t ms)
{
    loop_set_timer(proxy_runtime(proxy)->loop, &proxy->deadline, fc_now_ns() + ms * FC_NS_PER_MS);
}

static int proxy_link_send(struct proxy *proxy, const struct message *message)
{
    return child_link_send(&proxy->link, proxy_runtime(proxy)->codec, message);
}

static void proxy_link_send_or_kill(struct proxy *proxy, const struct message *message)
{
    int r = proxy_link_send(proxy, message);

    if (r < 0)
        proxy_end_driver(proxy, "\"%s\" cannot be sent: %s", message_name(message->type), strerror(-r));
}

/* Fills in a part of the channels. Returns their number. */
static size_t proxy_link_fill_channels(const struct proxy *proxy, uint32_t first,
                                       struct message_channel *list, size_t most)
{
    size_t bytes = 0, n = 0;

    for (; n < most && first + n < proxy->n_channels; n++) {
        uint32_t id = first + (uint32_t)n;
        const char *name = instance_channel_name(proxy->instance, id);

        bytes += CODEC_CHANNEL_BYTES + strlen(name);
        if (bytes > CODEC_MAX_MESSAGE / 2)
            break;
        list[n] = (struct message_channel){
            .name = name,
            .target = proxy->channels[id].directions & FC_TARGET,
            .source = proxy->channels[id].directions & FC_SOURCE,
            .input = proxy->channels[id].value,
        };
    }
    return n;
}

static void proxy_link_send_channels(struct proxy *proxy, bool values)
{
    enum { AT_ONCE = 512 };
    struct message_channel list[AT_ONCE];

    proxy->has_new_channels = false;
    for (uint32_t first = 0; first < proxy->n_channels && proxy->state != ORDER_CLOSED;) {
        size_t n = proxy_link_fill_channels(proxy, first, list, AT_ONCE);
        const struct message message = {
            .type = MESSAGE_CHANNELS,
            .channels = {.list = list, .n = n, .first = first, .values = values},
        };

        proxy_link_send_or_kill(proxy, &message);
        first += (uint32_t)n;
    }
}

void proxy_link_tell_channels(struct proxy *proxy)
{
    if (proxy->has_new_channels && proxy_is_told(proxy))
        proxy_link_send_channels(proxy, false);
}

/* Sends a batch, which may be empty. Returns the number of its events. */
static size_t proxy_link_send_batch(struct proxy *proxy)
{
    struct message message = {.type = MESSAGE_BATCH};
    size_t n = queue_peek(&proxy->queue, &message.batch.channels, &message.batch.values);

    message.batch.n_events = n < CODEC_MAX_BATCH_EVENTS ? n : CODEC_MAX_BATCH_EVENTS;
    proxy_link_send_or_kill(proxy, &message);
    if (proxy->state == ORDER_CLOSED)
        return 0;
    queue_consume(&proxy->queue, message.batch.n_events);
    return message.batch.n_events;
}

static void proxy_link_send_next(struct proxy *proxy)
{
    proxy->state = ORDER_BUSY;
    proxy_link_set_deadline(proxy, PROXY_BATCH_MS);
    proxy_link_send_batch(proxy);
}

void proxy_link_pump(struct proxy *proxy)
{
    if (proxy->state == ORDER_IDLE && queue_length(&proxy->queue))
        proxy_link_send_next(proxy);
}

void proxy_link_say_stop(struct proxy *proxy)
{
    while (proxy_is_told(proxy) && outbox_is_empty(&proxy->link.outbox) && queue_length(&proxy->queue) &&
           proxy_link_send_batch(proxy))
        ;
    if (proxy_is_told(proxy) && outbox_is_empty(&proxy->link.outbox))
        proxy_link_send(proxy, &(struct message){.type = MESSAGE_STOP});
}

/* The time has come for its answer, or to ask whether it answers. */
static void proxy_link_due(void *userdata)
{
    struct proxy *proxy = userdata;

    if (proxy->state == ORDER_IDLE)
        proxy_link_send_next(proxy);
    else if (proxy->state == ORDER_BUSY)
        proxy_end_driver(proxy, "it has not answered for %d s", PROXY_BATCH_MS / 1000);
    else if (proxy->state == ORDER_CLOSED)
        proxy_end_driver(proxy, "it has closed its link to the broker");
    else
        proxy_end_driver(proxy, "it did not start in time");
}

struct message proxy_link_setup(const struct proxy *proxy)
{
    return (struct message){
        .type = MESSAGE_SETUP,
        .setup = {.instance = proxy->instance->name,
                  .default_handler = "",
                  .backend = proxy->row->name,
                  .folder = proxy->folder,
                  .options = proxy->options,
                  .n_options = proxy->n_options},
    };
}

static void proxy_link_handle_hello(struct proxy *proxy, uint32_t version)
{
    struct message message = proxy_link_setup(proxy);

    message.setup.hosts = proxy->policy.hosts;
    message.setup.failed = proxy->is_retry ? proxy->status : "";
    if (version != CODEC_VERSION) {
        proxy_end_driver(proxy, "it speaks version %u of the protocol, not %u", version, CODEC_VERSION);
        return;
    }
    proxy->state = ORDER_LOCKING;
    proxy_link_send_or_kill(proxy, &message);
    proxy_link_send_channels(proxy, true);
}

static void proxy_link_handle_locked(struct proxy *proxy, int32_t notify_fd)
{
    if ((notify_fd >= 0) != (proxy->policy.n_rules > 0)) {
        proxy_end_driver(proxy, "%s",
                         notify_fd >= 0 ? "it names a descriptor that it has no use for"
                                        : "it says that it has no system call filter");
        return;
    }
    if (notify_fd >= 0 && network_open(proxy, notify_fd) < 0)
        return;
    proxy->state = ORDER_IMPORTING;
    proxy_link_send_or_kill(proxy, &(struct message){.type = MESSAGE_PROCEED});
}

static void proxy_link_handle_ready(struct proxy *proxy)
{
    proxy->state = ORDER_IDLE;
    proxy_link_set_deadline(proxy, PROXY_BATCH_MS);
    if (!proxy->is_retry)
        fc_log(FC_LOG_INFO, proxy->instance->name, "driver running (pid %d)", proxy->pid);
    proxy_link_pump(proxy);
}

static void proxy_link_take_device(struct proxy *proxy, const struct message_device *device)
{
    snprintf(proxy->status, sizeof(proxy->status), "%s", device->status);
    proxy->is_retry = proxy->is_retry && !device->is_up;
    proxy->instance->drops.n += device->malformed;
    fc_up(proxy->instance, device->is_up);
}

static bool proxy_link_knows(const struct proxy *proxy, const struct message_report *report)
{
    for (size_t i = 0; i < report->n_events; i++) {
        if (report->channels[i] >= proxy->n_channels || !isfinite(report->values[i]))
            return false;
    }
    return true;
}

/* What others have set takes the place of what the show had: the next driver is not told of that. */
static void proxy_link_forget_set(struct proxy *proxy, const struct message_report *report)
{
    for (size_t i = 0; i < report->n_events && proxy->row->driver->is_shared; i++)
        proxy->channels[report->channels[i]].value = NAN;
}

static void proxy_link_handle_report(struct proxy *proxy, const struct message_report *report)
{
    struct fc_instance *instance = proxy->instance;

    if (!codec_report_fits_driver(report) || !proxy_link_knows(proxy, report) ||
        (report->done && proxy->state != ORDER_BUSY)) {
        proxy_end_driver(proxy, "its report is invalid");
        return;
    }
    if (report->heard)
        fc_heard(instance);
    /* a driver that follows one that could open nothing says the same of that again */
    if (!proxy->is_retry || (report->device && report->device->is_up)) {
        instance->n_emitted += report->n_events;
        proxy_link_forget_set(proxy, report); /* before the router sets anything for it */
        router_emit(&instance->show->router, ROUTE_BACKEND, instance, report->channels, report->values,
                    report->n_events);
    }
    if (report->device)
        proxy_link_take_device(proxy, report->device);
    if (!report->done)
        return;
    proxy->state = ORDER_IDLE;
    proxy_link_set_deadline(proxy, PROXY_BATCH_MS);
    proxy_link_pump(proxy);
}

static void proxy_link_handle(struct proxy *proxy, const struct message *message)
{
    bool is_legal = order_legal(proxy->state, message->type) && message->type != MESSAGE_FAILED;

    if (!is_legal) {
        proxy_end_driver(proxy, "it sent \"%s\" while %s", message_name(message->type),
                         order_state_name(proxy->state));
        return;
    }
    if (message->type == MESSAGE_HELLO)
        proxy_link_handle_hello(proxy, message->hello_version);
    else if (message->type == MESSAGE_LOCKED)
        proxy_link_handle_locked(proxy, message->notify_fd);
    else if (message->type == MESSAGE_READY)
        proxy_link_handle_ready(proxy);
    else
        proxy_link_handle_report(proxy, &message->report);
}

/* A link normally ends with its process, which is noticed soon. */
static void proxy_link_hung_up(struct proxy *proxy)
{
    child_link_ignore(&proxy->link);
    proxy->state = ORDER_CLOSED;
    proxy_link_set_deadline(proxy, PROXY_HUNG_UP_MS);
}

/* Receives one message. Returns what it costs; 0: there is none. */
static int proxy_link_receive_one(struct proxy *proxy)
{
    struct message message;
    const void *bytes;
    size_t n;
    int r = link_receive(proxy->link.link, &bytes, &n);

    if (r == -EAGAIN)
        return 0;
    if (r == -EPIPE) {
        proxy_link_hung_up(proxy);
        return 0;
    }
    if (r == 0)
        r = codec_decode(proxy_runtime(proxy)->codec, CODEC_FROM_WORKER, bytes, n, &message);
    if (r < 0) {
        proxy_end_driver(proxy, "it sent a malformed message: %s", strerror(-r));
        return 0;
    }
    proxy_link_handle(proxy, &message);
    return message.type == MESSAGE_REPORT ? 1 + (int)(message.report.n_events / LINK_EVENTS) : 1;
}

static void proxy_link_ready(void *userdata, uint32_t events)
{
    struct proxy *proxy = userdata;
    int budget = LINK_BUDGET;
    int r = events & EPOLLOUT ? child_link_send_rest(&proxy->link) : 0;

    if (r < 0)
        proxy_end_driver(proxy, "what waits for it cannot be sent: %s", strerror(-r));
    while (budget > 0 && proxy->link.source && proxy->instance->show->router.n_events <= ROUTE_TURN_BUDGET) {
        int cost = proxy_link_receive_one(proxy);

        if (!cost)
            return;
        budget -= cost;
    }
}

void proxy_link_init(struct proxy *proxy)
{
    queue_init(&proxy->queue, PROXY_QUEUE_EVENTS);
    proxy->deadline = (struct timer){.fn = proxy_link_due, .what = "a driver's deadline", .userdata = proxy};
}

int proxy_link_begin(struct proxy *proxy)
{
    proxy->state = ORDER_CONNECTING;
    proxy_link_set_deadline(proxy, PROXY_START_MS);
    return child_link_watch(&proxy->link, proxy_runtime(proxy)->loop, "a driver's message", proxy_link_ready,
                            proxy);
}

void proxy_link_finish(struct proxy *proxy)
{
    while (proxy->link.source && proxy_link_receive_one(proxy))
        ;
}

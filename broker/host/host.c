/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conversation of a driver with the broker (docs/protocol.md). Everything that a turn of the loop brings
 * about is one report. Nothing is sent while the broker does not read: events wait here. In drivers.
 */
#include "broker/host/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "broker/host/device.h"
#include "broker/host/private.h"
#include "broker/host/probe.h"
#include "broker/host/setup.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define HOST_AT_ONCE 4096u /* events in a report */

/* Ends the loop, with the reason or 0. */
static void host_end(struct fc_instance *instance, int r)
{
    instance->ends = true;
    instance->failed = r;
    loop_stop(instance->loop);
}

static int host_send(struct fc_instance *instance, const struct message *message)
{
    ptrdiff_t size = codec_prepare(instance->codec, message);

    if (size < 0)
        return (int)size;
    codec_encode(instance->codec, link_reserve(instance->link, (size_t)size));
    return link_commit(instance->link);
}

static void host_poll(struct fc_instance *instance, uint32_t events)
{
    if (events == instance->events || !instance->source)
        return;
    instance->events = events;
    loop_modify(instance->source, events);
}

/* Sends one report of what there is. Returns false if there is nothing, or no room. */
static bool host_report(struct fc_instance *instance)
{
    const struct message_device device = {
        .is_up = instance->is_up,
        .status = instance->status,
        .malformed = instance->malformed,
    };
    struct message message = {.type = MESSAGE_REPORT};
    struct message_report *report = &message.report;
    size_t n = queue_peek(&instance->queue, &report->channels, &report->values);
    int r;

    report->n_events = n < HOST_AT_ONCE ? n : HOST_AT_ONCE;
    report->done = instance->is_done && report->n_events == queue_length(&instance->queue);
    report->device = instance->has_news ? &device : NULL;
    report->heard = instance->is_heard;
    if (!report->n_events && !report->done && !report->device && !report->heard)
        return false;
    r = host_send(instance, &message);
    if (r == -EAGAIN) {
        host_poll(instance, EPOLLIN | EPOLLOUT);
        return false;
    }
    if (r < 0 && r != -EPIPE)
        host_end(instance, r);
    queue_consume(&instance->queue, report->n_events);
    instance->is_done = instance->is_done && !report->done;
    instance->has_news = instance->is_heard = false;
    instance->malformed = 0;
    return r == 0;
}

static void host_turn(void *userdata)
{
    struct fc_instance *instance = userdata;

    if (instance->ends || (instance->events & EPOLLOUT))
        return;
    device_look(instance);
    while (host_report(instance))
        ;
}

static int host_take_batch(struct fc_instance *instance, const struct message_batch *batch)
{
    for (size_t i = 0; i < batch->n_events; i++) {
        if (batch->channels[i] >= instance->n_channels)
            return -EPROTO;
    }
    device_set(instance, batch->channels, batch->values, batch->n_events);
    instance->is_done = true;
    return 0;
}

static int host_handle(struct fc_instance *instance, const struct message *message)
{
    switch (message->type) {
    case MESSAGE_CHANNELS:
        return setup_channels(instance, &message->channels);
    case MESSAGE_PROCEED:
        fc_closep(&instance->listener); /* the gate has it */
        instance->listener = -1;
        device_start(instance);
        return host_send(instance, &(struct message){.type = MESSAGE_READY});
    case MESSAGE_BATCH:
        return host_take_batch(instance, &message->batch);
    case MESSAGE_STOP:
        host_end(instance, 0);
        return 0;
    default:
        return -EPROTO;
    }
}

/* Handles one message: what follows has to wait for the report about it. */
static void host_ready(void *userdata, uint32_t events)
{
    struct fc_instance *instance = userdata;
    struct message message;
    const void *bytes;
    size_t n;
    int r;

    if (events & EPOLLOUT)
        host_poll(instance, EPOLLIN);
    if (!(events & ~(uint32_t)EPOLLOUT))
        return;
    r = link_receive(instance->link, &bytes, &n);
    if (r == -EAGAIN)
        return;
    if (r == 0)
        r = codec_decode(instance->codec, CODEC_TO_WORKER, bytes, n, &message);
    if (r == 0)
        r = host_handle(instance, &message);
    if (r < 0)
        host_end(instance, r == -EPIPE ? 0 : r); /* the broker has hung up */
}

/* Says hello, and waits for what the broker says of the instance. */
static int host_begin(struct fc_instance *instance)
{
    const struct message hello = {.type = MESSAGE_HELLO, .hello_version = CODEC_VERSION};
    struct message message;
    const void *bytes;
    size_t n;
    int r = host_send(instance, &hello);

    do
        r = r == 0 || r == -EINTR ? link_wait(instance->link, &bytes, &n) : r;
    while (r == -EINTR);
    if (r == 0)
        r = codec_decode(instance->codec, CODEC_TO_WORKER, bytes, n, &message);
    if (r < 0)
        return r;
    return message.type == MESSAGE_SETUP ? setup_instance(instance, &message.setup) : -EPROTO;
}

static int host_open(struct fc_instance *instance)
{
    int r = loop_new(&instance->loop);

    queue_init(&instance->queue, HOST_QUEUE_EVENTS);
    if (r == 0)
        r = codec_new(&instance->codec);
    if (r == 0)
        r = link_buffers_new(&instance->buffers);
    if (r == 0)
        r = link_new(&instance->link, instance->buffers, HOST_LINK);
    return r;
}

static void host_close(struct fc_instance *instance)
{
    if (instance->loop)
        device_stop(instance);
    setup_free(instance);
    queue_deinit(&instance->queue);
    loop_remove(instance->source);
    link_free(instance->link);
    link_buffers_free(instance->buffers);
    codec_free(instance->codec);
    loop_free(instance->loop);
}

/* Runs the instance, whose process is confined from here on. */
static int host_run(struct fc_instance *instance)
{
    struct confine_found found;
    int r = setup_confine(instance, &found);

    if (r == 0 && instance->is_probe)
        probe_print(&found);
    if (r == 0)
        instance->listener = found.listener;
    if (r == 0)
        r = host_send(instance, &(struct message){.type = MESSAGE_LOCKED, .notify_fd = instance->listener});
    instance->events = EPOLLIN;
    if (r == 0)
        r = loop_add(instance->loop, &instance->source, HOST_LINK, EPOLLIN, "the broker", host_ready,
                     instance);
    if (r < 0)
        return r;
    loop_set_after(instance->loop, host_turn, instance);
    r = loop_run(instance->loop);
    return r < 0 ? r : instance->failed;
}

int host_serve(const struct confine_spec *spec, const struct fc_backend *backend)
{
    struct fc_instance instance = {.spec = spec, .backend = backend, .listener = -1};
    int r = host_open(&instance);

    if (r == 0)
        r = host_begin(&instance);
    if (r == 0)
        r = host_run(&instance);
    host_close(&instance);
    if (r == 0 && instance.is_replaced)
        return HOST_REPLACE;
    return r == -EPIPE ? 0 : r;
}

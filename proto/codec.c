/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only file that knows the code generated from worker.proto. Encoding points the generated structures at
 * the caller's arrays, which are copied once; decoding copies once, from the wire into the arena.
 */
#include "proto/codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/arena.h"
#include "proto/codec_driver.h"
#include "proto/codec_name.h"
#include "proto/worker.pb-c.h"

/* A decoded message may take several times its encoded size. */
#define CODEC_ARENA_FACTOR 16u
#define CODEC_MAX_ARENA    (CODEC_ARENA_FACTOR * (size_t)CODEC_MAX_MESSAGE)

struct codec {
    struct arena arena;
    ProtobufCAllocator allocator;
    Firecurtain__ToWorker to_worker;
    Firecurtain__FromWorker from_worker;
    ProtobufCMessage *prepared;
};

int codec_new(struct codec **codecp)
{
    struct codec *codec = calloc(1, sizeof(*codec));

    if (!codec)
        return -ENOMEM;
    arena_init(&codec->arena, CODEC_MAX_ARENA);
    codec->allocator = arena_allocator(&codec->arena);
    *codecp = codec;
    return 0;
}

struct codec *codec_free(struct codec *codec)
{
    if (codec) {
        arena_deinit(&codec->arena);
        free(codec);
    }
    return NULL;
}

/* Allocates an empty generated message from the arena; on failure the calling function returns. */
#define CODEC_NEW(codec, variable, init)                                                                     \
    do {                                                                                                     \
        (variable) = arena_alloc(&(codec)->arena, sizeof(*(variable)));                                      \
        if (!(variable))                                                                                     \
            return -ENOMEM;                                                                                  \
        init(variable);                                                                                      \
    } while (0)

static int codec_prepare_list(struct codec *codec, const struct message_channel *from, size_t n,
                              Firecurtain__Channel ***list)
{
    *list = arena_alloc(&codec->arena, n * sizeof(**list));
    if (!*list)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        Firecurtain__Channel *channel;

        CODEC_NEW(codec, channel, firecurtain__channel__init);
        channel->name = (char *)from[i].name;
        channel->target = from[i].target;
        channel->source = from[i].source;
        channel->input = from[i].input;
        channel->output = from[i].output;
        (*list)[i] = channel;
    }
    return 0;
}

static int codec_prepare_channels(struct codec *codec, const struct message_channels *from)
{
    Firecurtain__Channels *channels;

    CODEC_NEW(codec, channels, firecurtain__channels__init);
    channels->values = from->values;
    channels->first = from->first;
    channels->n_channels = from->n;
    codec->to_worker.channels = channels;
    codec->to_worker.kind_case = FIRECURTAIN__TO_WORKER__KIND_CHANNELS;
    return codec_prepare_list(codec, from->list, from->n, &channels->channels);
}

static int codec_prepare_setup(struct codec *codec, const struct message_setup *from)
{
    Firecurtain__Setup *setup;

    CODEC_NEW(codec, setup, firecurtain__setup__init);
    setup->instance = (char *)from->instance;
    setup->modules = (char **)from->modules;
    setup->n_modules = from->n_modules;
    setup->default_handler = (char *)from->default_handler;
    setup->start_ms = from->start_ms;
    setup->handler_ms = from->handler_ms;
    setup->stop_ms = from->stop_ms;
    codec->to_worker.setup = setup;
    codec->to_worker.kind_case = FIRECURTAIN__TO_WORKER__KIND_SETUP;
    return codec_prepare_driver(&codec->arena, from, setup);
}

static int codec_prepare_batch(struct codec *codec, const struct message_batch *from)
{
    Firecurtain__Batch *batch;

    CODEC_NEW(codec, batch, firecurtain__batch__init);
    batch->channels = (uint32_t *)from->channels;
    batch->n_channels = from->n_events;
    batch->values = (double *)from->values;
    batch->n_values = from->n_events;
    batch->ready = (uint32_t *)from->ready;
    batch->n_ready = from->n_ready;
    batch->time_ns = from->time_ns;
    codec->to_worker.batch = batch;
    codec->to_worker.kind_case = FIRECURTAIN__TO_WORKER__KIND_BATCH;
    return 0;
}

static int codec_prepare_ticks(struct codec *codec, const struct message_ticks *from)
{
    Firecurtain__Ticks *ticks;

    CODEC_NEW(codec, ticks, firecurtain__ticks__init);
    ticks->ids = (uint32_t *)from->ids;
    ticks->n_ids = from->n;
    ticks->due_ns = (uint64_t *)from->times_ns;
    ticks->n_due_ns = from->n;
    ticks->time_ns = from->time_ns;
    codec->to_worker.ticks = ticks;
    codec->to_worker.kind_case = FIRECURTAIN__TO_WORKER__KIND_TICKS;
    return 0;
}

static int codec_prepare_changes(struct codec *codec, const struct message_report *from,
                                 Firecurtain__Report *report)
{
    report->n_intervals = from->n_intervals;
    report->intervals = arena_alloc(&codec->arena, from->n_intervals * sizeof(*report->intervals));
    report->n_sockets = from->n_sockets;
    report->sockets = arena_alloc(&codec->arena, from->n_sockets * sizeof(*report->sockets));
    if (!report->intervals || !report->sockets)
        return -ENOMEM;
    for (size_t i = 0; i < from->n_intervals; i++) {
        Firecurtain__Interval *interval;

        CODEC_NEW(codec, interval, firecurtain__interval__init);
        interval->id = from->intervals[i].id;
        interval->period_ms = from->intervals[i].period_ms;
        interval->from_ns = from->intervals[i].from_ns;
        report->intervals[i] = interval;
    }
    for (size_t i = 0; i < from->n_sockets; i++) {
        Firecurtain__Socket *socket;

        CODEC_NEW(codec, socket, firecurtain__socket__init);
        socket->id = from->sockets[i].id;
        socket->fd = from->sockets[i].fd;
        report->sockets[i] = socket;
    }
    return 0;
}

static int codec_prepare_report(struct codec *codec, const struct message_report *from)
{
    Firecurtain__Report *report;

    CODEC_NEW(codec, report, firecurtain__report__init);
    report->done = from->done;
    report->new_channels = (char **)from->new_channels;
    report->n_new_channels = from->n_new_channels;
    report->channels = (uint32_t *)from->channels;
    report->n_channels = from->n_events;
    report->values = (double *)from->values;
    report->n_values = from->n_events;
    report->exceptions = from->exceptions;
    report->files = (char **)from->files;
    report->n_files = from->n_files;
    report->ticked = (uint32_t *)from->ticked.ids;
    report->n_ticked = from->ticked.n;
    report->ticked_ns = (uint64_t *)from->ticked.times_ns;
    report->n_ticked_ns = from->ticked.n;
    codec->from_worker.report = report;
    report->heard = from->heard;
    codec->from_worker.kind_case = FIRECURTAIN__FROM_WORKER__KIND_REPORT;
    if (codec_prepare_device(&codec->arena, from->device, report) < 0)
        return -ENOMEM;
    return codec_prepare_changes(codec, from, report);
}

static int codec_prepare_failed(struct codec *codec, const struct message_failure *from)
{
    Firecurtain__Failed *failed;

    CODEC_NEW(codec, failed, firecurtain__failed__init);
    failed->text = (char *)from->text;
    failed->lasting = from->is_lasting;
    codec->from_worker.failed = failed;
    codec->from_worker.kind_case = FIRECURTAIN__FROM_WORKER__KIND_FAILED;
    return 0;
}

/* Prepares messages that have a few numbers at most. */
static int codec_prepare_small(struct codec *codec, const struct message *message)
{
    Firecurtain__ToWorker *to = &codec->to_worker;
    Firecurtain__FromWorker *from = &codec->from_worker;

    switch (message->type) {
    case MESSAGE_PROCEED:
        CODEC_NEW(codec, to->proceed, firecurtain__proceed__init);
        to->proceed->time_ns = message->time_ns;
        to->kind_case = FIRECURTAIN__TO_WORKER__KIND_PROCEED;
        return 0;
    case MESSAGE_STOP:
        CODEC_NEW(codec, to->stop, firecurtain__stop__init);
        to->stop->time_ns = message->time_ns;
        to->kind_case = FIRECURTAIN__TO_WORKER__KIND_STOP;
        return 0;
    case MESSAGE_HELLO:
        CODEC_NEW(codec, from->hello, firecurtain__hello__init);
        from->hello->version = message->hello_version;
        from->kind_case = FIRECURTAIN__FROM_WORKER__KIND_HELLO;
        return 0;
    case MESSAGE_LOCKED:
        CODEC_NEW(codec, from->locked, firecurtain__locked__init);
        from->locked->notify_fd = message->notify_fd;
        from->kind_case = FIRECURTAIN__FROM_WORKER__KIND_LOCKED;
        return 0;
    case MESSAGE_READY:
        CODEC_NEW(codec, from->ready, firecurtain__ready__init);
        from->ready->missing = message->ready_missing;
        from->kind_case = FIRECURTAIN__FROM_WORKER__KIND_READY;
        return 0;
    case MESSAGE_STOPPED:
        CODEC_NEW(codec, from->stopped, firecurtain__stopped__init);
        from->kind_case = FIRECURTAIN__FROM_WORKER__KIND_STOPPED;
        return 0;
    default:
        return -EINVAL;
    }
}

ptrdiff_t codec_prepare(struct codec *codec, const struct message *message)
{
    size_t size;
    int r;

    arena_reset(&codec->arena);
    firecurtain__to_worker__init(&codec->to_worker);
    firecurtain__from_worker__init(&codec->from_worker);
    codec->prepared = message->type < MESSAGE_HELLO ? &codec->to_worker.base : &codec->from_worker.base;
    switch (message->type) {
    case MESSAGE_SETUP:
        r = codec_prepare_setup(codec, &message->setup);
        break;
    case MESSAGE_CHANNELS:
        r = codec_prepare_channels(codec, &message->channels);
        break;
    case MESSAGE_BATCH:
        r = codec_prepare_batch(codec, &message->batch);
        break;
    case MESSAGE_TICKS:
        r = codec_prepare_ticks(codec, &message->ticks);
        break;
    case MESSAGE_REPORT:
        r = codec_prepare_report(codec, &message->report);
        break;
    case MESSAGE_FAILED:
        r = codec_prepare_failed(codec, &message->failure);
        break;
    default:
        r = codec_prepare_small(codec, message);
        break;
    }
    if (r < 0)
        return r;
    size = protobuf_c_message_get_packed_size(codec->prepared);
    return size > CODEC_MAX_MESSAGE ? -EMSGSIZE : (ptrdiff_t)size;
}

void codec_encode(struct codec *codec, void *bytes)
{
    protobuf_c_message_pack(codec->prepared, bytes);
}

static const struct message_channel *codec_take_list(struct codec *codec, Firecurtain__Channel *const *from,
                                                     size_t n)
{
    struct message_channel *list = arena_alloc(&codec->arena, n * sizeof(*list));

    for (size_t i = 0; list && i < n; i++) {
        list[i].name = from[i]->name;
        list[i].target = from[i]->target;
        list[i].source = from[i]->source;
        list[i].input = from[i]->input;
        list[i].output = from[i]->output;
    }
    return list;
}

static int codec_take_channels(struct codec *codec, const Firecurtain__Channels *from,
                               struct message_channels *channels)
{
    channels->list = codec_take_list(codec, from->channels, from->n_channels);
    channels->n = from->n_channels;
    channels->values = from->values;
    channels->first = from->first;
    return channels->list ? 0 : -EMSGSIZE;
}

static int codec_take_setup(struct codec *codec, const Firecurtain__Setup *from, struct message_setup *setup)
{
    setup->instance = from->instance;
    setup->modules = (const char *const *)from->modules;
    setup->n_modules = from->n_modules;
    setup->default_handler = from->default_handler;
    setup->start_ms = from->start_ms;
    setup->handler_ms = from->handler_ms;
    setup->stop_ms = from->stop_ms;
    return codec_take_driver(&codec->arena, from, setup);
}

static int codec_take_batch(const Firecurtain__Batch *from, struct message_batch *batch)
{
    if (from->n_channels != from->n_values)
        return -EBADMSG;
    batch->channels = from->channels;
    batch->values = from->values;
    batch->n_events = from->n_values;
    batch->ready = from->ready;
    batch->n_ready = from->n_ready;
    batch->time_ns = from->time_ns;
    return 0;
}

static int codec_take_ticks(const Firecurtain__Ticks *from, struct message_ticks *ticks)
{
    if (from->n_ids != from->n_due_ns)
        return -EBADMSG;
    *ticks = (struct message_ticks){from->ids, from->due_ns, from->n_ids, from->time_ns};
    return 0;
}

static int codec_take_changes(struct codec *codec, const Firecurtain__Report *from,
                              struct message_report *report)
{
    struct message_interval *intervals = arena_alloc(&codec->arena, from->n_intervals * sizeof(*intervals));
    struct message_socket *sockets = arena_alloc(&codec->arena, from->n_sockets * sizeof(*sockets));

    if (!intervals || !sockets)
        return -EMSGSIZE;
    for (size_t i = 0; i < from->n_intervals; i++) {
        intervals[i].id = from->intervals[i]->id;
        intervals[i].period_ms = from->intervals[i]->period_ms;
        intervals[i].from_ns = from->intervals[i]->from_ns;
    }
    for (size_t i = 0; i < from->n_sockets; i++) {
        sockets[i].id = from->sockets[i]->id;
        sockets[i].fd = from->sockets[i]->fd;
    }
    report->intervals = intervals;
    report->n_intervals = from->n_intervals;
    report->sockets = sockets;
    report->n_sockets = from->n_sockets;
    return 0;
}

static bool codec_report_fits(const Firecurtain__Report *from)
{
    return from->n_new_channels <= CODEC_MAX_NEW_CHANNELS && from->n_intervals <= CODEC_MAX_INTERVALS &&
           from->n_sockets <= CODEC_MAX_SOCKETS && from->n_files <= CODEC_MAX_FILES &&
           from->n_ticked <= CODEC_MAX_TICKED;
}

static int codec_take_report(struct codec *codec, const Firecurtain__Report *from,
                             struct message_report *report)
{
    int r;

    if (from->n_channels != from->n_values || from->n_ticked != from->n_ticked_ns)
        return -EBADMSG;
    if (!codec_report_fits(from))
        return -EMSGSIZE;
    for (size_t i = 0; i < from->n_new_channels; i++) {
        if (!codec_is_name(from->new_channels[i]))
            return -EBADMSG;
    }
    for (size_t i = 0; i < from->n_files; i++) {
        if (!codec_is_name(from->files[i]))
            return -EBADMSG;
    }
    report->done = from->done;
    report->new_channels = (const char *const *)from->new_channels;
    report->n_new_channels = from->n_new_channels;
    report->channels = from->channels;
    report->values = from->values;
    report->n_events = from->n_values;
    report->exceptions = from->exceptions;
    report->files = (const char *const *)from->files;
    report->n_files = from->n_files;
    report->ticked = (struct message_ticks){from->ticked, from->ticked_ns, from->n_ticked, 0};
    report->heard = from->heard;
    r = codec_take_device(&codec->arena, from, report);
    return r < 0 ? r : codec_take_changes(codec, from, report);
}

static int codec_take_failed(const Firecurtain__Failed *from, struct message_failure *failure)
{
    if (strlen(from->text) > CODEC_MAX_FAILURE)
        return -EBADMSG;
    *failure = (struct message_failure){.text = from->text, .is_lasting = from->lasting};
    return 0;
}

static int codec_decode_to_worker(struct codec *codec, const void *bytes, size_t n_bytes,
                                  struct message *message)
{
    Firecurtain__ToWorker *to = firecurtain__to_worker__unpack(&codec->allocator, n_bytes, bytes);

    if (!to)
        return -EBADMSG;
    switch (to->kind_case) {
    case FIRECURTAIN__TO_WORKER__KIND_SETUP:
        message->type = MESSAGE_SETUP;
        return codec_take_setup(codec, to->setup, &message->setup);
    case FIRECURTAIN__TO_WORKER__KIND_PROCEED:
        message->type = MESSAGE_PROCEED;
        message->time_ns = to->proceed->time_ns;
        return 0;
    case FIRECURTAIN__TO_WORKER__KIND_BATCH:
        message->type = MESSAGE_BATCH;
        return codec_take_batch(to->batch, &message->batch);
    case FIRECURTAIN__TO_WORKER__KIND_TICKS:
        message->type = MESSAGE_TICKS;
        return codec_take_ticks(to->ticks, &message->ticks);
    case FIRECURTAIN__TO_WORKER__KIND_CHANNELS:
        message->type = MESSAGE_CHANNELS;
        return codec_take_channels(codec, to->channels, &message->channels);
    case FIRECURTAIN__TO_WORKER__KIND_STOP:
        message->type = MESSAGE_STOP;
        message->time_ns = to->stop->time_ns;
        return 0;
    default:
        return -EBADMSG;
    }
}

static int codec_decode_from_worker(struct codec *codec, const void *bytes, size_t n_bytes,
                                    struct message *message)
{
    Firecurtain__FromWorker *from = firecurtain__from_worker__unpack(&codec->allocator, n_bytes, bytes);

    if (!from)
        return -EBADMSG;
    switch (from->kind_case) {
    case FIRECURTAIN__FROM_WORKER__KIND_HELLO:
        message->type = MESSAGE_HELLO;
        message->hello_version = from->hello->version;
        return 0;
    case FIRECURTAIN__FROM_WORKER__KIND_LOCKED:
        message->type = MESSAGE_LOCKED;
        message->notify_fd = from->locked->notify_fd;
        return 0;
    case FIRECURTAIN__FROM_WORKER__KIND_REPORT:
        message->type = MESSAGE_REPORT;
        return codec_take_report(codec, from->report, &message->report);
    case FIRECURTAIN__FROM_WORKER__KIND_READY:
        message->type = MESSAGE_READY;
        message->ready_missing = from->ready->missing;
        return 0;
    case FIRECURTAIN__FROM_WORKER__KIND_FAILED:
        message->type = MESSAGE_FAILED;
        return codec_take_failed(from->failed, &message->failure);
    case FIRECURTAIN__FROM_WORKER__KIND_STOPPED:
        message->type = MESSAGE_STOPPED;
        return 0;
    default:
        return -EBADMSG;
    }
}

int codec_decode(struct codec *codec, enum codec_side side, const void *bytes, size_t n_bytes,
                 struct message *message)
{
    if (n_bytes > CODEC_MAX_MESSAGE)
        return -EMSGSIZE;
    arena_reset(&codec->arena);
    if (side == CODEC_TO_WORKER)
        return codec_decode_to_worker(codec, bytes, n_bytes, message);
    return codec_decode_from_worker(codec, bytes, n_bytes, message);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile worker: sends a sequence of messages, well-formed or not, over a real link to the broker's side
 * of it (broker/guest/link.c), with a complete Python instance and its routes, while there are events, ticks
 * and sockets to report to it. Only the process is missing: this one is its own worker. Whatever it sends, a
 * message out of order ends it, its states follow one another as docs/protocol.md says, and what it receives
 * is well-formed, in order, and one batch at a time.
 */
#include <math.h>

#include "broker/guest/batch.h"
#include "tests/fuzz/conversation.h"

#define MAX_STEPS 24
#define CHANNELS  9u /* of the configuration */

static struct codec *codec; /* the worker's */
static bool told_setup, told_proceed, told_stop;
static unsigned n_batches; /* that the worker has */
static size_t n_events;    /* in the newest of them */

static enum order_state state_now(void)
{
    return python->guest ? python->guest->state : ORDER_CLOSED;
}

static void check_batch(const struct message_batch *batch)
{
    require(batch->n_events + batch->n_ready > 0);
    if (n_batches) /* sent ahead: only after a large one, and with events only */
        require(n_batches == 1 && n_events >= 256 && !batch->n_ready);
    for (size_t i = 0; i < batch->n_events; i++)
        require(batch->channels[i] < python->instance->n_channels && batch->values[i] >= 0 &&
                batch->values[i] <= 1);
    require(batch->n_ready <= MANAGED_MAX);
    n_batches++;
    n_events = batch->n_events;
}

/* The broker's next message. */
static struct message hear_one(void)
{
    struct message message;
    const void *bytes;
    size_t n;

    require(link_receive(worker, &bytes, &n) == 0);
    require(codec_decode(codec, CODEC_TO_WORKER, bytes, n, &message) == 0);
    return message;
}

/* The broker's next message, which must be this one; intervals may be told before it. */
static void expect(enum message_type type)
{
    struct message message;

    do {
        message = hear_one();
        if (message.type == MESSAGE_TICKS)
            require(told_proceed && message.ticks.n > 0 && message.ticks.n <= TICKS_MAX);
    } while (message.type == MESSAGE_TICKS && type != MESSAGE_TICKS);
    require(message.type == type);
    if (type == MESSAGE_BATCH)
        check_batch(&message.batch);
}

/* All channels that there are before the worker makes any, each once. */
static void expect_channels(void)
{
    uint32_t n = 0;

    while (n < CHANNELS) {
        struct message message = hear_one();

        require(message.type == MESSAGE_CHANNELS && message.channels.values && message.channels.first == n);
        require(message.channels.n > 0);
        for (size_t i = 0; i < message.channels.n; i++, n++)
            require(instance_find_channel(python->instance, message.channels.list[i].name) == (int64_t)n);
    }
    require(n == CHANNELS);
}

/* What the worker must have been told, going by the state that the broker is in. */
static void hear(void)
{
    enum order_state state = state_now();

    if (state == ORDER_CLOSED)
        return;
    if (state >= ORDER_LOCKING && !told_setup)
        told_setup = true, expect(MESSAGE_SETUP), expect_channels();
    if (state >= ORDER_IMPORTING && !told_proceed)
        told_proceed = true, expect(MESSAGE_PROCEED);
    while (n_batches < python->guest->n_sent)
        expect(MESSAGE_BATCH);
    if (state == ORDER_STOPPING && !told_stop)
        told_stop = true, expect(MESSAGE_STOP);
}

static bool may_follow(enum order_state from, enum order_state to)
{
    return from == to || to == ORDER_CLOSED || (from != ORDER_CLOSED && to == from + 1) ||
           (from == ORDER_BUSY && to == ORDER_IDLE) || (from == ORDER_IMPORTING && to == ORDER_BUSY) ||
           ((from == ORDER_IDLE || from == ORDER_IMPORTING) && to == ORDER_STOPPING);
}

static bool is_in_order(enum order_state state, const struct message *message)
{
    switch (message->type) {
    case MESSAGE_HELLO:
        return state == ORDER_CONNECTING;
    case MESSAGE_LOCKED:
        return state == ORDER_LOCKING;
    case MESSAGE_READY:
    case MESSAGE_FAILED:
        return state == ORDER_IMPORTING;
    case MESSAGE_REPORT:
        if (message->report.n_new_channels && state != ORDER_IMPORTING)
            return false;
        if (message->report.done)
            return state == ORDER_BUSY || state == ORDER_STOPPING;
        return state >= ORDER_IMPORTING && state <= ORDER_STOPPING;
    case MESSAGE_STOPPED:
        return state == ORDER_STOPPING;
    default:
        return false;
    }
}

static void check_instance(void)
{
    const struct fc_instance *instance = python->instance;

    require(instance->n_channels >= CHANNELS && python->n_values >= instance->n_channels);
    for (uint32_t i = 0; i < instance->n_channels; i++) {
        require(python->outputs[i] >= 0 && python->outputs[i] <= 1 && python->inputs[i] >= 0 &&
                python->inputs[i] <= 1);
        require(instance_find_channel(instance, instance_channel_name(instance, i)) == (int64_t)i);
    }
}

/* Checks the effect of a message that the worker has just sent. */
static void judge(enum order_state before, const struct message *message)
{
    enum order_state after = state_now();

    require(may_follow(before, after));
    if (!message || !is_in_order(before, message)) {
        require(after == ORDER_CLOSED);
        return;
    }
    if (message->type == MESSAGE_HELLO)
        require((message->hello_version == CODEC_VERSION) == (after == ORDER_LOCKING));
    if (message->type == MESSAGE_LOCKED)
        require(after == (message->notify_fd == FD_LISTENER ? ORDER_IMPORTING : ORDER_CLOSED));
    if (message->type == MESSAGE_READY)
        require(after == ORDER_IDLE || after == ORDER_BUSY);
    if (message->type == MESSAGE_FAILED) {
        require(after == ORDER_STOPPING);
        told_stop = true; /* it stops by itself */
    }
    if (message->type == MESSAGE_REPORT) {
        for (size_t i = 0; i < message->report.n_events; i++)
            require(isfinite(message->report.values[i]) || after == ORDER_CLOSED);
    }
    if (message->type == MESSAGE_REPORT && message->report.done && before == ORDER_BUSY)
        n_batches--;
}

/* Nobody can tell it from the end of the link, which is the process's affair. */
static void say_nothing(void)
{
    enum order_state before = state_now();

    require(send(link_fd(worker), "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) == 0);
    guest_link_receive(python->guest, false);
    require(state_now() == before);
}

static void say(const void *bytes, size_t n)
{
    enum order_state before = state_now();
    struct message message;
    bool is_message = codec_decode(codec, CODEC_FROM_WORKER, bytes, n, &message) == 0;

    if (before == ORDER_CLOSED)
        return; /* nobody reads it */
    wait_for_allowance();
    if (!n) {
        say_nothing();
        return;
    }
    memcpy(link_reserve(worker, n), bytes, n);
    require(link_commit(worker) == 0);
    guest_link_receive(python->guest, false);
    if (before == ORDER_STOPPING && is_message && message.type == MESSAGE_STOPPED)
        loop_defer(runtime.loop, &python->guest->finish); /* as if its process had ended */
    judge(before, is_message ? &message : NULL);
    turn_once(runtime.loop);
}

/* Makes a report of the input, with something in every list. */
static void say_report(struct input *input)
{
    uint32_t channels[16];
    double values[16];
    struct message_interval intervals[4];
    struct message_socket sockets[4];
    char name[40];
    const char *names[] = {name};
    uint8_t counts = (uint8_t)take_number(input, 1), kind = (uint8_t)take_number(input, 1);
    struct message message = {.type = MESSAGE_REPORT};
    struct message_report *report = &message.report;
    uint8_t bytes[2048];
    ptrdiff_t n;

    *report = (struct message_report){.done = kind & 1,
                                      .channels = channels,
                                      .values = values,
                                      .intervals = intervals,
                                      .sockets = sockets,
                                      .new_channels = names,
                                      .n_events = counts & 15,
                                      .n_intervals = counts >> 4 & 3,
                                      .n_sockets = counts >> 6,
                                      .n_new_channels = kind >> 1 & 1};
    for (size_t i = 0; i < report->n_events; i++) {
        channels[i] = (uint32_t)take_number(input, 1);
        values[i] = (double)take_number(input, 1) / 200;
        if (kind & 4)
            values[i] = channels[i] ? -values[i] / 0.0 : -values[i];
    }
    for (size_t i = 0; i < report->n_intervals; i++)
        intervals[i] = (struct message_interval){.id = (uint32_t)take_number(input, 1),
                                                 .period_ms = take_number(input, kind & 8 ? 8 : 1),
                                                 .from_ns = take_number(input, kind & 16 ? 8 : 1)};
    for (size_t i = 0; i < report->n_sockets; i++)
        sockets[i] = (struct message_socket){.id = (uint32_t)take_number(input, 1),
                                             .fd = (int8_t)take_number(input, 1)};
    if (report->n_new_channels)
        snprintf(name, sizeof(name), "new%u", (unsigned)take_number(input, 1));
    n = codec_prepare(codec, &message);
    require(n >= 0 && (size_t)n <= sizeof(bytes));
    codec_encode(codec, bytes);
    say(bytes, (size_t)n);
}

static void say_raw(struct input *input)
{
    size_t wanted = take_number(input, 2), n;
    const uint8_t *bytes = take_bytes(input, wanted, &n);

    say(bytes, n);
}

/* Goes as far as any sound worker does, which saves inputs from describing it. */
static void say_opening(void)
{
    static const struct message opening[] = {
        {.type = MESSAGE_HELLO, .hello_version = CODEC_VERSION},
        {.type = MESSAGE_LOCKED, .notify_fd = FD_LISTENER},
        {.type = MESSAGE_READY},
    };
    uint8_t bytes[64];

    for (size_t i = 0; i < sizeof(opening) / sizeof(opening[0]); i++) {
        require(codec_prepare(codec, &opening[i]) <= (ptrdiff_t)sizeof(bytes));
        codec_encode(codec, bytes);
        say(bytes, (size_t)codec_prepare(codec, &opening[i]));
        hear();
    }
}

/* What the memory tells when the worker ends; it goes on here, so that what was taken over can be looked at.
 */
static void lie(struct input *input)
{
    uint8_t kind = (uint8_t)take_number(input, 1);
    size_t bytes = kind & 1 ? 8 : 1, before = python->guest->n_outputs, n = 0;
    uint64_t reported = kind & 2 ? 0 : before;

    for (unsigned i = 0; i < python->guest->n_sent; i++)
        n += python->guest->n_events[i];
    progress->begun = take_number(input, bytes);
    progress->done = take_number(input, bytes);
    progress->base = reported + take_number(input, bytes);
    progress->outputs = reported + take_number(input, bytes);
    for (size_t i = 0; i < 8; i++) {
        progress->channels[i] = (uint32_t)take_number(input, 1);
        progress->values[i] = kind & 4 ? (double)NAN : (double)take_number(input, 1) / 200;
    }
    require(guest_events_over(python->guest) <= n);
    guest_rescue_outputs(python->guest);
    require(python->guest->n_outputs - before <= PROGRESS_OUTPUTS);
    turn_once(runtime.loop);
}

static void emit(struct input *input)
{
    struct fc_instance *loopback = show->instances[1];

    for (size_t n = take_number(input, 1) % 32; n; n--)
        fc_emit(loopback, (uint32_t)take_number(input, 1) % loopback->n_channels,
                (double)take_number(input, 1) / 200);
    turn_once(runtime.loop);
}

static void step(struct input *input)
{
    enum order_state before = state_now();

    switch (take_number(input, 1) % 8) {
    case 0:
        say_raw(input);
        break;
    case 1:
        say_report(input);
        break;
    case 2:
        emit(input);
        break;
    case 3:
        say_opening();
        return;
    case 4:
        require(send(FD_PEER, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1);
        turn_once(runtime.loop);
        break;
    case 5:
        if (python->guest && !python_is_stopping(python))
            python_quiesce(python);
        break;
    case 7:
        if (python->guest)
            lie(input);
        break;
    default:
        turn_once(runtime.loop);
        break;
    }
    require(before != ORDER_CLOSED || state_now() == ORDER_CLOSED);
    hear();
    check_instance();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {data, bytes};

    if (!codec) {
        require(codec_new(&codec) == 0);
        make_runtime();
    }
    told_setup = told_proceed = told_stop = false;
    n_batches = 0;
    begin();
    for (int i = 0; i < MAX_STEPS && input.left && state_now() != ORDER_CLOSED; i++)
        step(&input);
    end();
    return 0;
}

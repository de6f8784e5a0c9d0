/* SPDX-License-Identifier: BSD-2-Clause */
/* What a running guest is sent. */
#include "broker/guest/batch.h"

#include <string.h>

#include "broker/guest/private.h"
#include "broker/guest/send.h"
#include "broker/guest/watchdog.h"
#include "firecurtain/time.h"

#define GUEST_LARGE_BATCH 256 /* events: handling them takes longer than the way to the broker and back */

bool guest_takes_ahead(const struct guest *guest)
{
    return guest && guest->state == ORDER_BUSY && !guest_is_gone(guest) && guest->n_sent == 1 &&
           guest->n_events[0] >= GUEST_LARGE_BATCH && !managed_set_is_ready(guest->sockets);
}

static void guest_send_batch(struct guest *guest, struct message *message)
{
    int r;

    message->batch.time_ns = guest->ops->begins(guest->userdata, GUEST_BATCH, &message->batch);
    guest_set_state(guest, ORDER_BUSY);
    guest->n_events[guest->n_sent++] = message->batch.n_events;
    watchdog_start_batch(guest);
    r = guest_send_message(guest, message);
    if (r < 0)
        guest_violated(guest, "a batch cannot be sent: %s", strerror(-r));
}

void guest_replay(struct guest *guest, const struct message_batch *batch)
{
    guest_send_batch(guest, &(struct message){.type = MESSAGE_BATCH, .batch = *batch});
}

size_t guest_send(struct guest *guest, const uint32_t *channels, const double *values, size_t n_events)
{
    uint32_t ready[MANAGED_MAX];
    struct message message = {.type = MESSAGE_BATCH};

    if (!guest_is_idle(guest) && !(n_events && guest_takes_ahead(guest)))
        return 0;
    if (n_events > CODEC_MAX_BATCH_EVENTS)
        n_events = CODEC_MAX_BATCH_EVENTS;
    message.batch = (struct message_batch){
        .channels = channels,
        .values = values,
        .n_events = n_events,
        .ready = ready,
        .n_ready = managed_set_take(guest->sockets, ready),
    };
    if (!n_events && !message.batch.n_ready)
        return 0;
    guest_send_batch(guest, &message);
    return n_events;
}

void guest_batch_done(struct guest *guest)
{
    guest->n_events_done += guest->n_events[0];
    guest->n_events[0] = guest->n_events[1];
    if (--guest->n_sent == 0 && guest->state == ORDER_BUSY)
        guest_set_state(guest, ORDER_IDLE);
}

size_t guest_events_over(const struct guest *guest)
{
    struct progress_state state = progress_read(&guest->progress);
    size_t n = 0;

    for (unsigned i = 0; i < guest->n_sent; i++)
        n += guest->n_events[i];
    return progress_events_over(&state, guest->n_events_done, n);
}

/* Returns how many of the channels, from the first one on, fit in a message. */
static size_t guest_count_channels(const struct message_channel *list, size_t n)
{
    size_t bytes = 0, i;

    for (i = 0; i < n; i++) {
        bytes += CODEC_CHANNEL_BYTES + strlen(list[i].name);
        if (bytes > CODEC_MAX_MESSAGE / 2)
            break;
    }
    return i;
}

void guest_send_channels(struct guest *guest, const struct message_channels *channels)
{
    for (size_t i = 0, n; i < channels->n && guest->state != ORDER_CLOSED; i += n) {
        struct message message = {.type = MESSAGE_CHANNELS, .channels = *channels};

        n = guest_count_channels(channels->list + i, channels->n - i);
        message.channels.list = channels->list + i;
        message.channels.n = n;
        message.channels.first = (uint32_t)i;
        guest_send_or_end(guest, &message);
    }
}

void guest_replay_ticks(struct guest *guest, const uint32_t *ids, size_t n)
{
    static const uint64_t now[TICKS_MAX]; /* zero: at once */
    struct message message = {.type = MESSAGE_TICKS, .ticks = {ids, now, n, 0}};

    message.ticks.time_ns = guest->ops->begins(guest->userdata, GUEST_BATCH, NULL);
    tick_set_expect(guest->ticks, n);
    watchdog_start_batch(guest);
    guest_send_or_end(guest, &message);
}

void guest_tell_ticks(struct guest *guest)
{
    uint32_t ids[TICKS_MAX];
    uint64_t due_ns[TICKS_MAX];
    struct message message = {.type = MESSAGE_TICKS};
    bool is_watched;

    if (!guest_is_running(guest))
        return;
    is_watched = guest->state == ORDER_BUSY || tick_set_is_under_way(guest->ticks);
    message.ticks = (struct message_ticks){ids, due_ns, tick_set_take(guest->ticks, ids, due_ns), 0};
    if (!message.ticks.n)
        return;
    if (!is_watched) /* otherwise a script that hangs would seem to make progress */
        watchdog_start_batch(guest);
    guest_send_or_end(guest, &message);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* See replay_private.h: from the items of a recording to what is to be played. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/python/backend.h"
#include "broker/python/values.h"
#include "broker/record/replay_private.h"
#include "broker/show/show.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"

void replay_warn(struct replay *replay, const char *instance, const char *format, ...)
{
    char text[512];
    va_list args;

    if (replay->warnings++ >= REPLAY_MAX_WARNINGS)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fc_log(FC_LOG_WARNING, instance, "replay: %s%s", text,
           replay->warnings == REPLAY_MAX_WARNINGS ? " (further differences are not told)" : "");
}

void replay_entry_free(struct replay *replay, struct replay_entry *entry)
{
    replay->n_entries--;
    replay->n_bytes -= sizeof(*entry) + entry->events.n * 12 + entry->n_ticks * 4;
    queue_list_deinit(&entry->events);
    queue_list_deinit(&entry->outputs);
    free(entry->ticks);
    free(entry);
}

static int read_instance(struct replay *replay, const struct record_item *item)
{
    struct replay_lane **lanes = grow_by_one(replay->lanes, replay->n_lanes, sizeof(*lanes));
    struct fc_instance *instance;
    struct replay_lane *lane;

    if (!lanes)
        return -ENOMEM;
    replay->lanes = lanes;
    if (replay->n_lanes == REPLAY_MAX_LANES)
        return -ENOSPC;
    HASH_FIND_STR(replay->show->by_name, item->text, instance);
    /* after a gap, or another configuration, an instance has another number, but still one lane */
    for (size_t i = 0; instance && i < replay->n_lanes; i++) {
        if (lanes[i]->instance != instance)
            continue;
        lanes[i]->n_numbers++;
        lanes[replay->n_lanes++] = lanes[i];
        return 0;
    }
    lane = calloc(1, sizeof(*lane));
    if (!lane)
        return -ENOMEM;
    lane->instance = instance;
    lane->n_numbers = 1;
    lane->last = &lane->first;
    lanes[replay->n_lanes++] = lane;
    if (!instance)
        replay_warn(replay, NULL, "the show has no instance \"%s\"", item->text);
    return 0;
}

static int read_channel(struct replay *replay, const struct record_item *item)
{
    struct replay_channel *channels = grow_by_one(replay->channels, replay->n_channels, sizeof(*channels));

    if (!channels)
        return -ENOMEM;
    replay->channels = channels;
    if (item->instance >= replay->n_lanes || replay->n_channels == REPLAY_MAX_CHANNELS)
        return -EBADMSG;
    channels[replay->n_channels] =
        (struct replay_channel){.lane = item->instance, .id = -1, .name = strdup(item->text)};
    if (!channels[replay->n_channels].name)
        return -ENOMEM;
    replay->n_channels++;
    return 0;
}

const struct replay_channel *replay_find_channel(struct replay *replay, uint32_t number,
                                                 const struct fc_instance *instance)
{
    struct replay_channel *channel = number < replay->n_channels ? &replay->channels[number] : NULL;

    if (!channel || !instance || replay->lanes[channel->lane]->instance != instance)
        return NULL;
    if (channel->id < 0)
        channel->id = instance_find_channel(instance, channel->name);
    if (channel->id < 0 && !channel->is_warned) {
        channel->is_warned = true;
        replay_warn(replay, instance->name, "the show has no channel %s.%s", instance->name, channel->name);
    }
    return channel->id < 0 ? NULL : channel;
}

/* What a script knew when the recording began; later it knows it by itself. */
static void read_values(struct replay *replay, const struct record_item *item)
{
    struct fc_instance *instance =
        item->instance < replay->n_lanes ? replay->lanes[item->instance]->instance : NULL;

    if (replay->is_going || !instance || instance->backend != &backend_python)
        return;
    for (size_t i = 0; i < item->n_events; i++) {
        const struct replay_channel *channel = replay_find_channel(replay, item->channels[i], instance);

        if (channel)
            python_set_values(instance, (uint32_t)channel->id, item->values[i], item->outputs[i]);
    }
}

static struct replay_entry *read_new_entry(struct replay *replay, const struct record_item *item,
                                           struct replay_lane *lane)
{
    struct replay_entry *entry = calloc(1, sizeof(*entry));

    if (!entry)
        return NULL;
    entry->kind = item->kind;
    entry->phase = item->phase;
    entry->time_ns = item->time_ns;
    entry->count = item->count;
    entry->ready = item->ready;
    entry->lane = lane;
    *replay->last = entry;
    replay->last = &entry->next;
    *lane->last = entry;
    lane->last = &entry->next_in_lane;
    replay->n_entries++;
    replay->n_bytes += sizeof(*entry);
    return entry;
}

static int read_events(struct replay *replay, struct replay_entry *entry, const struct record_item *item)
{
    if (entry->events.n + item->n_events > CODEC_MAX_BATCH_EVENTS)
        return -EBADMSG;
    if (queue_list_add(&entry->events, item->channels, item->values, item->n_events) < 0)
        return -ENOMEM;
    replay->n_bytes += item->n_events * 12;
    return 0;
}

static int read_step(struct replay *replay, const struct record_item *item)
{
    struct replay_lane *lane = item->instance < replay->n_lanes ? replay->lanes[item->instance] : NULL;
    struct replay_entry *entry = replay->part;

    if (!lane)
        return -EBADMSG;
    if (entry && (entry->lane != lane || entry->time_ns != item->time_ns))
        return -EBADMSG;
    if (!entry) {
        entry = read_new_entry(replay, item, lane);
        if (!entry)
            return -ENOMEM;
        if (item->n_ticks) {
            entry->ticks = calloc(item->n_ticks, sizeof(*entry->ticks));
            if (!entry->ticks)
                return -ENOMEM;
            memcpy(entry->ticks, item->ticks, item->n_ticks * sizeof(*entry->ticks));
            entry->n_ticks = item->n_ticks;
            replay->n_bytes += item->n_ticks * 4;
        }
    }
    replay->part = item->more ? entry : NULL;
    return read_events(replay, entry, item);
}

static int read_other(struct replay *replay, const struct record_item *item)
{
    struct replay_entry *entry = read_new_entry(replay, item, &replay->others);

    if (item->kind == RECORD_GAP)
        replay_warn(replay, NULL, "the recorder was too slow: %llu events are not in the recording",
                    (unsigned long long)item->count);
    return entry ? read_events(replay, entry, item) : -ENOMEM;
}

static int read_item(struct replay *replay, const struct record_item *item)
{
    if (replay->part && item->kind != RECORD_STEP && item->kind != RECORD_CHANNEL)
        return -EBADMSG;
    switch (item->kind) {
    case RECORD_INSTANCE:
        return read_instance(replay, item);
    case RECORD_CHANNEL:
        return read_channel(replay, item);
    case RECORD_VALUES:
        read_values(replay, item);
        return 0;
    case RECORD_STEP:
        return read_step(replay, item);
    case RECORD_INPUT:
    case RECORD_GAP:
        return read_other(replay, item);
    default:
        return 0; /* outputs are what comes of it; what is newer than this program is nothing to play */
    }
}

void replay_read(struct replay *replay)
{
    struct record_item item;

    while (!replay->is_read &&
           (replay->part || (replay->n_entries < REPLAY_MAX_ENTRIES && replay->n_bytes < REPLAY_MAX_BYTES))) {
        int r = record_reader_next(replay->reader, &item);

        if (r == 1)
            r = read_item(replay, &item) < 0 ? -EBADMSG : 1;
        if (r == 1)
            continue;
        replay->is_read = true;
        if (r < 0)
            replay_warn(replay, NULL, "the recording ends after %llu bytes: %s",
                        (unsigned long long)record_reader_bytes(replay->reader), record_reader_problem(r));
    }
}

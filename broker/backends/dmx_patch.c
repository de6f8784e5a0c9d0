/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of channels, and which slots they stand for. Pure; used in the broker. */
#include "broker/backends/dmx_patch.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const health_names[DMX_KINDS_] = {
    [DMX_ALIVE] = "alive",
    [DMX_SOURCES] = "sources",
    [DMX_RATE] = "rate",
};

void dmx_patch_init(struct dmx_patch *patch)
{
    *patch = (struct dmx_patch){0};
    memset(patch->sources, 0xff, sizeof(patch->sources));
    memset(patch->users, 0xff, sizeof(patch->users));
    memset(patch->health, 0xff, sizeof(patch->health));
}

void dmx_patch_deinit(struct dmx_patch *patch)
{
    free(patch->channels);
    patch->channels = NULL;
    patch->n_channels = 0;
}

/* Reads a slot's number, and moves the text behind it. False if there is none from 1 to 512. */
static bool read_slot(const char **text, uint16_t *slot)
{
    size_t digits = strspn(*text, "0123456789");
    unsigned long number = digits > 0 && digits <= 9 ? strtoul(*text, NULL, 10) : 0;

    if (number < 1 || number > DMX_SLOTS)
        return false;
    *text += digits;
    *slot = (uint16_t)(number - 1);
    return true;
}

static bool read_health(struct dmx_channel *channel, const char *name)
{
    for (int kind = 0; kind < DMX_KINDS_; kind++) {
        if (!health_names[kind] || strcmp(health_names[kind], name) != 0)
            continue;
        channel->kind = (enum dmx_kind)kind;
        return true;
    }
    return false;
}

/* Reads the name of a channel. -EINVAL with `reason` filled. */
static int read_channel(struct dmx_channel *channel, const char *name, struct fc_reason *reason)
{
    const char *at = name;

    *channel = (struct dmx_channel){.kind = DMX_SLOT};
    if (read_health(channel, name))
        return 0;
    if (!read_slot(&at, &channel->coarse))
        return fc_refuse(
            reason,
            "\"%.80s\" is not a channel: those are 1 to %d, pairs such as 1+2, alive, sources and "
            "rate",
            name, DMX_SLOTS);
    if (!*at)
        return 0;
    channel->kind = DMX_PAIR;
    if (*at++ != '+' || !read_slot(&at, &channel->fine) || *at)
        return fc_refuse(reason, "\"%.80s\" is not a pair of channels, such as 1+2", name);
    if (channel->fine == channel->coarse)
        return fc_refuse(reason, "\"%.80s\" pairs a channel with itself", name);
    return 0;
}

int dmx_patch_canonical(const char *name, char *canonical, size_t bytes, struct fc_reason *reason)
{
    struct dmx_channel channel;
    int r = read_channel(&channel, name, reason);
    int n;

    if (r < 0)
        return r;
    if (channel.kind == DMX_SLOT)
        n = snprintf(canonical, bytes, "%d", channel.coarse + 1);
    else if (channel.kind == DMX_PAIR)
        n = snprintf(canonical, bytes, "%d+%d", channel.coarse + 1, channel.fine + 1);
    else
        n = snprintf(canonical, bytes, "%s", health_names[channel.kind]);
    return (size_t)n < bytes ? 0 : -ENOMEM;
}

/* Makes room for channels. Ids may have gaps, since the core goes on after a channel that was refused. */
static int grow(struct dmx_patch *patch, size_t wanted)
{
    size_t n = patch->n_channels ? patch->n_channels : 16;
    struct dmx_channel *channels;

    if (wanted <= patch->n_channels)
        return 0;
    while (n < wanted)
        n *= 2;
    channels = reallocarray(patch->channels, n, sizeof(*channels));
    if (!channels)
        return -ENOMEM;
    memset(channels + patch->n_channels, 0, (n - patch->n_channels) * sizeof(*channels));
    patch->channels = channels;
    patch->n_channels = n;
    return 0;
}

/* Refuses a slot that another channel has, whose name says which one. */
static int check_slot(const struct dmx_patch *patch, uint32_t id, uint16_t slot, struct fc_reason *reason)
{
    uint32_t user = patch->users[slot];
    const struct dmx_channel *other;

    if (user == DMX_PATCH_NO_CHANNEL || user == id)
        return 0;
    other = &patch->channels[user];
    if (other->kind == DMX_PAIR)
        return fc_refuse(reason, "channel %d is part of the pair %d+%d, which is mapped, too", slot + 1,
                         other->coarse + 1, other->fine + 1);
    return fc_refuse(reason, "channel %d is mapped alone, too, so it cannot be part of a pair", slot + 1);
}

static void use_slot(struct dmx_patch *patch, uint32_t id, uint16_t slot, unsigned directions)
{
    if (directions)
        patch->users[slot] = id;
    else if (patch->users[slot] == id)
        patch->users[slot] = DMX_PATCH_NO_CHANNEL;
    if (directions & FC_SOURCE)
        patch->sources[slot] = id;
    else if (directions || patch->sources[slot] == id)
        patch->sources[slot] = DMX_PATCH_NO_CHANNEL;
}

static int set_slots(struct dmx_patch *patch, uint32_t id, unsigned directions, bool is_running,
                     struct fc_reason *reason)
{
    const struct dmx_channel *channel = &patch->channels[id];
    bool is_pair = channel->kind == DMX_PAIR;
    int r = 0;

    if (directions && !is_running)
        r = check_slot(patch, id, channel->coarse, reason);
    if (r == 0 && directions && !is_running && is_pair)
        r = check_slot(patch, id, channel->fine, reason);
    if (r < 0)
        return r;
    use_slot(patch, id, channel->coarse, directions);
    if (is_pair)
        use_slot(patch, id, channel->fine, directions);
    return 0;
}

int dmx_patch_set(struct dmx_patch *patch, uint32_t id, const char *name, unsigned directions,
                  bool is_running, struct fc_reason *reason)
{
    struct dmx_channel channel;
    int r = read_channel(&channel, name, reason);

    if (r == 0)
        r = grow(patch, (size_t)id + 1);
    if (r < 0)
        return r;
    patch->channels[id] = channel;
    if (!health_names[channel.kind])
        return set_slots(patch, id, directions, is_running, reason);
    if (directions & FC_TARGET)
        return fc_refuse(reason, "%s says how the universe is received, and cannot be set", name);
    patch->health[channel.kind] = directions ? id : DMX_PATCH_NO_CHANNEL;
    return 0;
}

void dmx_patch_write(const struct dmx_patch *patch, uint32_t id, double value, uint8_t frame[DMX_SLOTS])
{
    const struct dmx_channel *channel = &patch->channels[id];
    uint16_t wide;

    assert(id < patch->n_channels);
    if (channel->kind == DMX_SLOT)
        frame[channel->coarse] = dmx_value_to_8(value);
    if (channel->kind != DMX_PAIR)
        return;
    wide = dmx_value_to_16(value);
    frame[channel->coarse] = (uint8_t)(wide >> 8);
    frame[channel->fine] = (uint8_t)wide;
}

/* Whether an earlier slot of the same pair has changed, too, so that the channel's event is out already. */
static bool is_second(const struct dmx_channel *channel, uint16_t slot, const uint8_t *before,
                      const uint8_t *frame)
{
    uint16_t other = slot == channel->coarse ? channel->fine : channel->coarse;

    return channel->kind == DMX_PAIR && other < slot && before[other] != frame[other];
}

static double value_in(const struct dmx_channel *channel, const uint8_t *frame)
{
    return channel->kind == DMX_PAIR ? dmx_value_from_16(frame[channel->coarse], frame[channel->fine])
                                     : dmx_value_from_8(frame[channel->coarse]);
}

void dmx_patch_compare(const struct dmx_patch *patch, const uint8_t before[DMX_SLOTS],
                       const uint8_t frame[DMX_SLOTS], dmx_patch_fn fn, void *userdata)
{
    for (uint16_t slot = 0; slot < DMX_SLOTS; slot++) {
        uint32_t id = patch->sources[slot];

        if (before[slot] == frame[slot] || id == DMX_PATCH_NO_CHANNEL)
            continue;
        if (!is_second(&patch->channels[id], slot, before, frame))
            fn(userdata, id, value_in(&patch->channels[id], frame));
    }
}

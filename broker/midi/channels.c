/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of channels, with a sorted array of what they are about. Pure; in the broker and drivers. */
#include "broker/midi/channels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/cleanup.h"

/* In place of a kind: the fine half of a pair. */
#define PLACE_FINE MIDI_KINDS_

struct midi_place {
    uint32_t key;
    uint32_t id;
};

static uint32_t place_key(unsigned kind, uint8_t channel, uint16_t number)
{
    return (uint32_t)kind << 24 | (uint32_t)channel << 16 | number;
}

/* Returns the index of a key, or of the first one above it. */
static size_t place_index(const struct midi_channels *channels, uint32_t key)
{
    size_t low = 0, high = channels->n_places;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (channels->places[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct midi_channel *place_find(const struct midi_channels *channels, uint32_t key)
{
    size_t index = place_index(channels, key);

    return index < channels->n_places && channels->places[index].key == key
               ? &channels->list[channels->places[index].id]
               : NULL;
}

static int place_add(struct midi_channels *channels, uint32_t key, uint32_t id)
{
    size_t index = place_index(channels, key);
    struct midi_place *places = reallocarray(channels->places, channels->n_places + 1, sizeof(*places));

    if (!places)
        return -ENOMEM;
    channels->places = places;
    memmove(places + index + 1, places + index, (channels->n_places - index) * sizeof(*places));
    places[index] = (struct midi_place){key, id};
    channels->n_places++;
    return 0;
}

static struct midi_channel *place_source(const struct midi_channels *channels, uint32_t key)
{
    struct midi_channel *channel = place_find(channels, key);

    return channel && (channel->directions & FC_SOURCE) ? channel : NULL;
}

struct midi_channel *midi_channels_source(const struct midi_channels *channels, enum midi_kind kind,
                                          uint8_t channel, uint16_t number)
{
    return place_source(channels, place_key(kind, channel, number));
}

struct midi_channel *midi_channels_fine(const struct midi_channels *channels, uint8_t channel, uint8_t number)
{
    return place_source(channels, place_key(PLACE_FINE, channel, number));
}

/* A controller is half of one pair at most: nobody could tell whose value comes. */
static int channels_check_pair(const struct midi_channels *channels, const struct midi_name *name,
                               struct fc_reason *reason)
{
    const uint16_t halves[] = {name->number, name->fine};
    const struct midi_channel *other = NULL;

    for (size_t i = 0; i < 4 && !other; i++)
        other =
            place_find(channels, place_key(i < 2 ? MIDI_CC_PAIR : PLACE_FINE, name->channel, halves[i % 2]));
    return other ? fc_refuse(reason, "ch%u.cc%u+%u: one of them is in the pair cc%u+%u already",
                             name->channel, name->number, name->fine, other->name.number, other->name.fine)
                 : 0;
}

/* Adds what messages are about, as far as that is a number. */
static int channels_add_places(struct midi_channels *channels, const struct midi_name *name, uint32_t id,
                               struct fc_reason *reason)
{
    uint32_t key = place_key(name->kind, name->channel, name->number);
    int r = 0;

    if (name->kind >= MIDI_SHOW)
        return 0;
    if (name->kind == MIDI_CC_PAIR)
        r = channels_check_pair(channels, name, reason);
    if (r == 0 && name->kind == MIDI_CC_PAIR)
        r = place_add(channels, place_key(PLACE_FINE, name->channel, name->fine), id);
    if (r == 0 && place_find(channels, key))
        r = fc_refuse(reason, "this channel is already mapped under its numbered name");
    return r < 0 ? r : place_add(channels, key, id);
}

/* Takes back what was added for a channel that is none after all. */
static void channels_remove_places(struct midi_channels *channels, uint32_t id)
{
    size_t kept = 0;

    for (size_t i = 0; i < channels->n_places; i++) {
        if (channels->places[i].id != id)
            channels->places[kept++] = channels->places[i];
    }
    channels->n_places = kept;
}

static void channel_deinit(struct midi_channel *channel)
{
    free((char *)channel->name.text);
    free(channel->sysex);
}

/* Takes copies of what the name points to. */
static int channel_init(struct midi_channel *channel, const struct midi_name *name)
{
    struct fc_reason reason;

    *channel = (struct midi_channel){.name = *name};
    channel->name.text = strdup(name->text);
    if (!channel->name.text)
        return -ENOMEM;
    if (name->kind != MIDI_SYSEX)
        return 0;
    channel->sysex = malloc(sizeof(*channel->sysex));
    return channel->sysex ? midi_sysex_read(name->text, channel->sysex, &reason) : -ENOMEM;
}

static int channels_add(struct midi_channels *channels, const struct midi_name *name,
                        struct fc_reason *reason)
{
    struct midi_channel *list = reallocarray(channels->list, channels->n + 1, sizeof(*list));
    int r;

    if (!list)
        return -ENOMEM;
    channels->list = list;
    r = channel_init(&list[channels->n], name);
    if (r == 0)
        r = channels_add_places(channels, name, (uint32_t)channels->n, reason);
    if (r < 0) {
        channels_remove_places(channels, (uint32_t)channels->n);
        channel_deinit(&list[channels->n]);
        return r;
    }
    channels->n++;
    return 0;
}

int midi_channels_set(struct midi_channels *channels, uint32_t id, const char *text, unsigned directions,
                      struct fc_reason *reason)
{
    struct midi_name name;
    int doubt = midi_name_read(text, &name, reason), r = 0;

    if (doubt < 0)
        return doubt;
    if (directions & ~midi_name_directions(name.kind))
        return fc_refuse(reason, "\"%.80s\" is what others send, and cannot be set", text);
    if (id == channels->n)
        r = channels_add(channels, &name, reason);
    if (r < 0)
        return r;
    channels->list[id].directions = directions;
    return doubt;
}

void midi_channels_deinit(struct midi_channels *channels)
{
    for (size_t i = 0; i < channels->n; i++)
        channel_deinit(&channels->list[i]);
    free(channels->list);
    free(channels->places);
}

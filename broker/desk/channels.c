/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps a growing list, and a queue of those that changed. */
#include "broker/desk/channels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHANNELS_FIRST     256u
#define CHANNELS_MAX_BYTES (24u << 20) /* of names */

static void channels_clear(struct channels *channels)
{
    for (uint32_t i = 0; i < channels->n; i++)
        free(channels->list[i].name);
    channels->n = channels->n_queued = channels->head = 0;
    channels->n_bytes = 0;
}

void channels_deinit(struct channels *channels)
{
    channels_clear(channels);
    free(channels->list);
    free(channels->queue);
    *channels = (struct channels){0};
}

void channels_begin(struct channels *channels, uint32_t generation)
{
    channels_clear(channels);
    channels->generation = generation;
}

static int channels_grow(struct channels *channels)
{
    uint32_t capacity = channels->capacity ? 2 * channels->capacity : CHANNELS_FIRST;
    uint32_t *queue = malloc(capacity * sizeof(*queue));
    struct watched *list;

    if (!queue)
        return -ENOMEM;
    list = realloc(channels->list, capacity * sizeof(*list));
    if (!list) {
        free(queue);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < channels->n_queued; i++)
        queue[i] = channels->queue[(channels->head + i) & (channels->capacity - 1)];
    free(channels->queue);
    channels->queue = queue;
    channels->head = 0;
    channels->list = list;
    channels->capacity = capacity;
    return 0;
}

static int channels_name(struct channels *channels, const struct desk_value *value)
{
    size_t n_name = strlen(value->name) + 1;
    char *name;

    if (channels->n == DESK_MAX_CHANNEL || channels->n_bytes + n_name > CHANNELS_MAX_BYTES)
        return -ENOSPC;
    if (channels->n == channels->capacity && channels_grow(channels) < 0)
        return -ENOMEM;
    name = strdup(value->name);
    if (!name)
        return -ENOMEM;
    channels->list[channels->n++] = (struct watched){.name = name};
    channels->n_bytes += n_name;
    return 0;
}

int channels_take(struct channels *channels, const struct desk_value *value, struct watched **watched)
{
    int r = value->channel < channels->n                   ? 0
            : value->name && value->channel == channels->n ? channels_name(channels, value)
                                                           : -EBADMSG;

    if (r < 0)
        return r;
    *watched = &channels->list[value->channel];
    if (value->cause != DESK_UNSET)
        (*watched)->value = value->value;
    if (value->name) {
        (*watched)->seen_by = value->seen_by;
        (*watched)->due &= value->seen_by;
    }
    return 0;
}

void channels_tell(struct channels *channels, struct watched *watched, uint32_t watches)
{
    watched->due |= watches;
    watched->told |= watches;
    if (!watched->due || watched->is_queued)
        return;
    watched->is_queued = true;
    channels->queue[(channels->head + channels->n_queued++) & (channels->capacity - 1)] =
        (uint32_t)(watched - channels->list);
}

void channels_forget(struct channels *channels, uint32_t watches)
{
    for (uint32_t i = 0; i < channels->n; i++) {
        struct watched *watched = &channels->list[i];

        watched->seen_by &= ~watches;
        watched->fits &= ~watches;
        watched->changed &= ~watches;
        watched->due &= ~watches;
        watched->told &= ~watches;
    }
}

void channels_done(struct channels *channels, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct watched *watched = channels_queued(channels, i);

        watched->is_queued = false;
        watched->due = 0;
    }
    channels->head = channels->capacity ? (channels->head + n) & (channels->capacity - 1) : 0;
    channels->n_queued -= n;
}

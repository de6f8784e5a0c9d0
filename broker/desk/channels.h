/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The channels that the broker has named, by its numbers, and what each watch knows of them: a bit for each
 * place. In the desk.
 */
#ifndef BROKER_DESK_CHANNELS_H
#define BROKER_DESK_CHANNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/desk_messages.h"

struct watched {
    char *name; /* INSTANCE.CHANNEL */
    double value;
    uint32_t seen_by; /* watches that may see it, as the broker says */
    uint32_t fits;    /* watches with a pattern that it fits */
    uint32_t changed; /* watches that have not judged it and for which it has changed meanwhile */
    uint32_t due;     /* watches that are to be told its value */
    uint32_t told;    /* watches that were told a value of it, or are due to be */
    bool is_queued;
};

struct channels {
    struct watched *list;
    uint32_t n;
    uint32_t capacity;
    uint32_t generation; /* of the numbers */
    size_t n_bytes;      /* of names */
    uint32_t *queue;     /* a ring of channels with something due, each once; as large as the list */
    uint32_t head;
    uint32_t n_queued;
};

void channels_deinit(struct channels *channels);

/* Forgets all channels, since the numbers are used anew. */
void channels_begin(struct channels *channels, uint32_t generation);

/*
 * Takes a value: names a new channel, or says anew which watches may see it. -EBADMSG for a number that is
 * not next, -ENOSPC for too many channels or names, -ENOMEM.
 */
int channels_take(struct channels *channels, const struct desk_value *value, struct watched **watched);

/* Has watches told of the channel with the next flush. */
void channels_tell(struct channels *channels, struct watched *watched, uint32_t watches);

/* Clears what is known of a place. */
void channels_forget(struct channels *channels, uint32_t watches);

/* Returns number `i` of those that are queued. */
static inline struct watched *channels_queued(const struct channels *channels, uint32_t i)
{
    return &channels->list[channels->queue[(channels->head + i) & (channels->capacity - 1)]];
}

/* Takes the first `n` from the queue; nobody is told of them any more. */
void channels_done(struct channels *channels, uint32_t n);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers, blocks, and gaps of a recording that is being made. */
#include "broker/record/recording.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/hash.h"
#include "broker/show/instance.h"
#include "firecurtain/time.h"

#define RECORDING_QUIET_NS (2 * FC_NS_PER_S)

/* The numbers of an instance and its channels in this recording. */
struct recording_names {
    const struct fc_instance *instance;
    uint32_t number;
    uint32_t *channels; /* by id, from 1; 0: it has no number yet */
    uint32_t n_channels;
    UT_hash_handle hh;
};

struct recording_block {
    struct recording_block *next;
    size_t n_bytes;
    uint8_t bytes[];
};

struct recording {
    recording_fn keep;
    void *userdata;
    struct codec_record *codec;
    struct recording_names *names;
    uint32_t n_instances; /* numbers given */
    uint32_t n_channels;
    struct recording_block *first; /* of those that wait to be kept */
    struct recording_block **last;
    size_t waiting;
    uint64_t missed;     /* in total */
    uint64_t missed_now; /* of these, not written down as a gap yet */
    uint64_t time_ns;    /* of the previous item */
    uint64_t kept_ns;
    bool is_over;
    size_t used;
    uint8_t block[RECORD_MAX_BLOCK];
    uint32_t ids[RECORD_MAX_EVENTS]; /* of the item that is being added */
};

static void recording_put(struct recording *recording, const struct record_item *item);

int recording_new(struct recording **recordingp, const struct record_item *start, recording_fn keep,
                  void *userdata)
{
    struct recording *recording = calloc(1, sizeof(*recording));

    if (!recording)
        return -ENOMEM;
    recording->keep = keep;
    recording->userdata = userdata;
    recording->last = &recording->first;
    if (codec_record_new(&recording->codec) < 0)
        return recording_free(recording), -ENOMEM;
    recording_put(recording, start);
    *recordingp = recording;
    return 0;
}

static void recording_drop_first(struct recording *recording)
{
    struct recording_block *block = recording->first;

    recording->first = block->next;
    if (!recording->first)
        recording->last = &recording->first;
    recording->waiting -= block->n_bytes;
    free(block);
}

struct recording *recording_free(struct recording *recording)
{
    if (!recording)
        return NULL;
    recording_forget(recording);
    while (recording->first)
        recording_drop_first(recording);
    codec_record_free(recording->codec);
    free(recording);
    return NULL;
}

void recording_forget(struct recording *recording)
{
    struct recording_names *names, *next;

    HASH_ITER(hh, recording->names, names, next) {
        HASH_DEL(recording->names, names);
        free(names->channels);
        free(names);
    }
}

bool recording_is_over(const struct recording *recording)
{
    return recording->is_over;
}

void recording_miss(struct recording *recording, uint64_t n)
{
    recording->missed += n;
    recording->missed_now += n;
}

/* Hands over blocks, as many as are taken. */
static void recording_hand_over(struct recording *recording)
{
    while (recording->first && !recording->is_over) {
        int r = recording->keep(recording->userdata, recording->first->bytes, recording->first->n_bytes,
                                recording->missed);

        if (r == -EAGAIN)
            return;
        recording->is_over = r < 0;
        recording_drop_first(recording);
    }
}

/* Completes a block, and hands over what waits. */
static void recording_close_block(struct recording *recording)
{
    struct recording_block *block;

    if (!recording->used)
        return;
    block = malloc(sizeof(*block) + recording->used);
    if (block) {
        block->next = NULL;
        block->n_bytes = recording->used;
        memcpy(block->bytes, recording->block, recording->used);
        *recording->last = block;
        recording->last = &block->next;
        recording->waiting += recording->used;
    } else {
        recording_miss(recording, 1);
        recording_forget(recording); /* there may have been names in it */
    }
    recording->used = 0;
    recording_hand_over(recording);
}

static void recording_put(struct recording *recording, const struct record_item *item)
{
    const void *bytes;
    size_t n_bytes;

    if (codec_record_encode(recording->codec, item, &bytes, &n_bytes) < 0) {
        recording_miss(recording, 1);
        return;
    }
    if (recording->used + n_bytes > sizeof(recording->block))
        recording_close_block(recording);
    memcpy(recording->block + recording->used, bytes, n_bytes);
    recording->used += n_bytes;
}

/* Writes a name. One that is too long for a recording is cut off, and will match nothing in a replay. */
static void recording_put_name(struct recording *recording, enum record_kind kind, uint32_t instance,
                               const char *name)
{
    char text[RECORD_MAX_TEXT + 1];
    size_t n = strnlen(name, RECORD_MAX_TEXT);

    memcpy(text, name, n);
    text[n] = '\0';
    recording_put(recording, &(struct record_item){.kind = kind, .instance = instance, .text = text});
}

static struct recording_names *recording_names_of(struct recording *recording,
                                                  const struct fc_instance *instance)
{
    struct recording_names *names;

    HASH_FIND_PTR(recording->names, &instance, names);
    if (names)
        return names;
    names = calloc(1, sizeof(*names));
    if (!names)
        return NULL;
    names->instance = instance;
    names->number = recording->n_instances;
    HASH_ADD_PTR(recording->names, instance, names);
    if (!names->hh.tbl) {
        free(names);
        return NULL;
    }
    recording->n_instances++;
    recording_put_name(recording, RECORD_INSTANCE, 0, instance->name);
    return names;
}

static int recording_grow(struct recording_names *names)
{
    uint32_t n = names->instance->n_channels;
    uint32_t *channels = realloc(names->channels, n * sizeof(*channels));

    if (!channels)
        return -ENOMEM;
    memset(channels + names->n_channels, 0, (n - names->n_channels) * sizeof(*channels));
    names->channels = channels;
    names->n_channels = n;
    return 0;
}

/* Returns the number of a channel in this recording, given by its id in the instance, or -ENOMEM. */
static int64_t recording_channel(struct recording *recording, struct recording_names *names, uint32_t id)
{
    if (id >= names->n_channels && recording_grow(names) < 0)
        return -ENOMEM;
    if (!names->channels[id]) {
        names->channels[id] = ++recording->n_channels;
        recording_put_name(recording, RECORD_CHANNEL, names->number,
                           instance_channel_name(names->instance, id));
    }
    return names->channels[id] - 1;
}

/* Adds up to RECORD_MAX_EVENTS of an item's events. */
static void recording_add_part(struct recording *recording, struct recording_names *names,
                               const struct record_item *item, size_t at, size_t n)
{
    struct record_item part = *item;

    for (size_t i = 0; i < n; i++) {
        int64_t number = recording_channel(recording, names, item->channels[at + i]);

        if (number < 0) {
            recording_miss(recording, n);
            return;
        }
        recording->ids[i] = (uint32_t)number;
    }
    part.instance = names->number;
    part.channels = recording->ids;
    part.values = n ? item->values + at : NULL;
    part.outputs = item->outputs ? item->outputs + at : NULL;
    part.n_events = n;
    part.more = at + n < item->n_events;
    if (at) { /* these came with the first part */
        part.n_ticks = 0;
        part.ready = 0;
    }
    recording_put(recording, &part);
}

void recording_add(struct recording *recording, const struct fc_instance *instance,
                   const struct record_item *item)
{
    struct recording_names *names = NULL;
    size_t at = 0;

    if (recording->is_over)
        return;
    recording->time_ns = item->time_ns ? item->time_ns : recording->time_ns;
    if (recording->waiting <= RECORDING_MAX_WAITING && instance)
        names = recording_names_of(recording, instance);
    if (recording->waiting > RECORDING_MAX_WAITING || (instance && !names)) {
        recording_miss(recording, item->n_events ? item->n_events : 1);
        return;
    }
    if (recording->missed_now) {
        struct record_item gap = {.kind = RECORD_GAP,
                                  .time_ns = recording->time_ns,
                                  .count = recording->missed_now};

        recording->missed_now = 0;
        recording_put(recording, &gap);
    }
    if (!names) {
        recording_put(recording, item);
        return;
    }
    do {
        size_t n = item->n_events - at < RECORD_MAX_EVENTS ? item->n_events - at : RECORD_MAX_EVENTS;

        recording_add_part(recording, names, item, at, n);
        at += n;
    } while (at < item->n_events);
}

void recording_flush(struct recording *recording, uint64_t now_ns)
{
    bool is_busy = recording->used || recording->first;

    recording_close_block(recording);
    recording_hand_over(recording);
    if (is_busy) {
        recording->kept_ns = now_ns;
    } else if (!recording->is_over && now_ns - recording->kept_ns >= RECORDING_QUIET_NS) {
        int r = recording->keep(recording->userdata, NULL, 0, recording->missed);

        recording->is_over = r < 0 && r != -EAGAIN;
        recording->kept_ns = now_ns;
    }
}

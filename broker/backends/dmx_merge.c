/* SPDX-License-Identifier: BSD-2-Clause */
/* Sources come and go, and one frame is made of theirs. Pure; used in the broker. */
#include "broker/backends/dmx_merge.h"

#include <string.h>

#include "firecurtain/cleanup.h"

#define NOBODYS     (-1) /* in place of a priority */
#define LATE_FRAMES 20   /* a frame that is further behind than this begins a new sequence */

void dmx_merge_init(struct dmx_merge *merge, enum dmx_policy policy, size_t max_sources)
{
    *merge = (struct dmx_merge){.policy = policy, .max_sources = max_sources};
}

int dmx_merge_set_policy(struct dmx_merge *merge, const char *text, struct fc_reason *reason)
{
    static const char *const names[] = {
        [DMX_FIRST] = "first",
        [DMX_HTP] = "htp",
        [DMX_LTP] = "ltp",
        [DMX_OFF] = "off",
    };

    for (size_t i = 0; i < FC_ARRAY_SIZE(names); i++) {
        if (strcmp(names[i], text) != 0)
            continue;
        merge->policy = (enum dmx_policy)i;
        return 0;
    }
    return fc_refuse(reason, "merge is first, htp, ltp or off, not \"%.40s\"", text);
}

int dmx_merge_set_on_loss(struct dmx_merge *merge, const char *text, struct fc_reason *reason)
{
    if (strcmp(text, "hold") != 0 && strcmp(text, "zero") != 0)
        return fc_refuse(reason, "on-loss is hold or zero, not \"%.40s\"", text);
    merge->zero_on_loss = strcmp(text, "zero") == 0;
    return 0;
}

void dmx_merge_reset(struct dmx_merge *merge)
{
    struct dmx_merge fresh = {.policy = merge->policy,
                              .zero_on_loss = merge->zero_on_loss,
                              .max_sources = merge->max_sources};

    *merge = fresh;
}

struct dmx_source *dmx_merge_find(struct dmx_merge *merge, const uint8_t key[DMX_MERGE_KEY_BYTES])
{
    for (size_t i = 0; i < DMX_MERGE_MAX_SOURCES; i++) {
        struct dmx_source *source = &merge->sources[i];

        if (source->is_present && memcmp(source->key, key, DMX_MERGE_KEY_BYTES) == 0)
            return source;
    }
    return NULL;
}

static struct dmx_source *find_room(struct dmx_merge *merge)
{
    struct dmx_source *oldest = NULL;

    for (size_t i = 0; i < merge->max_sources; i++) {
        struct dmx_source *source = &merge->sources[i];

        if (!source->is_present)
            return source;
        if (!oldest || source->heard_ns < oldest->heard_ns)
            oldest = source;
    }
    return merge->policy == DMX_OFF ? oldest : NULL;
}

struct dmx_source *dmx_merge_add(struct dmx_merge *merge, const uint8_t key[DMX_MERGE_KEY_BYTES],
                                 const char *name, uint64_t now_ns)
{
    struct dmx_source *source = find_room(merge);

    if (!source)
        return NULL;
    merge->n_sources += !source->is_present;
    *source = (struct dmx_source){.is_present = true, .since = merge->n_frames, .heard_ns = now_ns};
    memcpy(source->key, key, sizeof(source->key));
    strncpy(source->name, name, sizeof(source->name) - 1);
    return source;
}

void dmx_merge_make_room(struct dmx_merge *merge, uint8_t priority)
{
    struct dmx_source *lowest = NULL;

    if (merge->n_sources < merge->max_sources)
        return;
    for (size_t i = 0; i < merge->max_sources; i++) {
        struct dmx_source *source = &merge->sources[i];

        if (!lowest || source->priority < lowest->priority)
            lowest = source;
    }
    if (lowest && lowest->priority < priority)
        dmx_merge_drop(merge, lowest);
}

bool dmx_source_is_late(const struct dmx_source *source, uint8_t sequence)
{
    uint8_t behind = (uint8_t)(source->sequence - sequence); /* numbers wrap around */

    return source->has_sequence && behind < LATE_FRAMES;
}

static int priority_of(const struct dmx_source *source, size_t slot)
{
    if (!source->has_priorities)
        return source->priority;
    return source->priorities[slot] ? source->priorities[slot] : NOBODYS;
}

/* Whether `source` has the slot rather than `other`, which has the same priority. */
static bool takes_precedence(const struct dmx_merge *merge, const struct dmx_source *source,
                             const struct dmx_source *other, size_t slot)
{
    if (merge->policy == DMX_HTP)
        return source->data[slot] > other->data[slot];
    if (merge->policy == DMX_LTP)
        return source->changed[slot] > other->changed[slot];
    return source->since < other->since;
}

static uint8_t merge_slot(const struct dmx_merge *merge, size_t slot)
{
    const struct dmx_source *best = NULL;
    int highest = NOBODYS;

    for (size_t i = 0; i < merge->max_sources; i++) {
        const struct dmx_source *source = &merge->sources[i];
        int priority = source->is_present ? priority_of(source, slot) : NOBODYS;

        if (priority == NOBODYS || priority < highest)
            continue;
        if (priority > highest || takes_precedence(merge, source, best, slot))
            best = source;
        highest = priority;
    }
    return best ? best->data[slot] : 0;
}

/* Makes the frame anew. */
static void again(struct dmx_merge *merge)
{
    if (merge->policy == DMX_OFF || !merge->n_sources)
        return;
    for (size_t slot = 0; slot < DMX_SLOTS; slot++)
        merge->frame[slot] = merge_slot(merge, slot);
}

void dmx_merge_set_priority(struct dmx_merge *merge, struct dmx_source *source, uint8_t priority)
{
    if (source->priority == priority)
        return;
    source->priority = priority;
    again(merge);
}

void dmx_merge_take_priorities(struct dmx_merge *merge, struct dmx_source *source, const uint8_t *data,
                               size_t n, uint64_t now_ns)
{
    uint8_t whole[DMX_SLOTS] = {0};
    bool has_changed;

    memcpy(whole, data, n < DMX_SLOTS ? n : DMX_SLOTS);
    has_changed = !source->has_priorities || memcmp(source->priorities, whole, DMX_SLOTS) != 0;
    source->has_priorities = true;
    source->priorities_ns = now_ns;
    memcpy(source->priorities, whole, DMX_SLOTS);
    if (has_changed)
        again(merge);
}

/* Stores the slots of a frame. False if none of them has changed. */
static bool store(struct dmx_source *source, const uint8_t *data, uint64_t frame)
{
    if (memcmp(source->data, data, DMX_SLOTS) == 0)
        return false;
    for (size_t slot = 0; slot < DMX_SLOTS; slot++) {
        if (source->data[slot] != data[slot])
            source->changed[slot] = frame;
    }
    memcpy(source->data, data, DMX_SLOTS);
    return true;
}

void dmx_merge_take(struct dmx_merge *merge, struct dmx_source *source, const uint8_t *data, size_t n,
                    uint64_t now_ns)
{
    uint8_t whole[DMX_SLOTS] = {0};
    bool has_changed;

    memcpy(whole, data, n < DMX_SLOTS ? n : DMX_SLOTS);
    source->heard_ns = now_ns;
    merge->heard_ns = now_ns;
    merge->last = source;
    merge->n_frames++;
    has_changed = store(source, whole, merge->n_frames);
    if (merge->policy == DMX_OFF)
        memcpy(merge->frame, whole, DMX_SLOTS);
    else if (has_changed || source->since + 1 == merge->n_frames)
        again(merge);
}

/* Forgets a source, without making the frame anew. */
static void forget(struct dmx_merge *merge, struct dmx_source *source)
{
    source->is_present = false;
    merge->n_sources--;
    if (merge->last == source)
        merge->last = NULL;
}

static void after_loss(struct dmx_merge *merge)
{
    if (merge->n_sources)
        again(merge);
    else if (merge->zero_on_loss)
        memset(merge->frame, 0, sizeof(merge->frame));
}

void dmx_merge_drop(struct dmx_merge *merge, struct dmx_source *source)
{
    forget(merge, source);
    after_loss(merge);
}

/* Returns when a source, or its priorities, are gone. */
static uint64_t next_of(const struct dmx_source *source)
{
    uint64_t heard_ns = source->heard_ns;

    if (source->has_priorities && source->priorities_ns < heard_ns)
        heard_ns = source->priorities_ns;
    return heard_ns + DMX_MERGE_TIMEOUT_NS;
}

void dmx_merge_expire(struct dmx_merge *merge, uint64_t now_ns)
{
    bool has_changed = false;

    for (size_t i = 0; i < DMX_MERGE_MAX_SOURCES; i++) {
        struct dmx_source *source = &merge->sources[i];

        if (!source->is_present || now_ns < next_of(source))
            continue;
        has_changed = true;
        if (now_ns >= source->heard_ns + DMX_MERGE_TIMEOUT_NS)
            forget(merge, source);
        else
            source->has_priorities = false;
    }
    if (has_changed)
        after_loss(merge);
}

uint64_t dmx_merge_next_ns(const struct dmx_merge *merge)
{
    uint64_t next_ns = DMX_MERGE_NEVER;

    for (size_t i = 0; i < DMX_MERGE_MAX_SOURCES; i++) {
        const struct dmx_source *source = &merge->sources[i];

        if (source->is_present && next_of(source) < next_ns)
            next_ns = next_of(source);
    }
    return next_ns;
}

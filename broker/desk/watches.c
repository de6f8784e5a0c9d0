/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each watch meets the channels in their order, with its own place in it, so a turn can end anywhere. What
 * changes while a watch has not met it yet is told when it has.
 */
#include "broker/desk/watches.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/pattern.h"
#include "firecurtain/time.h"

#define WATCHES_FLUSH_NS   (20 * FC_NS_PER_MS)
#define WATCHES_QUIET_NS   (2 * FC_NS_PER_S) /* of silence: then a sign of life, which shows who is gone */
#define WATCHES_ITEMS      256               /* values in one reply */
#define WATCHES_PAGE       32768             /* bytes of their names, about */
#define WATCHES_BUDGET     1024              /* channels in one flush */
#define WATCHES_STEPS      16384             /* of comparing, for one watch before it is another's turn */
#define WATCHES_TURN_STEPS 262144            /* for all, in a turn of the loop */
#define WATCHES_NOTE       256               /* bytes of what is said to a client */

static uint32_t watches_bit(unsigned place)
{
    return UINT32_C(1) << place;
}

/* Whether there are channels that its patterns have not met. */
static bool watches_is_behind(const struct watches *watches, const struct watch *watch)
{
    return watch->client && watch->n_judged < watches->channels.n;
}

/* Whether there are, or others of which it is to find out whether each pattern fits one. */
static bool watches_has_work(const struct watches *watches, const struct watch *watch)
{
    return watches_is_behind(watches, watch) ||
           (watch->client && watch->is_known && !watch->is_noted && watch->n_checked < watches->channels.n);
}

static void watches_wake(struct watches *watches)
{
    for (unsigned i = 0; i < DESK_WATCHES; i++) {
        if (watches_has_work(watches, &watches->list[i]))
            loop_defer(watches->spec.loop, &watches->judge);
    }
}

/* Goes on to the next channel, with what the patterns say of this one. */
static void watches_judged(struct watches *watches, unsigned place, bool fits)
{
    struct watch *watch = &watches->list[place];
    struct watched *watched = &watches->channels.list[watch->n_judged++];
    uint32_t bit = watches_bit(place);

    watch->pattern = 0;
    if (fits) {
        watched->fits |= bit;
        channels_tell(&watches->channels, watched, watched->changed & watched->seen_by & bit);
    }
    watched->changed &= ~bit;
}

/* Returns whether a pattern fits a channel, and takes the steps that this costs. */
static bool watches_compare(struct watch *watch, const char *pattern, const char *name)
{
    watch->steps -= (int64_t)(strlen(pattern) * strlen(name)) + 1;
    return pattern_matches(pattern, name);
}

/* Compares one pattern with one channel. */
static void watches_judge_one(struct watches *watches, unsigned place)
{
    struct watch *watch = &watches->list[place];
    const char *name = watches->channels.list[watch->n_judged].name;
    bool fits = watches_compare(watch, watch->patterns[watch->pattern++].text, name);

    if (fits || watch->pattern == watch->n_patterns)
        watches_judged(watches, place, fits);
}

/* Compares one pattern that has fitted nothing so far with a channel that the watch is told of. */
static void watches_check_one(struct watches *watches, unsigned place)
{
    struct watch *watch = &watches->list[place];
    const struct watched *watched = &watches->channels.list[watch->n_checked];
    struct watch_pattern *pattern = &watch->patterns[watch->check++];

    watch->steps--;
    if (!(watched->fits & watched->seen_by & watches_bit(place)))
        watch->check = watch->n_patterns;
    else if (!pattern->has_fit && watches_compare(watch, pattern->text, watched->name))
        pattern->has_fit = true;
    if (watch->check < watch->n_patterns)
        return;
    watch->check = 0;
    watch->n_checked++;
}

/* Lets one watch go on until its share is used. Returns the steps that it took. */
static int64_t watches_judge_some(struct watches *watches, unsigned place)
{
    struct watch *watch = &watches->list[place];
    int64_t before;

    watch->steps += WATCHES_STEPS;
    if (watch->steps > WATCHES_STEPS)
        watch->steps = WATCHES_STEPS;
    before = watch->steps;
    while (watch->steps > 0 && watches_has_work(watches, watch)) {
        if (watches_is_behind(watches, watch))
            watches_judge_one(watches, place);
        else
            watches_check_one(watches, place);
    }
    return before - watch->steps;
}

static void watches_turn(void *userdata)
{
    struct watches *watches = userdata;
    int64_t steps = 0;

    for (unsigned i = 0; i < DESK_WATCHES && steps < WATCHES_TURN_STEPS; i++) {
        unsigned place = watches->next;

        watches->next = (watches->next + 1) % DESK_WATCHES;
        if (watches_has_work(watches, &watches->list[place]))
            steps += watches_judge_some(watches, place);
    }
    watches_wake(watches);
}

static void watches_forget(struct watches *watches, unsigned place)
{
    struct watch *watch = &watches->list[place];

    for (size_t i = 0; i < watch->n_patterns; i++)
        free(watch->patterns[i].text);
    free(watch->patterns);
    *watch = (struct watch){0};
    watches->used &= ~watches_bit(place);
    if (!watches->used)
        loop_cancel_timer(watches->spec.loop, &watches->flush);
}

/* Sends to the client of a watch. False if it is gone, and the watch with it. */
static bool watches_send(struct watches *watches, unsigned place, struct control_reply *reply,
                         uint64_t now_ns)
{
    struct watch *watch = &watches->list[place];
    uint64_t client = watch->client;
    int r;

    reply->id = watch->id;
    reply->missed = watch->missed;
    r = watches->spec.send(watches->spec.userdata, client, reply);
    watch->has_values = watch->has_values || reply->n_values;
    if (r == 0)
        watch->told_ns = now_ns;
    else if (r == -EAGAIN)
        watch->missed += reply->n_values;
    if (r == 0 || r == -EAGAIN)
        return true;
    watches_forget(watches, place);
    watches->spec.gone(watches->spec.userdata, client);
    return false;
}

/* Tells one watch what is due to it of the first `n` in the queue. */
static void watches_tell(struct watches *watches, unsigned place, uint32_t n, uint64_t now_ns)
{
    struct control_value items[WATCHES_ITEMS];
    bool is_there = true;

    for (uint32_t at = 0; at < n && is_there;) {
        struct control_reply reply = {.outcome = CONTROL_DONE, .values = items};
        size_t n_bytes = 0;

        for (; at < n && reply.n_values < WATCHES_ITEMS && n_bytes < WATCHES_PAGE; at++) {
            const struct watched *watched = channels_queued(&watches->channels, at);

            if (!(watched->due & watches_bit(place)))
                continue;
            items[reply.n_values++] =
                (struct control_value){.channel = watched->name, .value = watched->value};
            n_bytes += strlen(watched->name) + 16;
        }
        if (reply.n_values)
            is_there = watches_send(watches, place, &reply, now_ns);
    }
}

/* Returns the first pattern that no channel fits which the watch may see; NULL if there is none. */
static const char *watches_unfit(const struct watch *watch)
{
    for (size_t i = 0; i < watch->n_patterns; i++) {
        if (!watch->patterns[i].has_fit)
            return watch->patterns[i].text;
    }
    return NULL;
}

/* Once a watch has met all channels: says what it waits for, unless values say that already. */
static void watches_say_what_is_there(struct watches *watches, unsigned place, uint64_t now_ns)
{
    struct watch *watch = &watches->list[place];
    struct control_reply reply = {.outcome = CONTROL_DONE};
    char text[WATCHES_NOTE];
    const char *unfit;

    if (watch->is_noted || !watch->is_known || watches_has_work(watches, watch))
        return;
    watch->is_noted = true;
    unfit = watches_unfit(watch);
    if (unfit)
        snprintf(text, sizeof(text), "there is no channel \"%.*s\" so far; waiting for one", WATCHES_NOTE / 2,
                 unfit);
    else if (!watch->has_values)
        snprintf(text, sizeof(text), "no value so far; waiting for one");
    else
        return;
    reply.text = text;
    watches_send(watches, place, &reply, now_ns);
}

static void watches_flush_some(struct watches *watches, uint32_t most)
{
    uint32_t n = watches->channels.n_queued < most ? watches->channels.n_queued : most;
    uint64_t now_ns = fc_now_ns();

    for (unsigned i = 0; i < DESK_WATCHES; i++) {
        struct control_reply reply = {.outcome = CONTROL_DONE};

        if (watches->list[i].client)
            watches_tell(watches, i, n, now_ns);
        if (watches->list[i].client && n == watches->channels.n_queued)
            watches_say_what_is_there(watches, i, now_ns);
        if (watches->list[i].client && now_ns - watches->list[i].told_ns >= WATCHES_QUIET_NS) {
            watches->list[i].told_ns = now_ns; /* also if it does not read */
            watches_send(watches, i, &reply, now_ns);
        }
    }
    channels_done(&watches->channels, n);
}

static void watches_flush(void *userdata)
{
    struct watches *watches = userdata;

    watches_flush_some(watches, WATCHES_BUDGET);
    if (watches->used)
        loop_set_timer(watches->spec.loop, &watches->flush, fc_now_ns() + WATCHES_FLUSH_NS);
}

void watches_init(struct watches *watches, const struct watches_spec *spec)
{
    *watches = (struct watches){.spec = *spec};
    watches->judge = (struct loop_task){.fn = watches_turn, .userdata = watches};
    watches->flush = (struct timer){.fn = watches_flush, .userdata = watches};
}

void watches_deinit(struct watches *watches)
{
    for (unsigned i = 0; i < DESK_WATCHES; i++)
        watches_forget(watches, i);
    loop_cancel_task(&watches->judge);
    channels_deinit(&watches->channels);
}

static int watches_copy(struct watch *watch, const struct control_request *request)
{
    watch->patterns = calloc(request->n_names + 1, sizeof(*watch->patterns));
    for (size_t i = 0; watch->patterns && i < request->n_names; i++) {
        watch->patterns[i].text = strdup(request->names[i]);
        if (!watch->patterns[i].text)
            return -ENOMEM;
        watch->n_patterns++;
    }
    return watch->patterns ? 0 : -ENOMEM;
}

int watches_begin(struct watches *watches, unsigned place, uint64_t client,
                  const struct control_request *request)
{
    struct watch *watch = &watches->list[place];

    assert(place < DESK_WATCHES && request->n_names);
    watches_forget(watches, place);
    channels_forget(&watches->channels, watches_bit(place));
    if (watches_copy(watch, request) < 0) {
        watches_forget(watches, place);
        return -ENOMEM;
    }
    watch->client = client;
    watch->id = request->id;
    watch->told_ns = fc_now_ns();
    watches->used |= watches_bit(place);
    watches_wake(watches);
    loop_set_timer(watches->spec.loop, &watches->flush, fc_now_ns() + WATCHES_FLUSH_NS);
    return 0;
}

void watches_know(struct watches *watches)
{
    for (unsigned i = 0; i < DESK_WATCHES; i++)
        watches->list[i].is_known = watches->list[i].client != 0;
    watches_wake(watches);
}

void watches_end(struct watches *watches, unsigned place)
{
    watches_forget(watches, place);
}

void watches_leave(struct watches *watches, uint64_t client)
{
    for (unsigned i = 0; i < DESK_WATCHES; i++) {
        if (watches->list[i].client == client)
            watches_forget(watches, i);
    }
}

/* Forgets the channels; what is due of them is told first. */
static void watches_restart(struct watches *watches, uint32_t generation)
{
    watches_flush_some(watches, watches->channels.n_queued);
    channels_begin(&watches->channels, generation);
    watches->is_full = false;
    for (unsigned i = 0; i < DESK_WATCHES; i++) {
        watches->list[i].n_judged = 0;
        watches->list[i].n_checked = 0;
        watches->list[i].check = 0;
        watches->list[i].pattern = 0;
    }
}

/* Notes who is to be told of a value, and who has to judge the channel first. */
static void watches_note(struct watches *watches, const struct desk_value *value, struct watched *watched)
{
    uint32_t asks = value->cause == DESK_EVENT ? watches->used : watches->used & ~watched->told, unjudged = 0;

    if (value->cause == DESK_UNSET)
        return;

    for (unsigned i = 0; i < DESK_WATCHES; i++) {
        if (watches->list[i].client && watches->list[i].n_judged <= value->channel)
            unjudged |= watches_bit(i);
    }
    watched->changed |= unjudged & asks;
    channels_tell(&watches->channels, watched, asks & watched->seen_by & watched->fits);
}

int watches_take(struct watches *watches, uint32_t generation, const uint8_t *bytes, size_t n_bytes)
{
    struct desk_value value;
    struct watched *watched;
    int r;

    if (generation != watches->channels.generation)
        watches_restart(watches, generation);
    while ((r = desk_values_next(&bytes, &n_bytes, &value)) > 0) {
        int taken = channels_take(&watches->channels, &value, &watched);

        if (taken == 0)
            watches_note(watches, &value, watched);
        else if (taken == -EBADMSG && !watches->is_full)
            return taken;
        watches->is_full = watches->is_full || taken == -ENOSPC || taken == -ENOMEM;
    }
    watches_wake(watches);
    return r;
}

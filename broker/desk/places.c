/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts by comparing each with each: there are few, and it is done only when they are too many. */
#include "broker/desk/places.h"

#define PLACES_STRANGER 2 /* what a connection counts that is not signed in */

void places_add(struct places *places, struct place *place)
{
    place->next = places->first;
    place->at = &places->first;
    if (place->next)
        place->next->at = &place->next;
    places->first = place;
    places->n++;
}

void places_remove(struct places *places, struct place *place)
{
    *place->at = place->next;
    if (place->next)
        place->next->at = place->at;
    places->n--;
}

static bool place_is_with(const struct place *place, const struct place *other)
{
    return place->state != PLACE_OVER && place->token == other->token &&
           (place->token || place->address == other->address);
}

/* What those count to which a connection belongs. */
static size_t places_weigh(const struct places *places, const struct place *place)
{
    size_t n = 0;

    for (const struct place *each = places->first; each; each = each->next)
        n += place_is_with(each, place);
    return place->token ? n : n * PLACES_STRANGER;
}

static bool place_may_give_way(const struct place *place)
{
    return place->state == PLACE_IDLE || place->state == PLACE_ASKED;
}

/* Of two that count the same: one that waits for a request, and then the one that has waited longest. */
static bool place_is_before(const struct place *place, const struct place *other)
{
    return place->state != other->state ? place->state == PLACE_IDLE : place->since_ns < other->since_ns;
}

struct place *places_give_way(const struct places *places)
{
    struct place *most = NULL;
    size_t n = 0, n_most = 0;

    for (const struct place *each = places->first; each; each = each->next)
        n += each->state != PLACE_OVER;
    if (n < PLACES_MAX)
        return NULL;
    for (struct place *each = places->first; each; each = each->next) {
        size_t weight = place_may_give_way(each) ? places_weigh(places, each) : 0;

        if (weight < n_most || !weight || (weight == n_most && !place_is_before(each, most)))
            continue;
        n_most = weight;
        most = each;
    }
    return most;
}

struct place *places_give_way_to(const struct places *places, const struct place *newest)
{
    struct place *oldest = NULL;

    if (!newest->token || places_weigh(places, newest) <= PLACES_PER_TOKEN)
        return NULL;
    for (struct place *each = places->first; each; each = each->next) {
        if (each != newest && place_is_with(each, newest) && place_may_give_way(each) &&
            (!oldest || place_is_before(each, oldest)))
            oldest = each;
    }
    return oldest;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which connection of a browser gives way when there are too many. Whoever has most gives way first: the
 * connections of one token, and those of one address that are not signed in, which count twice. So nobody
 * keeps others out. Pure. In the desk.
 */
#ifndef BROKER_DESK_PLACES_H
#define BROKER_DESK_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLACES_MAX       128 /* connections at a time */
#define PLACES_PER_TOKEN 16  /* of those that are signed in by one token */

/* A connection. Lives inside what it belongs to. */
struct place {
    struct place *next, **at;
    uint64_t address;  /* a number that stands for it */
    uint64_t token;    /* the same, of a browser that is signed in; 0: it is not */
    uint64_t since_ns; /* when it began to wait for a request, or for its answer to be read */
    enum place_state {
        PLACE_IDLE,
        PLACE_ASKED,  /* an answer is under way */
        PLACE_STREAM, /* never gives way here: streams have limits of their own */
        PLACE_OVER,   /* is being ended */
    } state;
};

struct places {
    struct place *first; /* newest first */
    size_t n;            /* all of them, also those that are over */
};

void places_add(struct places *places, struct place *place);
void places_remove(struct places *places, struct place *place);

/* Returns the connection that gives way to a new one, or NULL: there is room, or nothing but streams. */
struct place *places_give_way(const struct places *places);

/* Returns the connection that gives way to this one, which is signed in now; or NULL. */
struct place *places_give_way_to(const struct places *places, const struct place *newest);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verb watch: matches patterns with channels, a little for each watch in a turn, and tells clients the
 * values that they want. Whoever has many patterns waits for them; others do not. In the desk.
 */
#ifndef BROKER_DESK_WATCHES_H
#define BROKER_DESK_WATCHES_H

#include <stddef.h>
#include <stdint.h>

#include "broker/base/loop.h"
#include "broker/desk/channels.h"
#include "proto/codec_control.h"

struct watches_spec {
    struct loop *loop;
    /* Sends a reply. 0; -EAGAIN if the client does not read; any other -errno ends its watch. */
    int (*send)(void *userdata, uint64_t client, struct control_reply *reply);
    /* The client of a watch has gone, and the watch with it. */
    void (*gone)(void *userdata, uint64_t client);
    void *userdata;
};

struct watches {
    struct watches_spec spec;
    struct watch {
        uint64_t client; /* 0: the place is free */
        uint64_t id;     /* of the request */
        struct watch_pattern {
            char *text;
            bool has_fit; /* it fits a channel that the watch may see */
        } * patterns;
        size_t n_patterns;
        uint32_t n_judged;  /* channels that its patterns have met */
        uint32_t n_checked; /* channels of which it is known which patterns fit them */
        size_t pattern;     /* the next one for the channel after these */
        size_t check;       /* the next one for the channel after those that were checked */
        int64_t steps;      /* that its turn has left, or that it owes */
        uint64_t missed;    /* values that the client did not read in time */
        uint64_t told_ns;   /* when something was sent last */
        bool has_values;    /* some were sent */
        bool is_known;      /* the broker has named all channels that there are */
        bool is_noted;      /* its client knows whether they fit */
    } list[DESK_WATCHES];
    uint32_t used; /* places, a bit for each */
    unsigned next; /* the place whose turn it is */
    struct channels channels;
    bool is_full; /* there was no room for a channel of this generation: those behind it are left out */
    struct loop_task judge;
    struct timer flush;
};

void watches_init(struct watches *watches, const struct watches_spec *spec);
void watches_deinit(struct watches *watches);

/* Begins a watch; what was in that place has ended. -ENOMEM. */
int watches_begin(struct watches *watches, unsigned place, uint64_t client,
                  const struct control_request *request);
void watches_end(struct watches *watches, unsigned place);

/* Ends the watches of a client that has gone. */
void watches_leave(struct watches *watches, uint64_t client);

/* Notes that all watches so far were told of all channels (DESK_KNOWN): those to which none fits are told so.
 */
void watches_know(struct watches *watches);

/* Takes values from the broker (DESK_VALUES). -EBADMSG; what there is no memory for is left out. */
int watches_take(struct watches *watches, uint32_t generation, const uint8_t *bytes, size_t n_bytes);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The addresses that an OSC instance knows: its root, the formats of its configuration, and for each address
 * in a mapping the channels of its values. It must not know packets or sockets.
 *
 * A channel is `/path`, or `/path:n` for value n (from 0) of a message with several (see osc_name.h). All
 * values of one address are one struct osc_path. Formats come before channels, and the root before both.
 */
#ifndef BROKER_BACKENDS_OSC_PATHS_H
#define BROKER_BACKENDS_OSC_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "broker/backends/osc_echo.h"
#include "broker/backends/osc_format.h"
#include "broker/backends/osc_out.h"
#include "firecurtain/backend.h"

#define OSC_PATHS_NO_CHANNEL UINT32_MAX

struct osc_value {
    uint32_t source; /* the channel that events are emitted on, or OSC_PATHS_NO_CHANNEL */
    bool is_set;     /* since the last message */
    double value;    /* to be sent; in the type's range, not normalised */
    double known;    /* to the peer, which has sent it or was sent it last, as it would be sent */
    uint64_t peer;   /* the number of that peer: they are counted; 0: none */
};

struct osc_path {
    const struct osc_format *format; /* borrowed; NULL: any number comes in with its default range */
    struct osc_value *values; /* as many as the format has, or as mapped channels need; those of a message */
    size_t n_values;
    struct osc_out *out; /* NULL: nothing is sent to it */
    size_t n_out;        /* values that are sent: the format's, or one without a format */
    bool is_wanted;      /* a message is due */
    uint32_t chain;      /* the longest chain of answers that led to it */
    struct osc_echo_address echo;
    bool is_dirty;
    struct osc_path *next_dirty;
    UT_hash_handle hh;
    char address[]; /* with the root */
};

/*
 * The place of a channel; `path` is NULL for an id that no channel has. Value `n` may be none that the
 * messages have: then nothing is sent, unless they have no values at all.
 */
struct osc_place {
    struct osc_path *path;
    size_t n;
};

struct osc_paths {
    char *root; /* NULL: none; never ends in a slash */
    struct osc_format *formats;
    struct osc_path *by_address; /* a hash; its order is that of the mappings */
    struct osc_place *channels;
    size_t n_channels;
};

/* A zeroed structure is empty. */
void osc_paths_deinit(struct osc_paths *paths);

/* Sets the root. -EINVAL or, of the two below, FC_DOUBT with `reason` filled, or -ENOMEM. */
int osc_paths_set_root(struct osc_paths *paths, const char *root, struct fc_reason *reason);
int osc_paths_add_format(struct osc_paths *paths, const char *pattern, const char *value,
                         struct fc_reason *reason);
int osc_paths_add_channel(struct osc_paths *paths, uint32_t id, const char *name, unsigned directions,
                          struct fc_reason *reason);

/* Returns the range of value `n`; without a format, a float from 0.0 to 1.0. */
const struct osc_range *osc_path_range(const struct osc_path *path, size_t n);

/* Whether what is set on a place changes the message: it is one of its values, and not always the same. */
bool osc_place_varies(const struct osc_place *place);

/* Whether something that is set on a place leads to a message. */
bool osc_place_is_sent(const struct osc_place *place);

/* Finds a path by its whole address, root included. NULL if no mapping has it. */
struct osc_path *osc_paths_find(const struct osc_paths *paths, const char *address);

/* Whether an address is below the root. */
bool osc_paths_is_below_root(const struct osc_paths *paths, const char *address);

#endif

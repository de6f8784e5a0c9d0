/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An OSC instance, for the files that connect the parts: osc.c (options, start and stop), osc_input.c and
 * osc_output.c. The parts are osc_net (the socket), osc_codec (bytes to messages), osc_out (and back),
 * osc_name (names of channels), osc_paths (addresses, values and channels), osc_format (ranges), osc_pattern
 * (wildcards), osc_effort (what these may cost) and osc_echo (answers).
 *
 * Invariants: a path is in the list of dirty ones exactly if it `is_dirty`. A packet can do no more than emit
 * events, count as malformed, or make its sender the learned peer.
 */
#ifndef BROKER_BACKENDS_OSC_PRIVATE_H
#define BROKER_BACKENDS_OSC_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/backends/osc_codec.h"
#include "broker/backends/osc_echo.h"
#include "broker/backends/osc_effort.h"
#include "broker/backends/osc_net.h"
#include "broker/backends/osc_paths.h"
#include "broker/backends/osc_pattern.h"
#include "firecurtain/backend.h"

/* No UDP payload is longer. */
#define OSC_PACKET_BYTES 65536

/* Address and types with their padding, and 8 bytes for each value beyond the characters of its text. */
#define OSC_OUT_BYTES                                                                                        \
    (OSC_PATTERN_MAX_BYTES + OSC_FORMAT_MAX_VALUES + 8 + OSC_FORMAT_MAX_VALUES * 8 + OSC_FORMAT_MAX_TEXT)

/* A packet that is being taken apart, which may need several turns; only then is the next one received. */
struct osc_incoming {
    bool is_open;
    struct osc_reader reader;
    struct osc_message message; /* whose pattern is being compared */
    struct osc_path *next;      /* the address that it is compared with next; NULL: no pattern is */
    struct net_address from;
    bool is_from_peer;    /* who is sent to, as far as the address shows */
    size_t steps;         /* of this turn */
    size_t pattern_steps; /* of all patterns of the packet */
    size_t n_emitted;     /* events, of the packet */
    size_t n_expanded;    /* those of its patterns */
};

struct osc {
    struct fc_instance *instance; /* borrowed */
    struct osc_paths paths;
    struct osc_net net;
    struct fc_watch *watch; /* owned; NULL while stopped */
    struct fc_timer *rest;  /* of what has taken long enough in a turn; owned, NULL while stopped */
    unsigned n_sent;        /* messages, which wraps */
    bool detect;
    bool is_looking; /* the start waits for names, and what is set waits with it */
    bool has_warned_no_peer;
    struct osc_incoming in;
    struct osc_effort effort; /* for patterns */
    size_t n_failures;        /* since the last line about one */
    uint64_t failure_logged_ns;
    uint64_t generation;    /* of the peers: counts that others were learned, or met at a start */
    struct osc_path *dirty; /* in the order of marking */
    struct osc_path **dirty_end;
    struct osc_echo echo;
    uint8_t packet[OSC_PACKET_BYTES];
    uint8_t out[OSC_OUT_BYTES];
};

#endif

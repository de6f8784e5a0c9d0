/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One universe of an instance, in both directions, whatever the protocol: its channels (dmx_patch), its
 * sources (dmx_merge), its output (dmx_output), and how well it is received. It must not know packets or
 * sockets, and the caller reads the clock. Used in the broker.
 */
#ifndef BROKER_BACKENDS_DMX_UNIVERSE_H
#define BROKER_BACKENDS_DMX_UNIVERSE_H

#include "broker/backends/dmx_merge.h"
#include "broker/backends/dmx_output.h"
#include "broker/backends/dmx_patch.h"

struct dmx_universe {
    struct fc_instance *instance; /* borrowed */
    struct dmx_patch patch;
    struct dmx_merge merge;
    struct dmx_output output;
    uint8_t emitted[DMX_SLOTS]; /* the slots as the core knows them */
    bool is_held;               /* what arrives is emitted only by dmx_universe_emit() */
    bool is_alive;              /* as said in the log and on the channel `alive` */
    uint64_t said_ns[2];        /* when the log last said that the universe is lost, or is received */
    bool has_said_too_many;     /* that there are more sources than are merged */
    uint64_t said_too_many_ns;
    size_t n_emitted_sources;
    unsigned rate; /* frames in the last full second */
    unsigned n_in_second;
    uint64_t second_ns; /* when the current second began; 0: none */
    unsigned n_events;  /* that were emitted; the caller resets it, to see what a packet costs */
};

void dmx_universe_init(struct dmx_universe *universe, struct fc_instance *instance, enum dmx_policy policy,
                       size_t max_sources);
void dmx_universe_deinit(struct dmx_universe *universe);

/* Has the options merge, on-loss, rate and realtime. -EINVAL with `reason` filled; -ENOENT for any other. */
int dmx_universe_configure(struct dmx_universe *universe, const char *option, const char *value,
                           struct fc_reason *reason);

/* Sets a channel, or several, to be sent. */
void dmx_universe_set(struct dmx_universe *universe, uint32_t id, double value);
void dmx_universe_set_many(struct dmx_universe *universe, const uint32_t *ids, const double *values,
                           size_t n);

/* Takes over the frames of a universe that ends, so that nothing jumps. */
void dmx_universe_inherit(struct dmx_universe *universe, const struct dmx_universe *previous);

/*
 * Returns the source with this key, which is added if there is room; else NULL, upon which its frame is to be
 * ignored. That is said once in the log.
 */
struct dmx_source *dmx_universe_source(struct dmx_universe *universe, const uint8_t key[DMX_MERGE_KEY_BYTES],
                                       const char *name, uint64_t now_ns);

/* Takes a frame of `n` slots from a source, and emits what has changed. */
void dmx_universe_receive(struct dmx_universe *universe, struct dmx_source *source, const uint8_t *data,
                          size_t n, uint64_t now_ns);

/* Takes priorities of `n` slots from a source, and emits what that changes. */
void dmx_universe_prioritize(struct dmx_universe *universe, struct dmx_source *source, const uint8_t *data,
                             size_t n, uint64_t now_ns);

/* Drops a source that says that it ends. */
void dmx_universe_end_source(struct dmx_universe *universe, struct dmx_source *source, uint64_t now_ns);

/* Emits what has changed since the last time. */
void dmx_universe_emit(struct dmx_universe *universe);

/* Notes what has become of the sources and of the rate. */
void dmx_universe_tick(struct dmx_universe *universe, uint64_t now_ns);

/* Returns when dmx_universe_tick() has something to do, or DMX_MERGE_NEVER. */
uint64_t dmx_universe_next_ns(const struct dmx_universe *universe);

/* Forgets the sources, when the instance stops. What was emitted stays, so that only changes are emitted. */
void dmx_universe_stop(struct dmx_universe *universe);

/* Says how the universe is received, such as "receiving from 10.0.0.5 at 44 Hz". Empty if it never was. */
void dmx_universe_describe(const struct dmx_universe *universe, uint64_t now_ns, char *text, size_t bytes);

#endif

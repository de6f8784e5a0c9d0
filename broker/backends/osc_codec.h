/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OSC packets: bytes to messages and back. Pure: no socket, no configuration, no log.
 *
 * A packet is taken whole or not at all: everything in it is checked before the first message is handed out.
 * Reading allocates nothing; writing allocates only when a message is made, not when it is written.
 */
#ifndef BROKER_BACKENDS_OSC_CODEC_H
#define BROKER_BACKENDS_OSC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bundles inside of bundles, the outermost included. */
#define OSC_CODEC_MAX_DEPTH 8

/* A message in a packet; everything is borrowed from the packet, and was checked. */
struct osc_message {
    const char *address;
    const char *types; /* without the comma */
    size_t n_types;
    const uint8_t *data; /* what the arguments occupy */
    size_t bytes;
};

struct osc_argument {
    char type;
    double number;    /* of i, f, h, d; 1 for T and 0 for F; NaN for everything else */
    const char *text; /* of s and S; NULL for everything else */
};

/* Walks through the arguments of a message. */
struct osc_cursor {
    const char *types;
    const uint8_t *data;
    size_t bytes;
};

typedef void (*osc_codec_fn)(void *userdata, const struct osc_message *message);

/*
 * Calls `each` for every message of the packet in order, through all bundles; their time tags mean now.
 * -EBADMSG without a call if anything about it is malformed; `what` then says what, as a literal.
 */
int osc_codec_read(const void *packet, size_t bytes, osc_codec_fn each, void *userdata, const char **what);

struct osc_cursor osc_codec_arguments(const struct osc_message *message);

/* Reads the next argument. False after the last one. */
bool osc_codec_next(struct osc_cursor *cursor, struct osc_argument *argument);

/* Writes `address types values` for people, cut to `bytes` (at least one) with its NUL. */
void osc_codec_print(const struct osc_message *message, char *text, size_t bytes);

/* A message to be written often with changing values. */
struct osc_out;

/* Makes one with a value of 0 for each of `types`, which are any of i, f, h and d. 0 or -ENOMEM. */
int osc_codec_out_new(struct osc_out **out, const char *types);

/* Takes NULL; returns NULL. */
struct osc_out *osc_codec_out_free(struct osc_out *out);

/* Sets value `n`, to the nearest that its type can hold. `n` is below the number of types. */
void osc_codec_out_set(struct osc_out *out, size_t n, double value);

/* Writes the packet for `address`. 0 and its length, or -EMSGSIZE if `bytes` are too few for it. */
int osc_codec_out_write(const struct osc_out *out, const char *address, void *packet, size_t bytes,
                        size_t *written);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OSC packets: bytes to messages; the way back is osc_out.h. Pure: no socket, no configuration, no log.
 *
 * A packet is taken whole or not at all: everything in it is checked before the first message is handed out.
 * Nothing is allocated.
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
    const char *types;   /* without the comma, with the brackets of arrays */
    size_t n_values;     /* those in arrays included, whose brackets take no part in anything */
    const uint8_t *data; /* what the arguments occupy */
    size_t bytes;
};

struct osc_argument {
    char type;
    double number;    /* of i, f, h, d; 1 for T and I, 0 for F; NaN for everything else */
    const char *text; /* of s and S; NULL for everything else */
};

/* Walks through the arguments of a message. */
struct osc_cursor {
    const char *types;
    const uint8_t *data;
    size_t bytes;
};

/* Walks through the messages of a packet, which can be left at any of them and gone on with later. */
struct osc_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool is_in_bundle; /* what comes next has its length in front of it */
};

/* What is wrong with a packet. */
struct osc_fault {
    const char *what;    /* a literal */
    const char *address; /* of the message that is malformed, borrowed from the packet; NULL if it has none */
};

/*
 * Checks a packet as a whole, and begins to walk through it: it must stay as it is meanwhile. -EBADMSG with
 * `fault` filled if anything about it is malformed.
 */
int osc_codec_read(struct osc_reader *reader, const void *packet, size_t bytes, struct osc_fault *fault);

/*
 * Reads the next message, in their order, through all bundles; their time tags mean now. False after the last
 * one, and of a zeroed reader.
 */
bool osc_codec_next_message(struct osc_reader *reader, struct osc_message *message);

struct osc_cursor osc_codec_arguments(const struct osc_message *message);

/* Reads the next argument. False after the last one. */
bool osc_codec_next(struct osc_cursor *cursor, struct osc_argument *argument);

/* Writes `address types values` for people, cut to `bytes` (at least one) with its NUL. */
void osc_codec_print(const struct osc_message *message, char *text, size_t bytes);

#endif

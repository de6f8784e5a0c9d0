/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recordings (record.proto) as plain structures, and their file: a magic number, then blocks, each with its
 * length and a CRC-32, so that a file that ends anywhere can be read up to its last whole block. A file is
 * hostile: everything is checked and has a limit.
 */
#ifndef PROTO_CODEC_RECORD_H
#define PROTO_CODEC_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_VERSION    1
#define RECORD_MAGIC      "fcrecord"
#define RECORD_MAGIC_SIZE 8u
#define RECORD_FRAME_SIZE 8u     /* of a block: length and CRC-32, lowest byte first */
#define RECORD_MAX_BLOCK  49152u /* bytes, without the frame: fits into a reply of the control interface */
#define RECORD_MAX_ITEM   32768u
#define RECORD_MAX_EVENTS 2048u /* of one item; a longer step has several */
#define RECORD_MAX_TICKS  1024u
#define RECORD_MAX_TEXT   4096u

/* As in record.proto. */
enum record_kind {
    RECORD_NONE,
    RECORD_START,
    RECORD_INSTANCE,
    RECORD_CHANNEL,
    RECORD_VALUES,
    RECORD_INPUT,
    RECORD_STEP,
    RECORD_OUTPUT,
    RECORD_GAP,
    RECORD_END,
    RECORD_KINDS_,
};

enum record_phase {
    RECORD_IMPORT,
    RECORD_BATCH,
    RECORD_CLEANUP,
    RECORD_PHASES_,
};

struct record_item {
    enum record_kind kind; /* RECORD_NONE: one that this version does not know */
    uint64_t time_ns;
    uint64_t wall_ns;
    const char *text;
    uint32_t instance;
    enum record_phase phase;
    bool more;
    bool died;
    const uint32_t *channels; /* n_events of each */
    const double *values;
    const double *outputs; /* RECORD_VALUES only */
    size_t n_events;
    const uint32_t *ticks;
    size_t n_ticks;
    uint32_t ready;
    uint64_t count;
};

struct codec_record;

/* -ENOMEM or 0. */
int codec_record_new(struct codec_record **codec);

/* Takes NULL; returns NULL. */
struct codec_record *codec_record_free(struct codec_record *codec);

/*
 * Encodes an item as a part of a block, to be put behind other parts. `*bytes` is the codec's until its next
 * call. -EMSGSIZE above RECORD_MAX_ITEM, -ENOMEM.
 */
int codec_record_encode(struct codec_record *codec, const struct record_item *item, const void **bytes,
                        size_t *n_bytes);

/*
 * Decodes a block to the items that codec_record_take() gives. -EBADMSG if it is malformed (texts that are no
 * names, values beyond 0 to 1, arrays of unequal length), -EMSGSIZE if there is too much in it.
 */
int codec_record_decode(struct codec_record *codec, const void *block, size_t n_bytes);

/* The next item of the block; false at its end. What it points to lives until the next block. */
bool codec_record_take(struct codec_record *codec, struct record_item *item);

/* The bytes before a block in a file. */
void record_frame(const void *block, size_t n_bytes, uint8_t frame[RECORD_FRAME_SIZE]);

/* A file that is read from its beginning. */
struct record_reader;

/* `fd` is the caller's, and outlives the reader. -ENOMEM. */
int record_reader_new(struct record_reader **reader, int fd);

/* Takes NULL; returns NULL. */
struct record_reader *record_reader_free(struct record_reader *reader);

/*
 * The next item, whose texts and arrays live until the next call: 1; 0 at the end of the file; else, and at
 * each further call: -EPROTO: this is no recording, or one of another version; -ENODATA: the file ends within
 * a block, as after a crash; -EBADMSG: the block is damaged or malformed; -errno of read(2). Blocks as long
 * as read(2) does.
 */
int record_reader_next(struct record_reader *reader, struct record_item *item);

/* How much of the file was whole so far. */
uint64_t record_reader_bytes(const struct record_reader *reader);

/* What such a result of record_reader_next() means, for people. */
const char *record_reader_problem(int r);

#endif

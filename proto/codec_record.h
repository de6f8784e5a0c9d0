/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Items of recordings (record.proto) as plain structures, and the file format: a magic number, then blocks,
 * each with its length and a CRC-32. A file that ends anywhere can be read up to its last whole block. Files
 * are not trusted: everything is checked and has a limit.
 */
#ifndef PROTO_CODEC_RECORD_H
#define PROTO_CODEC_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_VERSION    1
#define RECORD_MAGIC      "fcrecord"
#define RECORD_MAGIC_SIZE 8u
#define RECORD_FRAME_SIZE 8u     /* bytes before a block: its length and CRC-32, lowest byte first */
#define RECORD_MAX_BLOCK  49152u /* bytes without the frame: fits into a reply of the control interface */
#define RECORD_MAX_ITEM   32768u /* bytes */
#define RECORD_MAX_EVENTS 2048u  /* of one item; a longer step is several items */
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
    enum record_kind kind; /* RECORD_NONE: unknown to this version */
    uint64_t time_ns;
    uint64_t wall_ns;
    const char *text;
    uint32_t instance;
    enum record_phase phase;
    bool more;
    bool died;
    const uint32_t *channels; /* this and the next two have n_events entries */
    const double *values;
    const double *outputs; /* of RECORD_VALUES only, else NULL */
    size_t n_events;
    const uint32_t *ticks;
    size_t n_ticks;
    uint32_t ready;
    uint64_t count;
};

struct codec_record;

/* Makes a codec. 0 or -ENOMEM. */
int codec_record_new(struct codec_record **codec);

/* Frees a codec. Takes NULL; returns NULL. */
struct codec_record *codec_record_free(struct codec_record *codec);

/*
 * Encodes an item as a part of a block: parts are joined end to end. `*bytes` belongs to the codec and lives
 * until its next call. 0; -EMSGSIZE above RECORD_MAX_ITEM, -ENOMEM.
 */
int codec_record_encode(struct codec_record *codec, const struct record_item *item, const void **bytes,
                        size_t *n_bytes);

/*
 * Decodes a block, whose items codec_record_take() then returns. 0; -EBADMSG if it is malformed (texts with
 * control characters, values outside 0 to 1, arrays of unequal lengths), -EMSGSIZE if it contains too much.
 */
int codec_record_decode(struct codec_record *codec, const void *block, size_t n_bytes);

/* Takes the next item of the block; false at its end. What it points to lives until the next block. */
bool codec_record_take(struct codec_record *codec, struct record_item *item);

/* Makes the bytes that precede a block in a file. */
void record_frame(const void *block, size_t n_bytes, uint8_t frame[RECORD_FRAME_SIZE]);

/* Reads a recording from its beginning. */
struct record_reader;

/* Makes a reader of `fd`, which remains the caller's and must outlive it. 0 or -ENOMEM. */
int record_reader_new(struct record_reader **reader, int fd);

/* Frees a reader. Takes NULL; returns NULL. */
struct record_reader *record_reader_free(struct record_reader *reader);

/*
 * Reads the next item, whose texts and arrays live until the next call. Returns 1; 0 at the end of the file;
 * or, now and at each further call, -EPROTO: not a recording, or one of another version; -ENODATA: the file
 * ends within a block, as after a crash; -EBADMSG: a block is damaged or malformed; or -errno of read(2).
 * Blocks as read(2) does.
 */
int record_reader_next(struct record_reader *reader, struct record_item *item);

/* Returns how many bytes of the file were intact so far. */
uint64_t record_reader_bytes(const struct record_reader *reader);

/* Describes a negative result of record_reader_next() to people. */
const char *record_reader_problem(int r);

#endif

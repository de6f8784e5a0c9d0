/* SPDX-License-Identifier: BSD-2-Clause */
/* The only file that knows the code generated from record.proto; also reads the file format. */
#include "proto/codec_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "firecurtain/cleanup.h"
#include "proto/arena.h"
#include "proto/record.pb-c.h"

/* A block of many empty items takes more memory than it has bytes. */
#define CODEC_RECORD_ARENA (256 * (size_t)RECORD_MAX_BLOCK)

struct codec_record {
    struct arena arena;
    ProtobufCAllocator allocator;
    const Firecurtain__RecordBlock *block; /* the last one decoded */
    size_t taken;                          /* how many of its items were taken */
};

struct record_reader {
    int fd;
    struct codec_record *codec;
    bool has_magic;
    bool has_start;
    int end; /* what every further call returns; 1: the file goes on */
    uint64_t bytes;
    size_t begin, n; /* bytes of `room` that were read but not used yet */
    uint8_t room[2 * (RECORD_FRAME_SIZE + RECORD_MAX_BLOCK)];
};

int codec_record_new(struct codec_record **codecp)
{
    struct codec_record *codec = calloc(1, sizeof(*codec));

    if (!codec)
        return -ENOMEM;
    arena_init(&codec->arena, CODEC_RECORD_ARENA);
    codec->allocator = arena_allocator(&codec->arena);
    *codecp = codec;
    return 0;
}

struct codec_record *codec_record_free(struct codec_record *codec)
{
    if (codec)
        arena_deinit(&codec->arena);
    free(codec);
    return NULL;
}

int codec_record_encode(struct codec_record *codec, const struct record_item *item, const void **bytes,
                        size_t *n_bytes)
{
    Firecurtain__RecordItem message = FIRECURTAIN__RECORD_ITEM__INIT, *only = &message;
    Firecurtain__RecordBlock block = FIRECURTAIN__RECORD_BLOCK__INIT;
    uint8_t *room;

    message.kind = (Firecurtain__RecordKind)item->kind;
    message.time_ns = item->time_ns;
    message.wall_ns = item->wall_ns;
    message.text = (char *)(item->text ? item->text : "");
    message.instance = item->instance;
    message.phase = (Firecurtain__RecordPhase)item->phase;
    message.more = item->more;
    message.died = item->died;
    message.channels = (uint32_t *)item->channels;
    message.values = (double *)item->values;
    message.outputs = (double *)item->outputs;
    message.n_channels = message.n_values = item->n_events;
    message.n_outputs = item->outputs ? item->n_events : 0;
    message.ticks = (uint32_t *)item->ticks;
    message.n_ticks = item->n_ticks;
    message.ready = item->ready;
    message.count = item->count;
    message.version = item->kind == RECORD_START ? RECORD_VERSION : 0;
    block.items = &only;
    block.n_items = 1;
    codec->block = NULL;
    arena_reset(&codec->arena);
    *n_bytes = protobuf_c_message_get_packed_size(&block.base);
    if (*n_bytes > RECORD_MAX_ITEM)
        return -EMSGSIZE;
    room = arena_alloc(&codec->arena, *n_bytes);
    if (!room)
        return -ENOMEM;
    protobuf_c_message_pack(&block.base, room);
    *bytes = room;
    return 0;
}

/* Tells whether a text may be in a recording: it gets into the log and is compared with names. */
static bool record_is_text(const char *text, bool may_be_empty)
{
    size_t n_bytes = strnlen(text, RECORD_MAX_TEXT + 1);

    for (size_t i = 0; i < n_bytes; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    }
    return n_bytes <= RECORD_MAX_TEXT && (n_bytes || may_be_empty);
}

/* Tells whether all values are from 0 to 1, as scripts and devices may rely on; NaN is not. */
static bool record_are_values(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!(values[i] >= 0.0 && values[i] <= 1.0))
            return false;
    }
    return true;
}

static int record_check(const Firecurtain__RecordItem *item)
{
    bool is_named = item->kind == FIRECURTAIN__RECORD_KIND__RECORD_KIND_INSTANCE ||
                    item->kind == FIRECURTAIN__RECORD_KIND__RECORD_KIND_CHANNEL;
    bool is_values = item->kind == FIRECURTAIN__RECORD_KIND__RECORD_KIND_VALUES;

    if (item->n_channels > RECORD_MAX_EVENTS || item->n_ticks > RECORD_MAX_TICKS)
        return -EMSGSIZE;
    if (item->n_channels != item->n_values || item->n_outputs != (is_values ? item->n_channels : 0))
        return -EBADMSG;
    if (item->kind == FIRECURTAIN__RECORD_KIND__RECORD_KIND_INPUT && item->n_channels != 1)
        return -EBADMSG;
    if ((unsigned)item->phase >= (unsigned)RECORD_PHASES_ || !record_is_text(item->text, !is_named))
        return -EBADMSG;
    return record_are_values(item->values, item->n_values) &&
                   record_are_values(item->outputs, item->n_outputs)
               ? 0
               : -EBADMSG;
}

int codec_record_decode(struct codec_record *codec, const void *block, size_t n_bytes)
{
    const Firecurtain__RecordBlock *message;

    codec->block = NULL;
    codec->taken = 0;
    if (n_bytes > RECORD_MAX_BLOCK)
        return -EMSGSIZE;
    arena_reset(&codec->arena);
    message = firecurtain__record_block__unpack(&codec->allocator, n_bytes, block);
    if (!message)
        return -EBADMSG;
    for (size_t i = 0; i < message->n_items; i++) {
        int r = record_check(message->items[i]);

        if (r < 0)
            return r;
    }
    codec->block = message;
    return 0;
}

/* Tells whether the first item of a file is one that this version can read. */
static bool record_is_ours(const Firecurtain__RecordItem *item)
{
    return item->kind == FIRECURTAIN__RECORD_KIND__RECORD_KIND_START && item->version == RECORD_VERSION;
}

bool codec_record_take(struct codec_record *codec, struct record_item *item)
{
    const Firecurtain__RecordItem *from;

    if (!codec->block || codec->taken == codec->block->n_items)
        return false;
    from = codec->block->items[codec->taken++];
    *item = (struct record_item){
        .kind = (unsigned)from->kind < (unsigned)RECORD_KINDS_ ? (enum record_kind)from->kind : RECORD_NONE,
        .time_ns = from->time_ns,
        .wall_ns = from->wall_ns,
        .text = from->text,
        .instance = from->instance,
        .phase = (enum record_phase)from->phase,
        .more = from->more,
        .died = from->died,
        .channels = from->channels,
        .values = from->values,
        .outputs = from->n_outputs ? from->outputs : NULL,
        .n_events = from->n_channels,
        .ticks = from->ticks,
        .n_ticks = from->n_ticks,
        .ready = from->ready,
        .count = from->count,
    };
    return true;
}

static void record_put(uint8_t *at, uint32_t number)
{
    for (size_t i = 0; i < 4; i++)
        at[i] = (uint8_t)(number >> (8 * i));
}

static uint32_t record_get(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Computes the CRC-32 of a block and its length; damage to either is noticed. */
static uint32_t record_crc(const uint8_t *length, const void *block, size_t n_bytes)
{
    uLong crc = crc32(crc32(0, NULL, 0), length, 4);

    return (uint32_t)crc32(crc, block, (uInt)n_bytes);
}

void record_frame(const void *block, size_t n_bytes, uint8_t frame[RECORD_FRAME_SIZE])
{
    record_put(frame, (uint32_t)n_bytes);
    record_put(frame + 4, record_crc(frame, block, n_bytes));
}

int record_reader_new(struct record_reader **readerp, int fd)
{
    struct record_reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return -ENOMEM;
    if (codec_record_new(&reader->codec) < 0) {
        free(reader);
        return -ENOMEM;
    }
    reader->fd = fd;
    reader->end = 1;
    *readerp = reader;
    return 0;
}

struct record_reader *record_reader_free(struct record_reader *reader)
{
    if (reader)
        codec_record_free(reader->codec);
    free(reader);
    return NULL;
}

/* Reads until there are `wanted` bytes, or as many as the file still has. 0 or -errno. */
static int reader_fill(struct record_reader *reader, size_t wanted)
{
    if (reader->n < wanted && reader->begin) {
        memmove(reader->room, reader->room + reader->begin, reader->n);
        reader->begin = 0;
    }
    while (reader->n < wanted) {
        ssize_t n = read(reader->fd, reader->room + reader->n, sizeof(reader->room) - reader->n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        reader->n += (size_t)n;
    }
    return 0;
}

static void reader_consume(struct record_reader *reader, size_t n)
{
    reader->begin += n;
    reader->n -= n;
    reader->bytes += n;
}

static int reader_magic(struct record_reader *reader)
{
    int r = reader_fill(reader, RECORD_MAGIC_SIZE);

    if (r < 0)
        return r;
    if (memcmp(reader->room + reader->begin, RECORD_MAGIC,
               reader->n < RECORD_MAGIC_SIZE ? reader->n : RECORD_MAGIC_SIZE) != 0)
        return -EPROTO;
    if (reader->n < RECORD_MAGIC_SIZE)
        return -ENODATA;
    reader_consume(reader, RECORD_MAGIC_SIZE);
    reader->has_magic = true;
    return 1;
}

/* Decodes the next block: 1; 0 at the end of the file. */
static int reader_block(struct record_reader *reader)
{
    int r = reader_fill(reader, RECORD_FRAME_SIZE);
    const uint8_t *frame = reader->room + reader->begin;
    uint32_t length;

    if (r < 0 || reader->n == 0)
        return r;
    if (reader->n < RECORD_FRAME_SIZE)
        return -ENODATA;
    length = record_get(frame);
    if (length > RECORD_MAX_BLOCK)
        return -EBADMSG;
    r = reader_fill(reader, RECORD_FRAME_SIZE + length);
    if (r < 0)
        return r;
    if (reader->n < RECORD_FRAME_SIZE + length)
        return -ENODATA;
    frame = reader->room + reader->begin;
    if (record_get(frame + 4) != record_crc(frame, frame + RECORD_FRAME_SIZE, length))
        return -EBADMSG;
    r = codec_record_decode(reader->codec, frame + RECORD_FRAME_SIZE, length);
    reader_consume(reader, RECORD_FRAME_SIZE + length);
    return r < 0 ? -EBADMSG : 1;
}

static int reader_advance(struct record_reader *reader)
{
    int r = reader->has_magic ? 1 : reader_magic(reader);

    if (r == 1)
        r = reader_block(reader);
    if (r != 1 || reader->has_start)
        return r;
    reader->has_start = true;
    return reader->codec->block->n_items && record_is_ours(reader->codec->block->items[0]) ? 1 : -EPROTO;
}

int record_reader_next(struct record_reader *reader, struct record_item *item)
{
    while (reader->end == 1) {
        if (codec_record_take(reader->codec, item))
            return 1;
        reader->end = reader_advance(reader);
    }
    return reader->end;
}

uint64_t record_reader_bytes(const struct record_reader *reader)
{
    return reader->bytes;
}

const char *record_reader_problem(int r)
{
    switch (r) {
    case -EPROTO:
        return "this is not a recording, or one of another version";
    case -ENODATA:
        return "it ends within a block, as after a crash; what precedes that is intact";
    case -EBADMSG:
        return "a block is damaged; what precedes it is intact";
    default:
        return strerror(r < 0 ? -r : r);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of sACN packets. Pure; used in the broker. The names are those of ANSI E1.31. */
#include "broker/backends/sacn_codec.h"

#include <string.h>

#include "broker/backends/net_bytes.h"
#include "broker/backends/sacn_name.h"

enum {
    VECTOR_ROOT_E131_DATA = 4,
    VECTOR_ROOT_E131_EXTENDED = 8,
    VECTOR_E131_DATA_PACKET = 2,
    VECTOR_E131_EXTENDED_SYNCHRONIZATION = 1,
    VECTOR_E131_EXTENDED_DISCOVERY = 2,
    VECTOR_DMP_SET_PROPERTY = 2,
    VECTOR_UNIVERSE_DISCOVERY_UNIVERSE_LIST = 1,
};

/* Offsets. */
enum {
    ROOT_LENGTH = 16,
    ROOT_VECTOR = 18,
    ROOT_CID = 22,
    FRAMING_LENGTH = 38,
    FRAMING_VECTOR = 40,
    FRAMING_NAME = 44,
    HEADER_BYTES = 44,

    DATA_PRIORITY = 108,
    DATA_SYNC = 109,
    DATA_SEQUENCE = 111,
    DATA_OPTIONS = 112,
    DATA_UNIVERSE = 113,
    DMP_LENGTH = 115,
    DMP_VECTOR = 117,
    DMP_TYPE = 118,
    DMP_FIRST = 119,
    DMP_INCREMENT = 121,
    DMP_COUNT = 123,
    DMP_START_CODE = 125,
    DMP_DATA = 126,

    SYNC_SEQUENCE = 44,
    SYNC_UNIVERSE = 45,

    DISCOVERY_LENGTH = 112,
    DISCOVERY_VECTOR = 114,
    DISCOVERY_PAGE = 118,
    DISCOVERY_LAST_PAGE = 119,
    DISCOVERY_LIST = 120,
};

enum {
    PREVIEW_DATA = 0x80,
    STREAM_TERMINATED = 0x40,
    FORCE_SYNCHRONIZATION = 0x20,
    ADDRESS_AND_DATA_TYPE = 0xa1,
};

#define FLAGS       0x7000u
#define LENGTH_BITS 0x0fffu

static const uint8_t preamble[ROOT_LENGTH] = "\0\x10\0\0ASC-E1.17\0\0";

/* Whether a layer that begins at `at` is as long as it says, or shorter than the packet. */
static bool is_whole(const uint8_t *data, size_t bytes, size_t at)
{
    size_t length = net_get_16(data + at) & LENGTH_BITS;

    return (net_get_16(data + at) & ~LENGTH_BITS) == FLAGS && length <= bytes - at;
}

static void read_options(uint8_t options, struct sacn_frame *frame)
{
    frame->is_preview = options & PREVIEW_DATA;
    frame->is_last = options & STREAM_TERMINATED;
    frame->is_free_soon = options & FORCE_SYNCHRONIZATION;
}

/* Checks the innermost layer, whose fields are the same in every packet of levels. */
static int check_dmp(const uint8_t *data, size_t bytes, const char **what)
{
    size_t count = net_get_16(data + DMP_COUNT);

    if (!is_whole(data, bytes, DMP_LENGTH) || data[DMP_VECTOR] != VECTOR_DMP_SET_PROPERTY ||
        data[DMP_TYPE] != ADDRESS_AND_DATA_TYPE || net_get_16(data + DMP_FIRST) != 0 ||
        net_get_16(data + DMP_INCREMENT) != 1)
        return net_bad(what, "an sACN frame whose slots are not those of DMX");
    if (count < 1 || count > DMX_SLOTS + 1)
        return net_bad(what, "an sACN frame with a wrong number of slots");
    if (count > bytes - DMP_START_CODE)
        return net_bad(what, "an sACN frame with fewer slots than it says");
    return 0;
}

static int read_data(const uint8_t *data, size_t bytes, struct sacn_packet *packet, const char **what)
{
    struct sacn_frame *frame = &packet->frame;
    int r;

    if (bytes < DMP_DATA)
        return net_bad(what, "an sACN frame that is too short");
    r = check_dmp(data, bytes, what);
    if (r < 0)
        return r;
    packet->kind = SACN_DATA;
    sacn_name_read(packet->name, data + FRAMING_NAME);
    frame->priority = data[DATA_PRIORITY];
    frame->sync_universe = net_get_16(data + DATA_SYNC);
    frame->sequence = data[DATA_SEQUENCE];
    read_options(data[DATA_OPTIONS], frame);
    frame->universe = net_get_16(data + DATA_UNIVERSE);
    frame->start_code = data[DMP_START_CODE];
    frame->n = (uint16_t)(net_get_16(data + DMP_COUNT) - 1);
    frame->data = data + DMP_DATA;
    if (frame->priority > SACN_MAX_PRIORITY)
        return net_bad(what, "an sACN frame with a priority above 200");
    if (frame->universe < 1 || frame->universe > SACN_MAX_UNIVERSE)
        return net_bad(what, "an sACN frame of a universe that does not exist");
    return 0;
}

static int read_sync(const uint8_t *data, size_t bytes, struct sacn_packet *packet, const char **what)
{
    if (bytes < SACN_SYNC_BYTES)
        return net_bad(what, "an sACN synchronization packet that is too short");
    packet->kind = SACN_SYNC;
    packet->sync.sequence = data[SYNC_SEQUENCE];
    packet->sync.universe = net_get_16(data + SYNC_UNIVERSE);
    return 0;
}

static int read_discovery(const uint8_t *data, size_t bytes, struct sacn_packet *packet, const char **what)
{
    size_t length;

    if (bytes < DISCOVERY_LIST)
        return net_bad(what, "an sACN discovery packet that is too short");
    length = net_get_16(data + DISCOVERY_LENGTH) & LENGTH_BITS;
    if (!is_whole(data, bytes, DISCOVERY_LENGTH) || length < DISCOVERY_LIST - DISCOVERY_LENGTH ||
        length > SACN_DISCOVERY_BYTES(SACN_PAGE_UNIVERSES) - DISCOVERY_LENGTH || length % 2)
        return net_bad(what, "an sACN discovery packet with a wrong length");
    if (net_get_32(data + DISCOVERY_VECTOR) != VECTOR_UNIVERSE_DISCOVERY_UNIVERSE_LIST)
        return 0;
    packet->kind = SACN_DISCOVERY;
    sacn_name_read(packet->name, data + FRAMING_NAME);
    packet->discovery.page = data[DISCOVERY_PAGE];
    packet->discovery.last_page = data[DISCOVERY_LAST_PAGE];
    packet->discovery.n = (uint16_t)((length - (DISCOVERY_LIST - DISCOVERY_LENGTH)) / 2);
    packet->discovery.universes = data + DISCOVERY_LIST;
    return 0;
}

static int read_extended(const uint8_t *data, size_t bytes, struct sacn_packet *packet, const char **what)
{
    switch (net_get_32(data + FRAMING_VECTOR)) {
    case VECTOR_E131_EXTENDED_SYNCHRONIZATION:
        return read_sync(data, bytes, packet, what);
    case VECTOR_E131_EXTENDED_DISCOVERY:
        return read_discovery(data, bytes, packet, what);
    default:
        return 0;
    }
}

int sacn_codec_read(const uint8_t *data, size_t bytes, struct sacn_packet *packet, const char **what)
{
    memset(packet, 0, sizeof(*packet));
    if (bytes < HEADER_BYTES || memcmp(data, preamble, sizeof(preamble)) != 0)
        return net_bad(what, "a packet that is not sACN");
    if (!is_whole(data, bytes, ROOT_LENGTH) || !is_whole(data, bytes, FRAMING_LENGTH))
        return net_bad(what, "an sACN packet that is shorter than it says");
    packet->cid = data + ROOT_CID;
    if (net_get_32(data + ROOT_VECTOR) == VECTOR_ROOT_E131_EXTENDED)
        return read_extended(data, bytes, packet, what);
    if (net_get_32(data + ROOT_VECTOR) != VECTOR_ROOT_E131_DATA ||
        net_get_32(data + FRAMING_VECTOR) != VECTOR_E131_DATA_PACKET)
        return 0;
    return read_data(data, bytes, packet, what);
}

uint16_t sacn_codec_universe(const struct sacn_packet *packet, size_t i)
{
    return net_get_16(packet->discovery.universes + 2 * i);
}

static void write_length(uint8_t *out, size_t bytes, size_t at)
{
    net_put(out + at, 2, FLAGS | (unsigned)(bytes - at));
}

/* Writes the two outer layers of a packet, without the source's name. */
static void write_header(uint8_t *out, size_t bytes, uint8_t root_vector, uint8_t framing_vector,
                         const struct sacn_source *source)
{
    memset(out, 0, bytes);
    memcpy(out, preamble, sizeof(preamble));
    write_length(out, bytes, ROOT_LENGTH);
    out[ROOT_VECTOR + 3] = root_vector;
    memcpy(out + ROOT_CID, source->cid, SACN_CID_BYTES);
    write_length(out, bytes, FRAMING_LENGTH);
    out[FRAMING_VECTOR + 3] = framing_vector;
}

static uint8_t options_of(const struct sacn_frame *frame)
{
    return (uint8_t)((frame->is_preview ? PREVIEW_DATA : 0) | (frame->is_last ? STREAM_TERMINATED : 0) |
                     (frame->is_free_soon ? FORCE_SYNCHRONIZATION : 0));
}

void sacn_codec_write_frame(uint8_t out[SACN_DATA_BYTES], const struct sacn_source *source,
                            const struct sacn_frame *frame)
{
    write_header(out, DMP_DATA, VECTOR_ROOT_E131_DATA, VECTOR_E131_DATA_PACKET, source);
    write_length(out, SACN_DATA_BYTES, ROOT_LENGTH);
    write_length(out, SACN_DATA_BYTES, FRAMING_LENGTH);
    memcpy(out + FRAMING_NAME, source->name, SACN_NAME_BYTES);
    out[DATA_PRIORITY] = frame->priority;
    net_put(out + DATA_SYNC, 2, frame->sync_universe);
    out[DATA_SEQUENCE] = frame->sequence;
    out[DATA_OPTIONS] = options_of(frame);
    net_put(out + DATA_UNIVERSE, 2, frame->universe);
    write_length(out, SACN_DATA_BYTES, DMP_LENGTH);
    out[DMP_VECTOR] = VECTOR_DMP_SET_PROPERTY;
    out[DMP_TYPE] = ADDRESS_AND_DATA_TYPE;
    net_put(out + DMP_INCREMENT, 2, 1);
    net_put(out + DMP_COUNT, 2, 1 + DMX_SLOTS);
    out[DMP_START_CODE] = frame->start_code;
    memcpy(out + DMP_DATA, frame->data, DMX_SLOTS);
}

void sacn_codec_write_sync(uint8_t out[SACN_SYNC_BYTES], const struct sacn_source *source, uint16_t universe,
                           uint8_t sequence)
{
    write_header(out, SACN_SYNC_BYTES, VECTOR_ROOT_E131_EXTENDED, VECTOR_E131_EXTENDED_SYNCHRONIZATION,
                 source);
    out[SYNC_SEQUENCE] = sequence;
    net_put(out + SYNC_UNIVERSE, 2, universe);
}

size_t sacn_codec_write_discovery(uint8_t out[SACN_DISCOVERY_BYTES(SACN_PAGE_UNIVERSES)],
                                  const struct sacn_source *source, uint8_t page, uint8_t last_page,
                                  const uint16_t *universes, size_t n)
{
    size_t bytes = SACN_DISCOVERY_BYTES(n);

    write_header(out, bytes, VECTOR_ROOT_E131_EXTENDED, VECTOR_E131_EXTENDED_DISCOVERY, source);
    memcpy(out + FRAMING_NAME, source->name, SACN_NAME_BYTES);
    write_length(out, bytes, DISCOVERY_LENGTH);
    out[DISCOVERY_VECTOR + 3] = VECTOR_UNIVERSE_DISCOVERY_UNIVERSE_LIST;
    out[DISCOVERY_PAGE] = page;
    out[DISCOVERY_LAST_PAGE] = last_page;
    for (size_t i = 0; i < n; i++)
        net_put(out + DISCOVERY_LIST + 2 * i, 2, universes[i]);
    return bytes;
}

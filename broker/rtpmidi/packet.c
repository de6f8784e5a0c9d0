/* SPDX-License-Identifier: BSD-2-Clause */
/* Headers of RTP and of its payload, in and out. Pure; used in the broker. */
#include "broker/rtpmidi/packet.h"

#include <string.h>

#include "broker/backends/net_bytes.h"

#define RTP_BYTES    12
#define VERSION      2
#define PAYLOAD_TYPE 97   /* that of Apple; any of the dynamic ones is received */
#define DYNAMIC      96   /* the first of them */
#define MARKER       0x80 /* there are commands in the packet */

/* of the first byte of RTP */
#define PADDED    0x20
#define EXTENDED  0x10
#define N_SOURCES 0x0f

/* of the first byte of the payload */
#define LONG_HEADER 0x80
#define HAS_JOURNAL 0x40
#define FIRST_DELTA 0x20
#define LENGTH      0x0f

/* Finds where the payload begins and ends. False if it is not in the packet. */
static bool find_payload(const uint8_t *data, size_t bytes, size_t *begin, size_t *end)
{
    *begin = RTP_BYTES + 4u * (data[0] & N_SOURCES);
    *end = bytes;
    if (data[0] & EXTENDED) {
        if (*begin + 4 > bytes)
            return false;
        *begin += 4 + 4 * (size_t)net_get(data + *begin + 2, 2);
    }
    if (data[0] & PADDED) {
        if (data[bytes - 1] == 0 || data[bytes - 1] > bytes)
            return false;
        *end -= data[bytes - 1];
    }
    return *begin < *end;
}

static int read_payload(struct rtpmidi_packet *packet, const uint8_t *data, size_t bytes, const char **what)
{
    size_t header = data[0] & LONG_HEADER ? 2 : 1;
    size_t length = data[0] & LENGTH;

    if (bytes < header)
        return net_bad(what, "an RTP packet without MIDI");
    if (header == 2)
        length = length << 8 | data[1];
    if (bytes - header < length)
        return net_bad(what, "an RTP packet with less MIDI than it says");
    packet->list = data + header;
    packet->list_bytes = length;
    packet->has_first_delta = data[0] & FIRST_DELTA;
    if (data[0] & HAS_JOURNAL) {
        packet->journal = packet->list + length;
        packet->journal_bytes = bytes - header - length;
    }
    return 0;
}

int rtpmidi_packet_read(struct rtpmidi_packet *packet, const uint8_t *data, size_t bytes, const char **what)
{
    size_t begin, end;

    *packet = (struct rtpmidi_packet){0};
    if (bytes < RTP_BYTES || data[0] >> 6 != VERSION)
        return net_bad(what, "a packet that is not RTP");
    if ((data[1] & ~MARKER) < DYNAMIC)
        return net_bad(what, "an RTP packet of a type that cannot be MIDI");
    if (!find_payload(data, bytes, &begin, &end))
        return net_bad(what, "an RTP packet without MIDI");
    packet->sequence = (uint16_t)net_get(data + 2, 2);
    packet->timestamp = (uint32_t)net_get(data + 4, 4);
    packet->ssrc = (uint32_t)net_get(data + 8, 4);
    return read_payload(packet, data + begin, end - begin, what);
}

size_t rtpmidi_packet_write(uint8_t *out, size_t room, const struct rtpmidi_packet *packet)
{
    unsigned flags = LONG_HEADER | (packet->journal ? HAS_JOURNAL : 0u);

    if (packet->list_bytes > RTPMIDI_MAX_LIST ||
        room < RTPMIDI_HEADER_BYTES + packet->list_bytes + packet->journal_bytes)
        return 0;
    out[0] = VERSION << 6;
    out[1] = PAYLOAD_TYPE | (packet->list_bytes ? MARKER : 0);
    net_put(out + 2, 2, packet->sequence);
    net_put(out + 4, 4, packet->timestamp);
    net_put(out + 8, 4, packet->ssrc);
    net_put(out + 12, 2, flags << 8 | packet->list_bytes);
    if (packet->list_bytes)
        memcpy(out + RTPMIDI_HEADER_BYTES, packet->list, packet->list_bytes);
    if (packet->journal_bytes)
        memcpy(out + RTPMIDI_HEADER_BYTES + packet->list_bytes, packet->journal, packet->journal_bytes);
    return RTPMIDI_HEADER_BYTES + packet->list_bytes + packet->journal_bytes;
}

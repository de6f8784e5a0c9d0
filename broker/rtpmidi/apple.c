/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of sessions, in and out. Pure; used in the broker. */
#include "broker/rtpmidi/apple.h"

#include <string.h>

#include "broker/backends/net_bytes.h"
#include "firecurtain/utf8.h"

#define SIGNATURE    0xffff
#define VERSION      2
#define HEADER_BYTES 4
#define INVITE_BYTES 16 /* of IN, OK, NO and BY without the name */
#define CLOCK_BYTES  36
#define SHORT_BYTES  12 /* of RS and RL */

bool rtpmidi_apple_is(const uint8_t *data, size_t bytes)
{
    return bytes >= HEADER_BYTES && net_get(data, 2) == SIGNATURE;
}

static void read_name(struct rtpmidi_apple *packet, const uint8_t *data, size_t bytes)
{
    fc_utf8_clean(packet->name, sizeof(packet->name), (const char *)data, bytes);
}

static int read_invitation(struct rtpmidi_apple *packet, const uint8_t *data, size_t bytes, const char **what)
{
    if (bytes < INVITE_BYTES)
        return net_bad(what, "a packet of a session that is too short");
    if (net_get(data + 4, 4) != VERSION)
        return net_bad(what, "a packet of a session of another version than 2");
    packet->token = (uint32_t)net_get(data + 8, 4);
    packet->ssrc = (uint32_t)net_get(data + 12, 4);
    if (packet->command == RTPMIDI_IN || packet->command == RTPMIDI_OK)
        read_name(packet, data + INVITE_BYTES, bytes - INVITE_BYTES);
    return 0;
}

static int read_clock(struct rtpmidi_apple *packet, const uint8_t *data, size_t bytes, const char **what)
{
    if (bytes < CLOCK_BYTES || data[8] >= 3)
        return net_bad(what, "a clock of a session that is too short, or none of the three");
    packet->ssrc = (uint32_t)net_get(data + 4, 4);
    packet->count = data[8];
    for (size_t i = 0; i < 3; i++)
        packet->times[i] = net_get(data + 12 + 8 * i, 8);
    return 0;
}

static int read_short(struct rtpmidi_apple *packet, const uint8_t *data, size_t bytes, const char **what)
{
    if (bytes < SHORT_BYTES)
        return net_bad(what, "a packet of a session that is too short");
    packet->ssrc = (uint32_t)net_get(data + 4, 4);
    if (packet->command == RTPMIDI_RS)
        packet->sequence = (uint16_t)net_get(data + 8, 2);
    else
        packet->limit = (uint32_t)net_get(data + 8, 4);
    return 0;
}

int rtpmidi_apple_read(struct rtpmidi_apple *packet, const uint8_t *data, size_t bytes, const char **what)
{
    *packet = (struct rtpmidi_apple){0};
    if (!rtpmidi_apple_is(data, bytes))
        return net_bad(what, "a packet that belongs to no session");
    packet->command = (enum rtpmidi_command)net_get(data + 2, 2);
    switch (packet->command) {
    case RTPMIDI_IN:
    case RTPMIDI_OK:
    case RTPMIDI_NO:
    case RTPMIDI_BY:
        return read_invitation(packet, data, bytes, what);
    case RTPMIDI_CK:
        return read_clock(packet, data, bytes, what);
    case RTPMIDI_RS:
    case RTPMIDI_RL:
        return read_short(packet, data, bytes, what);
    }
    return net_bad(what, "a packet of a session with an unknown command");
}

static size_t write_invitation(uint8_t *out, const struct rtpmidi_apple *packet)
{
    size_t n = strnlen(packet->name, sizeof(packet->name) - 1);

    net_put(out + 4, 4, VERSION);
    net_put(out + 8, 4, packet->token);
    net_put(out + 12, 4, packet->ssrc);
    if (packet->command != RTPMIDI_IN && packet->command != RTPMIDI_OK)
        return INVITE_BYTES;
    memcpy(out + INVITE_BYTES, packet->name, n);
    out[INVITE_BYTES + n] = '\0';
    return INVITE_BYTES + n + 1;
}

static size_t write_clock(uint8_t *out, const struct rtpmidi_apple *packet)
{
    net_put(out + 4, 4, packet->ssrc);
    net_put(out + 8, 4, (uint64_t)packet->count << 24);
    for (size_t i = 0; i < 3; i++)
        net_put(out + 12 + 8 * i, 8, packet->times[i]);
    return CLOCK_BYTES;
}

size_t rtpmidi_apple_write(uint8_t out[RTPMIDI_APPLE_BYTES], const struct rtpmidi_apple *packet)
{
    net_put(out, 2, SIGNATURE);
    net_put(out + 2, 2, packet->command);
    switch (packet->command) {
    case RTPMIDI_CK:
        return write_clock(out, packet);
    case RTPMIDI_RS:
        net_put(out + 4, 4, packet->ssrc);
        net_put(out + 8, 4, (uint64_t)packet->sequence << 16);
        return SHORT_BYTES;
    case RTPMIDI_RL:
        net_put(out + 4, 4, packet->ssrc);
        net_put(out + 8, 4, packet->limit);
        return SHORT_BYTES;
    default:
        return write_invitation(out, packet);
    }
}

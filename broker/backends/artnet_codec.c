/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of Art-Net packets. Pure; used in the broker. The names are those of the specification. */
#include "broker/backends/artnet_codec.h"

#include <stdio.h>
#include <string.h>

#include "broker/backends/net_bytes.h"

#define VERSION 14

enum {
    OP_POLL = 0x2000,
    OP_POLL_REPLY = 0x2100,
    OP_DMX = 0x5000,
    OP_SYNC = 0x5200,
    OP_TIME_CODE = 0x9700,
};

/* Offsets. */
enum {
    OP_CODE = 8,
    PROT_VER = 10,
    HEADER_BYTES = 12,

    DMX_SEQUENCE = 12,
    DMX_SUB_UNI = 14,
    DMX_NET = 15,
    DMX_LENGTH = 16,
    DMX_DATA = 18,

    POLL_FLAGS = 12,
    POLL_TARGET_TOP = 14,
    POLL_TARGET_BOTTOM = 16,
    POLL_TARGETED_BYTES = 18,

    TIME_FRAMES = 14,
    TIME_SECONDS = 15,
    TIME_MINUTES = 16,
    TIME_HOURS = 17,
    TIME_TYPE = 18,

    REPLY_IP = 10,
    REPLY_PORT = 14,
    REPLY_NET_SWITCH = 18,
    REPLY_SUB_SWITCH = 19,
    REPLY_OEM = 20,
    REPLY_STATUS_1 = 23,
    REPLY_ESTA = 24,
    REPLY_SHORT_NAME = 26,
    REPLY_LONG_NAME = 44,
    REPLY_NODE_REPORT = 108,
    REPLY_NUM_PORTS = 172,
    REPLY_PORT_TYPES = 174,
    REPLY_GOOD_INPUT = 178,
    REPLY_GOOD_OUTPUT_A = 182,
    REPLY_SW_IN = 186,
    REPLY_SW_OUT = 190,
    REPLY_BIND_IP = 207,
    REPLY_BIND_INDEX = 211,
    REPLY_STATUS_2 = 212,
    REPLY_GOOD_OUTPUT_B = 213,
};

enum {
    POLL_TARGETED = 1 << 5,
    PORT_OUTPUT = 0x80, /* it makes DMX out of Art-Net */
    PORT_INPUT = 0x40,  /* it makes Art-Net out of DMX */
    GOOD_DATA = 0x80,
    GOOD_MERGING = 0x08,
    GOOD_LTP = 0x02,
    STATUS_1 = 0xd0,      /* the indicators are normal; addresses are set at the device */
    STATUS_2 = 0x08,      /* 15-bit Port-Addresses */
    GOOD_OUTPUT_B = 0xc0, /* no RDM, continuous output */
    OEM_UNKNOWN = 0x00ff,
    ESTA_PROTOTYPE = 0x7ff0,
};

#define SHORT_NAME_BYTES 18
#define LONG_NAME_BYTES  64

static const uint8_t header[8] = "Art-Net";

static uint16_t little(const uint8_t *at)
{
    return (uint16_t)(at[1] << 8 | at[0]);
}

static void put_little(uint8_t *at, unsigned number)
{
    at[0] = (uint8_t)number;
    at[1] = (uint8_t)(number >> 8);
}

static int read_dmx(const uint8_t *data, size_t bytes, struct artnet_packet *packet, const char **what)
{
    if (bytes < DMX_DATA)
        return net_bad(what, "an ArtDmx packet that is too short");
    packet->dmx.sequence = data[DMX_SEQUENCE];
    packet->dmx.address = (uint16_t)((data[DMX_NET] & 0x7f) << 8 | data[DMX_SUB_UNI]);
    packet->dmx.n = net_get_16(data + DMX_LENGTH);
    packet->dmx.data = data + DMX_DATA;
    if (packet->dmx.n < 1 || packet->dmx.n > DMX_SLOTS)
        return net_bad(what, "an ArtDmx packet with a wrong number of slots");
    if (packet->dmx.n > bytes - DMX_DATA)
        return net_bad(what, "an ArtDmx packet with fewer slots than it says");
    return 0;
}

static int read_poll(const uint8_t *data, size_t bytes, struct artnet_packet *packet, const char **what)
{
    if (bytes < ARTNET_POLL_BYTES)
        return net_bad(what, "an ArtPoll packet that is too short");
    packet->poll.is_targeted = (data[POLL_FLAGS] & POLL_TARGETED) && bytes >= POLL_TARGETED_BYTES;
    packet->poll.low = 0;
    packet->poll.high = ARTNET_MAX_ADDRESS;
    if (packet->poll.is_targeted) {
        packet->poll.high = net_get_16(data + POLL_TARGET_TOP);
        packet->poll.low = net_get_16(data + POLL_TARGET_BOTTOM);
    }
    return 0;
}

/* Returns the port of a node. Its low byte comes first; some nodes, such as dmxnet, swap those of 6454. */
static uint16_t read_port(const uint8_t *at)
{
    return net_get_16(at) == ARTNET_PORT ? ARTNET_PORT : little(at);
}

static int read_reply(const uint8_t *data, size_t bytes, struct artnet_packet *packet, const char **what)
{
    unsigned base, n_ports;

    if (bytes < ARTNET_MIN_REPLY_BYTES)
        return net_bad(what, "an ArtPollReply packet that is too short");
    base = (data[REPLY_NET_SWITCH] & 0x7fu) << 8 | (data[REPLY_SUB_SWITCH] & 0xfu) << 4;
    n_ports = net_get_16(data + REPLY_NUM_PORTS);
    packet->reply.port = read_port(data + REPLY_PORT);
    packet->reply.bind_index = bytes > REPLY_BIND_INDEX ? data[REPLY_BIND_INDEX] : 0;
    packet->reply.n_outputs = 0;
    for (unsigned i = 0; i < n_ports && i < ARTNET_REPLY_PORTS; i++) {
        if (data[REPLY_PORT_TYPES + i] & PORT_OUTPUT)
            packet->reply.outputs[packet->reply.n_outputs++] =
                (uint16_t)(base | (data[REPLY_SW_OUT + i] & 0xfu));
    }
    return 0;
}

static int read_sync(size_t bytes, const char **what)
{
    return bytes < ARTNET_SYNC_BYTES ? net_bad(what, "an ArtSync packet that is too short") : 0;
}

static int read_time(const uint8_t *data, size_t bytes, struct artnet_time *time, const char **what)
{
    if (bytes < ARTNET_TIME_BYTES)
        return net_bad(what, "an ArtTimeCode packet that is too short");
    *time = (struct artnet_time){.frames = data[TIME_FRAMES],
                                 .seconds = data[TIME_SECONDS],
                                 .minutes = data[TIME_MINUTES],
                                 .hours = data[TIME_HOURS],
                                 .type = data[TIME_TYPE]};
    if (time->frames > 29 || time->seconds > 59 || time->minutes > 59 || time->hours > 23 ||
        time->type >= ARTNET_TIME_TYPES)
        return net_bad(what, "an ArtTimeCode packet with a time that does not exist");
    return 0;
}

static enum artnet_kind kind_of(unsigned op_code)
{
    switch (op_code) {
    case OP_DMX:
        return ARTNET_DMX;
    case OP_POLL:
        return ARTNET_POLL;
    case OP_POLL_REPLY:
        return ARTNET_REPLY;
    case OP_SYNC:
        return ARTNET_SYNC;
    case OP_TIME_CODE:
        return ARTNET_TIMECODE;
    default:
        return ARTNET_OTHER;
    }
}

int artnet_codec_read(const uint8_t *data, size_t bytes, struct artnet_packet *packet, const char **what)
{
    memset(packet, 0, sizeof(*packet));
    if (bytes < HEADER_BYTES || memcmp(data, header, sizeof(header)) != 0)
        return net_bad(what, "a packet that is not Art-Net");
    packet->kind = kind_of(little(data + OP_CODE));
    if (packet->kind == ARTNET_REPLY) /* the only kind without a version */
        return read_reply(data, bytes, packet, what);
    if (packet->kind != ARTNET_OTHER && net_get_16(data + PROT_VER) < VERSION)
        return net_bad(what, "an Art-Net packet of a version before 14");
    if (packet->kind == ARTNET_DMX)
        return read_dmx(data, bytes, packet, what);
    if (packet->kind == ARTNET_POLL)
        return read_poll(data, bytes, packet, what);
    if (packet->kind == ARTNET_TIMECODE)
        return read_time(data, bytes, &packet->time, what);
    return packet->kind == ARTNET_SYNC ? read_sync(bytes, what) : 0;
}

static void write_header(uint8_t *out, size_t bytes, unsigned op_code)
{
    memset(out, 0, bytes);
    memcpy(out, header, sizeof(header));
    put_little(out + OP_CODE, op_code);
    net_put(out + PROT_VER, 2, VERSION);
}

void artnet_codec_write_dmx(uint8_t out[ARTNET_DMX_BYTES], uint16_t address, uint8_t sequence,
                            const uint8_t frame[DMX_SLOTS])
{
    write_header(out, DMX_DATA, OP_DMX);
    out[DMX_SEQUENCE] = sequence;
    out[DMX_SUB_UNI] = (uint8_t)address;
    out[DMX_NET] = (uint8_t)(address >> 8);
    net_put(out + DMX_LENGTH, 2, DMX_SLOTS);
    memcpy(out + DMX_DATA, frame, DMX_SLOTS);
}

void artnet_codec_write_poll(uint8_t out[ARTNET_POLL_BYTES])
{
    write_header(out, ARTNET_POLL_BYTES, OP_POLL);
}

void artnet_codec_write_sync(uint8_t out[ARTNET_SYNC_BYTES])
{
    write_header(out, ARTNET_SYNC_BYTES, OP_SYNC);
}

static uint8_t good_output(const struct artnet_port_report *report)
{
    return (uint8_t)((report->is_alive ? GOOD_DATA : 0) | (report->is_merging ? GOOD_MERGING : 0) |
                     (report->is_ltp ? GOOD_LTP : 0));
}

void artnet_codec_write_reply(uint8_t out[ARTNET_REPLY_BYTES], const struct artnet_port_report *report)
{
    write_header(out, ARTNET_REPLY_BYTES, OP_POLL_REPLY);
    memcpy(out + REPLY_IP, report->ip, 4);
    put_little(out + REPLY_PORT, report->udp_port);
    out[REPLY_NET_SWITCH] = (uint8_t)(report->address >> 8);
    out[REPLY_SUB_SWITCH] = (report->address >> 4) & 0xf;
    net_put(out + REPLY_OEM, 2, OEM_UNKNOWN);
    out[REPLY_STATUS_1] = STATUS_1;
    put_little(out + REPLY_ESTA, ESTA_PROTOTYPE);
    snprintf((char *)out + REPLY_SHORT_NAME, SHORT_NAME_BYTES, "%s", report->name);
    snprintf((char *)out + REPLY_LONG_NAME, LONG_NAME_BYTES, "firecurtain: %s", report->name);
    snprintf((char *)out + REPLY_NODE_REPORT, LONG_NAME_BYTES, "#0001 [%04u] running",
             report->n_polls % 10000);
    net_put(out + REPLY_NUM_PORTS, 2, 1);
    out[REPLY_PORT_TYPES] = PORT_OUTPUT | (report->sends ? PORT_INPUT : 0);
    out[REPLY_GOOD_INPUT] = report->sends ? GOOD_DATA : 0;
    out[REPLY_GOOD_OUTPUT_A] = good_output(report);
    out[REPLY_SW_IN] = report->address & 0xf;
    out[REPLY_SW_OUT] = report->address & 0xf;
    memcpy(out + REPLY_BIND_IP, report->ip, 4);
    out[REPLY_BIND_INDEX] = report->bind_index;
    out[REPLY_STATUS_2] = STATUS_2;
    out[REPLY_GOOD_OUTPUT_B] = GOOD_OUTPUT_B;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Journals that go out. Pure; used in the broker. */
#include "broker/rtpmidi/history.h"

#include <stdbool.h>

#include "broker/backends/net_bytes.h"

#define IS_OLDER       0x80 /* nothing in here is from the packet before */
#define HAS_CHANNELS   0x20
#define IS_PLAYED      0x80
#define IS_KNOWN       0x80
#define CHANNEL_BYTES  3
#define NO_BITS        0xf0 /* low and high note of none */
#define NO_BITS_OF_127 0xf1 /* the same with 127 notes, where NO_BITS means 128 */
#define ALL_SOUND_OFF  120
#define ALL_NOTES_OFF  123 /* and those after it */

/* A journal that is being written. */
struct writer {
    uint8_t *out;
    size_t room;
    size_t bytes; /* more than `room`: it does not fit */
    uint32_t checkpoint;
    uint32_t packet;
    unsigned is_older; /* IS_OLDER unless something in this part is from the packet before */
};

static void put(struct writer *writer, unsigned byte)
{
    if (writer->bytes < writer->room)
        writer->out[writer->bytes] = (uint8_t)byte;
    writer->bytes++;
}

/* Changes what was put before. */
static void change(struct writer *writer, size_t at, unsigned byte)
{
    if (at < writer->room)
        writer->out[at] = (uint8_t)byte;
}

static void note(struct rtpmidi_sent *sent, uint8_t value, uint32_t packet)
{
    *sent = (struct rtpmidi_sent){packet, value};
}

static void note_controller(struct rtpmidi_history_channel *channel, uint8_t number, uint8_t value,
                            uint32_t packet)
{
    note(&channel->controllers[number], value, packet);
    if (number != ALL_SOUND_OFF && number < ALL_NOTES_OFF)
        return;
    for (size_t i = 0; i < RTPMIDI_NUMBERS; i++) {
        if (channel->notes[i].value)
            note(&channel->notes[i], 0, packet);
    }
}

static void note_program(struct rtpmidi_history_channel *channel, uint8_t value, uint32_t packet)
{
    const struct rtpmidi_sent *high = &channel->controllers[0], *low = &channel->controllers[32];

    note(&channel->program, value, packet);
    channel->bank[0] = high->packet && low->packet ? high->value | IS_KNOWN : 0;
    channel->bank[1] = channel->bank[0] ? low->value : 0;
}

void rtpmidi_history_note(struct rtpmidi_history *history, const uint8_t *message, size_t bytes,
                          uint32_t packet)
{
    struct rtpmidi_history_channel *channel = &history->channels[message[0] & 0x0f];
    uint8_t first = bytes > 1 ? message[1] & 0x7f : 0, second = bytes > 2 ? message[2] & 0x7f : 0;

    if (message[0] < 0x80 || message[0] >= 0xf0)
        return;
    if ((message[0] & 0xf0) == 0xb0 && rtpmidi_is_parameter(first))
        return;
    channel->last = packet;
    switch (message[0] & 0xf0) {
    case 0x80:
        note(&channel->notes[first], 0, packet);
        break;
    case 0x90:
        note(&channel->notes[first], second, packet);
        break;
    case 0xa0:
        note(&channel->note_pressures[first], second, packet);
        break;
    case 0xb0:
        note_controller(channel, first, second, packet);
        break;
    case 0xc0:
        note_program(channel, first, packet);
        break;
    case 0xd0:
        note(&channel->pressure, first, packet);
        break;
    default:
        note(&channel->wheel, first, packet);
        channel->wheel_second = second;
        break;
    }
}

/* What is in the packet itself need not be in its journal. */
static bool is_covered(const struct writer *writer, const struct rtpmidi_sent *sent)
{
    return sent->packet && sent->packet >= writer->checkpoint && sent->packet < writer->packet;
}

/* Returns the bit that says that something is not from the packet before, and notes it for the whole part. */
static unsigned older(struct writer *writer, const struct rtpmidi_sent *sent)
{
    unsigned bit = sent->packet + 1 == writer->packet ? 0 : IS_OLDER;

    writer->is_older &= bit;
    return bit;
}

static bool write_program(struct writer *writer, const struct rtpmidi_history_channel *channel)
{
    if (!is_covered(writer, &channel->program))
        return false;
    put(writer, older(writer, &channel->program) | channel->program.value);
    put(writer, channel->bank[0]);
    put(writer, channel->bank[1]);
    return true;
}

/* Writes a header and a log for each value that is covered. False if there is none. */
static bool write_logs(struct writer *writer, const struct rtpmidi_sent values[RTPMIDI_NUMBERS])
{
    size_t header = writer->bytes;
    unsigned n = 0, bit, is_older = IS_OLDER;

    for (unsigned i = 0; i < RTPMIDI_NUMBERS; i++) {
        if (!is_covered(writer, &values[i]))
            continue;
        if (n++ == 0)
            put(writer, 0);
        bit = older(writer, &values[i]);
        is_older &= bit;
        put(writer, bit | i);
        put(writer, values[i].value);
    }
    if (n > 0)
        change(writer, header, is_older | (n - 1));
    return n > 0;
}

static bool write_controllers(struct writer *writer, const struct rtpmidi_history_channel *channel)
{
    return write_logs(writer, channel->controllers);
}

static bool write_wheel(struct writer *writer, const struct rtpmidi_history_channel *channel)
{
    if (!is_covered(writer, &channel->wheel))
        return false;
    put(writer, older(writer, &channel->wheel) | channel->wheel.value);
    put(writer, channel->wheel_second);
    return true;
}

/* Writes a log for each note that sounds. Returns their number. */
static unsigned write_sounding(struct writer *writer, const struct rtpmidi_history_channel *channel)
{
    unsigned n = 0;

    for (unsigned i = 0; i < RTPMIDI_NUMBERS; i++) {
        const struct rtpmidi_sent *sent = &channel->notes[i];

        if (!is_covered(writer, sent) || !sent->value)
            continue;
        put(writer, older(writer, sent) | i);
        put(writer, IS_PLAYED | sent->value);
        n++;
    }
    return n;
}

/* Notes that have ended, as bits. */
struct ended {
    uint8_t bits[RTPMIDI_NUMBERS / 8];
    unsigned low, high; /* the first and the last byte with a bit; low > high: there is none */
    unsigned is_older;
};

static struct ended find_ended(struct writer *writer, const struct rtpmidi_history_channel *channel)
{
    struct ended ended = {.low = 15, .high = 0, .is_older = IS_OLDER};

    for (unsigned i = 0; i < RTPMIDI_NUMBERS; i++) {
        const struct rtpmidi_sent *sent = &channel->notes[i];

        if (!is_covered(writer, sent) || sent->value)
            continue;
        ended.bits[i / 8] |= (uint8_t)(0x80 >> i % 8);
        ended.is_older &= older(writer, sent);
        ended.low = i / 8 < ended.low ? i / 8 : ended.low;
        ended.high = i / 8;
    }
    return ended;
}

static bool write_notes(struct writer *writer, const struct rtpmidi_history_channel *channel)
{
    struct ended ended = find_ended(writer, channel);
    bool has_bits = ended.low <= ended.high;
    size_t header = writer->bytes;
    unsigned n;

    put(writer, 0);
    put(writer, 0);
    n = write_sounding(writer, channel);
    if (n == 0 && !has_bits) {
        writer->bytes = header;
        return false;
    }
    change(writer, header, ended.is_older | (n < RTPMIDI_NUMBERS ? n : RTPMIDI_NUMBERS - 1));
    change(writer, header + 1,
           has_bits                   ? ended.low << 4 | ended.high
           : n == RTPMIDI_NUMBERS - 1 ? NO_BITS_OF_127
                                      : NO_BITS);
    for (unsigned i = ended.low; has_bits && i <= ended.high; i++)
        put(writer, ended.bits[i]);
    return true;
}

static bool write_pressure(struct writer *writer, const struct rtpmidi_history_channel *channel)
{
    if (!is_covered(writer, &channel->pressure))
        return false;
    put(writer, older(writer, &channel->pressure) | channel->pressure.value);
    return true;
}

static bool write_note_pressures(struct writer *writer, const struct rtpmidi_history_channel *channel)
{
    return write_logs(writer, channel->note_pressures);
}

static const struct {
    uint8_t bit;
    bool (*write)(struct writer *writer, const struct rtpmidi_history_channel *channel);
} chapters[] = {
    {RTPMIDI_CHAPTER_P, write_program},  {RTPMIDI_CHAPTER_C, write_controllers},
    {RTPMIDI_CHAPTER_W, write_wheel},    {RTPMIDI_CHAPTER_N, write_notes},
    {RTPMIDI_CHAPTER_T, write_pressure}, {RTPMIDI_CHAPTER_A, write_note_pressures},
};

/* Writes what is to be said about a channel. False if that is nothing. */
static bool write_channel(struct writer *writer, const struct rtpmidi_history_channel *channel,
                          unsigned number)
{
    size_t header = writer->bytes, length;
    unsigned present = 0;

    writer->is_older = IS_OLDER;
    for (size_t i = 0; i < CHANNEL_BYTES; i++)
        put(writer, 0);
    for (size_t i = 0; i < sizeof(chapters) / sizeof(chapters[0]); i++)
        present |= chapters[i].write(writer, channel) ? chapters[i].bit : 0u;
    length = writer->bytes - header;
    if (!present) {
        writer->bytes = header;
        return false;
    }
    change(writer, header, writer->is_older | number << 3 | (unsigned)(length >> 8));
    change(writer, header + 1, (unsigned)length);
    change(writer, header + 2, present);
    return true;
}

size_t rtpmidi_history_write(const struct rtpmidi_history *history, uint8_t *out, size_t room,
                             uint32_t checkpoint, uint32_t packet, uint16_t first)
{
    struct writer writer = {.out = out, .room = room, .checkpoint = checkpoint, .packet = packet};
    unsigned n = 0, is_older = IS_OLDER;

    for (unsigned i = 0; i < RTPMIDI_JOURNAL_BARE; i++)
        put(&writer, 0);
    for (unsigned i = 0; i < RTPMIDI_CHANNELS && checkpoint < packet; i++) {
        const struct rtpmidi_history_channel *channel = &history->channels[i];

        if (channel->last < checkpoint || !write_channel(&writer, channel, i))
            continue;
        is_older &= writer.is_older;
        n++;
    }
    change(&writer, 0, is_older | (n ? HAS_CHANNELS | (n - 1) : 0));
    change(&writer, 1, (checkpoint + first) >> 8 & 0xff);
    change(&writer, 2, (checkpoint + first) & 0xff);
    return writer.bytes > room ? 0 : writer.bytes;
}

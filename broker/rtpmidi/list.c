/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of MIDI commands, in and out. Pure; used in the broker. */
#include "broker/rtpmidi/list.h"

#include <string.h>

#include "broker/backends/net_bytes.h"

#define MAX_DELTA_BYTES 4

enum {
    SYSEX = 0xf0,
    CANCEL = 0xf4,
    UNDEFINED = 0xf5,
    SYSEX_END = 0xf7,
    REAL_TIME = 0xf8, /* the first of them */
};

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    uint8_t running; /* 0: none */
    struct rtpmidi_sysex *sysex;
    rtpmidi_message_fn fn;
    void *userdata;
};

size_t rtpmidi_message_bytes(uint8_t status)
{
    static const uint8_t of_channels[] = {3, 3, 3, 3, 2, 2, 3}; /* 0x80 to 0xe0 */
    static const uint8_t of_system[] = {0, 2, 3, 2, 0, 0, 1, 0};

    if (status >= REAL_TIME)
        return 1;
    return status >= SYSEX ? of_system[status & 7] : of_channels[(status >> 4) & 7];
}

/* Skips the time before a command. */
static int skip_delta(struct reader *reader, const char **what)
{
    for (unsigned n = 0; n < MAX_DELTA_BYTES; n++) {
        if (reader->at == reader->end)
            return net_bad(what, "MIDI that ends within a time");
        if (*reader->at++ < 0x80)
            return 0;
    }
    return net_bad(what, "MIDI with a time of more than four bytes");
}

/*
 * Takes the next byte, unless the list is over. Real-time messages may stand anywhere, and are passed on
 * before what they stand in.
 */
static bool next(struct reader *reader, uint8_t *byte)
{
    while (reader->at < reader->end) {
        *byte = *reader->at++;
        if (*byte < REAL_TIME)
            return true;
        reader->fn(reader->userdata, byte, 1);
    }
    return false;
}

/* Keeps a byte of a system exclusive message, unless it is too long or its beginning was lost. */
static void keep(struct rtpmidi_sysex *sysex, uint8_t byte)
{
    if (sysex->bytes == 0)
        return;
    if (sysex->bytes == sizeof(sysex->data))
        sysex->bytes = 0;
    else
        sysex->data[sysex->bytes++] = byte;
}

/* Reads a segment, which begins with F0, or F7 if it goes on; F0 after it says that there is more. */
static int read_segment(struct reader *reader, uint8_t status, const char **what)
{
    struct rtpmidi_sysex *sysex = reader->sysex;
    uint8_t byte;

    reader->running = 0;
    if (status == SYSEX) {
        sysex->bytes = 1;
        sysex->data[0] = SYSEX;
    }
    while (next(reader, &byte)) {
        if (byte < 0x80) {
            keep(sysex, byte);
            continue;
        }
        if (byte == SYSEX)
            return 0;
        if (byte == SYSEX_END)
            keep(sysex, byte);
        if (byte == SYSEX_END && sysex->bytes)
            reader->fn(reader->userdata, sysex->data, sysex->bytes);
        sysex->bytes = 0;
        return byte == SYSEX_END || byte == CANCEL
                   ? 0
                   : net_bad(what, "MIDI with a command in a system exclusive message");
    }
    sysex->bytes = 0;
    return net_bad(what, "MIDI that ends within a system exclusive message");
}

/* Skips a command that is not defined, up to F7. */
static int skip_undefined(struct reader *reader)
{
    uint8_t byte;

    reader->running = 0;
    while (next(reader, &byte) && byte != SYSEX_END)
        continue;
    return 0;
}

/* Reads the rest of a message; `byte` is its status, or its first byte of data after a running status. */
static int read_message(struct reader *reader, uint8_t byte, const char **what)
{
    uint8_t message[3];
    size_t bytes, n = 0;

    if (byte < 0x80 && !reader->running)
        return net_bad(what, "MIDI without a status");
    message[n++] = byte < 0x80 ? reader->running : byte;
    if (byte < 0x80)
        message[n++] = byte;
    bytes = rtpmidi_message_bytes(message[0]);
    for (; n < bytes; n++) {
        if (!next(reader, &message[n]))
            return net_bad(what, "MIDI that ends within a command");
        if (message[n] >= 0x80)
            return net_bad(what, "MIDI with a command in the midst of another");
    }
    reader->running = message[0] < SYSEX ? message[0] : 0;
    reader->fn(reader->userdata, message, bytes);
    return 0;
}

static int read_command(struct reader *reader, const char **what)
{
    uint8_t byte = *reader->at++;

    if (byte >= REAL_TIME) {
        reader->fn(reader->userdata, &byte, 1);
        return 0;
    }
    if (byte == SYSEX || byte == SYSEX_END)
        return read_segment(reader, byte, what);
    if (byte == CANCEL || byte == UNDEFINED)
        return skip_undefined(reader);
    return read_message(reader, byte, what);
}

int rtpmidi_list_read(struct rtpmidi_sysex *sysex, const uint8_t *list, size_t bytes, bool has_first_delta,
                      rtpmidi_message_fn fn, void *userdata, const char **what)
{
    struct reader reader = {
        .at = list,
        .end = list + bytes,
        .sysex = sysex,
        .fn = fn,
        .userdata = userdata,
    };
    bool has_delta = has_first_delta;
    int r = 0;

    while (r == 0 && reader.at < reader.end) {
        if (has_delta)
            r = skip_delta(&reader, what);
        if (r == 0 && reader.at < reader.end) /* the last command may be empty */
            r = read_command(&reader, what);
        has_delta = true;
    }
    return r;
}

/* Adds the time before a command, which is now, if it is not the first one. */
static void add_delta(struct rtpmidi_list *list)
{
    if (list->bytes > 0)
        list->out[list->bytes++] = 0;
}

bool rtpmidi_list_add(struct rtpmidi_list *list, const uint8_t *message, size_t bytes)
{
    size_t skipped = message[0] < SYSEX && message[0] == list->running;

    if (list->bytes + (list->bytes > 0) + bytes - skipped > list->room)
        return false;
    add_delta(list);
    memcpy(list->out + list->bytes, message + skipped, bytes - skipped);
    list->bytes += bytes - skipped;
    if (message[0] < REAL_TIME)
        list->running = message[0] < SYSEX ? message[0] : 0;
    return true;
}

bool rtpmidi_list_add_segment(struct rtpmidi_list *list, const uint8_t *message, size_t bytes, size_t *done)
{
    size_t used = list->bytes + (list->bytes > 0) + 2; /* with the bytes around the segment */
    size_t left = bytes - 1 - (*done ? *done : 1);     /* without F0 and F7 */
    size_t n = used < list->room ? list->room - used : 0;

    if (n == 0)
        return false;
    if (n > left)
        n = left;
    add_delta(list);
    list->out[list->bytes++] = *done ? SYSEX_END : SYSEX;
    *done = *done ? *done : 1;
    memcpy(list->out + list->bytes, message + *done, n);
    list->bytes += n;
    *done += n;
    list->out[list->bytes++] = n == left ? SYSEX_END : SYSEX;
    list->running = 0;
    return n == left;
}

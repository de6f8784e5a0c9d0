/* SPDX-License-Identifier: BSD-2-Clause */
/* Journals that come in. Every length in them is checked. Pure; used in the broker. */
#include "broker/rtpmidi/journal.h"

#include <errno.h>

#include "broker/backends/net_bytes.h"

#define CHANNEL_BYTES 3 /* of the header of a channel */
#define SYSTEM_BYTES  2 /* of that of the system journal */
#define LENGTH        0x03ff
#define NO_NOTES_LOW  15 /* together with `high` below: there are no bits */
#define ALL_NOTES     127

/* of the first byte */
#define IS_OLDER     0x80
#define HAS_SYSTEM   0x40
#define HAS_CHANNELS 0x20
#define N_CHANNELS   0x0f

/* A part of the journal, of which `at` to `end` is not read yet. */
struct reader {
    const uint8_t *at;
    const uint8_t *end;
    uint8_t channel;
    rtpmidi_found_fn fn;
    void *userdata;
};

bool rtpmidi_is_parameter(uint8_t controller)
{
    return controller == 6 || controller == 38 || (controller >= 96 && controller <= 101);
}

/* Takes the next bytes. NULL if there are not so many. */
static const uint8_t *take(struct reader *reader, size_t bytes)
{
    const uint8_t *at = reader->at;

    if ((size_t)(reader->end - at) < bytes)
        return NULL;
    reader->at += bytes;
    return at;
}

static void found(const struct reader *reader, unsigned status, uint8_t first, uint8_t second, bool is_old)
{
    struct rtpmidi_found it = {
        .message = {(uint8_t)(status | reader->channel), first & 0x7f, second & 0x7f},
        .bytes = status == 0xc0 || status == 0xd0 ? 2 : 3,
        .is_old = is_old,
    };

    if (reader->fn)
        reader->fn(reader->userdata, &it);
}

static bool read_program(struct reader *reader)
{
    const uint8_t *at = take(reader, 3);

    if (!at)
        return false;
    if (at[1] & 0x80) { /* the bank belongs to it */
        found(reader, 0xb0, 0, at[1], false);
        found(reader, 0xb0, 32, at[2], false);
    }
    found(reader, 0xc0, at[0], 0, false);
    return true;
}

/* Takes the header of a list of logs, each of two bytes. NULL if they are not all there. */
static const uint8_t *take_logs(struct reader *reader, size_t *n)
{
    const uint8_t *at = take(reader, 1);

    *n = at ? (*at & 0x7fu) + 1 : 0;
    return at ? take(reader, 2 * *n) : NULL;
}

static bool read_controllers(struct reader *reader)
{
    size_t n;
    const uint8_t *at = take_logs(reader, &n);

    for (size_t i = 0; at && i < n; i++) {
        uint8_t number = at[2 * i] & 0x7f, value = at[2 * i + 1];

        if (!(value & 0x80) && !rtpmidi_is_parameter(number)) /* otherwise a count, not a value */
            found(reader, 0xb0, number, value, false);
    }
    return at != NULL;
}

static bool skip_parameters(struct reader *reader)
{
    const uint8_t *at = take(reader, 2);
    size_t length = at ? net_get(at, 2) & LENGTH : 0;

    return length >= 2 && take(reader, length - 2);
}

static bool read_wheel(struct reader *reader)
{
    const uint8_t *at = take(reader, 2);

    if (at)
        found(reader, 0xe0, at[0], at[1], false);
    return at != NULL;
}

/* Reads one bit for each note that has ended. */
static bool read_ended(struct reader *reader, unsigned low, unsigned high)
{
    const uint8_t *at = take(reader, high - low + 1);

    if (!at)
        return false;
    for (unsigned note = 8 * low; note < 8 * (high + 1); note++) {
        if (at[note / 8 - low] & (0x80 >> note % 8))
            found(reader, 0x80, (uint8_t)note, 0, false);
    }
    return true;
}

static bool read_notes(struct reader *reader)
{
    const uint8_t *header = take(reader, 2), *at;
    unsigned low, high;
    size_t n;

    if (!header)
        return false;
    n = header[0] & 0x7f;
    low = header[1] >> 4;
    high = header[1] & 0x0f;
    if (n == ALL_NOTES && low == NO_NOTES_LOW && high == 0)
        n++;
    at = take(reader, 2 * n);
    for (size_t i = 0; at && i < n; i++)
        found(reader, 0x90, at[2 * i], at[2 * i + 1], !(at[2 * i + 1] & 0x80));
    return at && (low > high || read_ended(reader, low, high));
}

static bool skip_extras(struct reader *reader)
{
    size_t n;

    return take_logs(reader, &n);
}

static bool read_pressure(struct reader *reader)
{
    const uint8_t *at = take(reader, 1);

    if (at)
        found(reader, 0xd0, at[0], 0, false);
    return at != NULL;
}

static bool read_note_pressures(struct reader *reader)
{
    size_t n;
    const uint8_t *at = take_logs(reader, &n);

    for (size_t i = 0; at && i < n; i++)
        found(reader, 0xa0, at[2 * i], at[2 * i + 1], false);
    return at != NULL;
}

static const struct {
    uint8_t bit;
    bool (*read)(struct reader *reader);
} chapters[] = {
    {RTPMIDI_CHAPTER_P, read_program},    {RTPMIDI_CHAPTER_C, read_controllers},
    {RTPMIDI_CHAPTER_M, skip_parameters}, {RTPMIDI_CHAPTER_W, read_wheel},
    {RTPMIDI_CHAPTER_N, read_notes},      {RTPMIDI_CHAPTER_E, skip_extras},
    {RTPMIDI_CHAPTER_T, read_pressure},   {RTPMIDI_CHAPTER_A, read_note_pressures},
};

/* Reads what is said about a channel. Its length counts, so what is unknown behind the chapters is skipped.
 */
static bool read_channel(struct reader *journal)
{
    const uint8_t *header = take(journal, CHANNEL_BYTES), *rest;
    struct reader reader = *journal;
    size_t length = header ? net_get(header, 2) & LENGTH : 0;

    if (length < CHANNEL_BYTES)
        return false;
    rest = take(journal, length - CHANNEL_BYTES);
    if (!rest)
        return false;
    reader.end = journal->at;
    reader.channel = (header[0] >> 3) & 0x0f;
    for (size_t i = 0; i < sizeof(chapters) / sizeof(chapters[0]); i++) {
        if ((header[2] & chapters[i].bit) && !chapters[i].read(&reader))
            return false;
    }
    return true;
}

static bool skip_system(struct reader *reader)
{
    const uint8_t *at = take(reader, SYSTEM_BYTES);
    size_t length = at ? net_get(at, 2) & LENGTH : 0;

    return length >= SYSTEM_BYTES && take(reader, length - SYSTEM_BYTES);
}

int rtpmidi_journal_read(struct rtpmidi_journal *journal, const uint8_t *data, size_t bytes,
                         rtpmidi_found_fn fn, void *userdata, const char **what)
{
    struct reader reader = {.at = data, .end = data + bytes, .fn = fn, .userdata = userdata};
    const uint8_t *header = take(&reader, RTPMIDI_JOURNAL_BARE);
    bool is_sound = header != NULL;

    *what = "an RTP packet with a journal that is cut off";
    if (!header)
        return -EBADMSG;
    journal->is_older = header[0] & IS_OLDER;
    journal->checkpoint = (uint16_t)net_get(header + 1, 2);
    if (header[0] & HAS_SYSTEM)
        is_sound = skip_system(&reader);
    for (unsigned i = 0; is_sound && (header[0] & HAS_CHANNELS) && i <= (header[0] & N_CHANNELS); i++)
        is_sound = read_channel(&reader);
    if (!is_sound)
        return -EBADMSG;
    *what = NULL;
    return 0;
}

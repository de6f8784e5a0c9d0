/* SPDX-License-Identifier: BSD-2-Clause */
/* MIDI time code. Pure; in drivers. */
#include "broker/midi/timecode.h"

/* Frames in a second, by type; those of drop frame are numbered as if there were 30. */
static const uint8_t timecode_rates[] = {24, 25, 30, 30};

#define TIMECODE_DROP 2

static bool timecode_is_time(const struct midi_time *time)
{
    return time->hours < 24 && time->minutes < 60 && time->seconds < 60 &&
           time->frames < timecode_rates[time->type];
}

static void timecode_next_second(struct midi_time *time)
{
    time->frames = 0;
    if (++time->seconds < 60)
        return;
    time->seconds = 0;
    if (++time->minutes == 60) {
        time->minutes = 0;
        time->hours = (uint8_t)((time->hours + 1) % 24);
    }
    if (time->type == TIMECODE_DROP && time->minutes % 10)
        time->frames = 2; /* 0 and 1 are left out */
}

static void timecode_advance(struct midi_time *time, unsigned n_frames)
{
    for (; n_frames; n_frames--) {
        if (++time->frames >= timecode_rates[time->type])
            timecode_next_second(time);
    }
}

/* Puts the pieces together, low half first. */
static bool timecode_join(struct midi_timecode *timecode)
{
    const uint8_t *pieces = timecode->pieces;
    struct midi_time time = {
        .frames = (uint8_t)(pieces[0] | (pieces[1] & 1) << 4),
        .seconds = (uint8_t)(pieces[2] | (pieces[3] & 3) << 4),
        .minutes = (uint8_t)(pieces[4] | (pieces[5] & 3) << 4),
        .hours = (uint8_t)(pieces[6] | (pieces[7] & 1) << 4),
        .type = pieces[7] >> 1 & 3,
    };

    timecode->is_running = timecode_is_time(&time);
    if (!timecode->is_running)
        return false;
    timecode_advance(&time, 2); /* it was said two frames ago */
    timecode->time = time;
    return true;
}

bool midi_timecode_quarter(struct midi_timecode *timecode, uint8_t data)
{
    unsigned piece = data >> 4 & 7;

    if (piece != timecode->n_pieces % MIDI_QUARTER_FRAMES) {
        timecode->is_running = false;
        timecode->n_pieces = 0;
        if (piece) /* it goes on at the next beginning, as when the tape runs backwards */
            return false;
    }
    timecode->pieces[piece] = data & 0x0f;
    timecode->n_pieces = piece + 1;
    if (piece == MIDI_QUARTER_FRAMES - 1)
        return timecode_join(timecode);
    if (piece != 3 || !timecode->is_running)
        return false;
    timecode_advance(&timecode->time, 1); /* the frame between two times that are said */
    return true;
}

bool midi_timecode_full(struct midi_timecode *timecode, const uint8_t *bytes, size_t n)
{
    struct midi_time time;

    if (n != 10 || bytes[1] != 0x7f || bytes[3] != 1 || bytes[4] != 1)
        return false;
    time = (struct midi_time){
        .hours = bytes[5] & 0x1f,
        .minutes = bytes[6],
        .seconds = bytes[7],
        .frames = bytes[8],
        .type = bytes[5] >> 5 & 3,
    };
    timecode->is_running = false;
    timecode->n_pieces = 0;
    if (!timecode_is_time(&time))
        return false;
    timecode->time = time;
    return true;
}

double midi_timecode_of_day(const struct midi_time *time)
{
    double seconds = time->hours * 3600 + time->minutes * 60 + time->seconds;

    return (seconds + (double)time->frames / timecode_rates[time->type]) / 86400;
}

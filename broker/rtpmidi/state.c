/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of a peer's channels. Pure; used in the broker. */
#include "broker/rtpmidi/state.h"

#include <string.h>

void rtpmidi_state_init(struct rtpmidi_state *state)
{
    memset(state, RTPMIDI_UNKNOWN, sizeof(*state));
    state->has_suspects = false;
    for (size_t i = 0; i < RTPMIDI_CHANNELS; i++) {
        memset(state->channels[i].notes, 0, sizeof(state->channels[i].notes));
        memset(state->channels[i].is_suspect, 0, sizeof(state->channels[i].is_suspect));
    }
}

/* Finds where the value that a message sets is kept. NULL if it is none of a channel, or none of one byte. */
static uint8_t *find(struct rtpmidi_state *state, const uint8_t *message)
{
    struct rtpmidi_state_channel *channel = &state->channels[message[0] & 0x0f];

    switch (message[0] & 0xf0) {
    case 0x80:
    case 0x90:
        return &channel->notes[message[1]];
    case 0xa0:
        return &channel->note_pressures[message[1]];
    case 0xb0:
        return &channel->controllers[message[1]];
    case 0xc0:
        return &channel->program;
    case 0xd0:
        return &channel->pressure;
    default:
        return NULL;
    }
}

/* Returns the value that a message sets. */
static uint8_t value_of(const uint8_t *message)
{
    unsigned kind = message[0] & 0xf0;

    if (kind == 0x80)
        return 0;
    return kind == 0xc0 || kind == 0xd0 ? message[1] : message[2];
}

static bool is_note(const uint8_t *message)
{
    return (message[0] & 0xe0) == 0x80;
}

static bool is_wheel(const uint8_t *message)
{
    return (message[0] & 0xf0) == 0xe0;
}

void rtpmidi_state_take(struct rtpmidi_state *state, const uint8_t *message, size_t bytes)
{
    struct rtpmidi_state_channel *channel = &state->channels[message[0] & 0x0f];
    uint8_t *value = find(state, message);

    if (is_wheel(message))
        memcpy(channel->wheel, message + 1, sizeof(channel->wheel));
    if (value)
        *value = value_of(message);
    if (is_note(message))
        channel->is_suspect[message[1]] = false;
}

/* Whether a journal says something that is known, or too late to matter. */
static bool is_known(struct rtpmidi_state *state, const struct rtpmidi_found *found)
{
    const uint8_t *message = found->message, *value = find(state, message);

    if (is_wheel(message))
        return memcmp(state->channels[message[0] & 0x0f].wheel, message + 1, 2) == 0;
    if (found->is_old && is_note(message) && value && *value == 0)
        return true;
    return value && *value == value_of(message);
}

void rtpmidi_state_recover(struct rtpmidi_state *state, const struct rtpmidi_found *found,
                           rtpmidi_message_fn fn, void *userdata)
{
    bool is_news = !is_known(state, found);

    if (is_news || !found->is_old)
        rtpmidi_state_take(state, found->message, found->bytes);
    if (is_news)
        fn(userdata, found->message, found->bytes);
}

void rtpmidi_state_suspect(struct rtpmidi_state *state)
{
    for (size_t i = 0; i < RTPMIDI_CHANNELS; i++) {
        for (size_t note = 0; note < RTPMIDI_NUMBERS; note++) {
            if (!state->channels[i].notes[note])
                continue;
            state->channels[i].is_suspect[note] = true;
            state->has_suspects = true;
        }
    }
}

void rtpmidi_state_release(struct rtpmidi_state *state, rtpmidi_message_fn fn, void *userdata)
{
    for (size_t i = 0; i < RTPMIDI_CHANNELS && state->has_suspects; i++) {
        for (size_t note = 0; note < RTPMIDI_NUMBERS; note++) {
            const uint8_t message[] = {(uint8_t)(0x80 | i), (uint8_t)note, 0};

            if (!state->channels[i].is_suspect[note])
                continue;
            rtpmidi_state_take(state, message, sizeof(message));
            fn(userdata, message, sizeof(message));
        }
    }
    state->has_suspects = false;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A model of MIDI whose events and messages the test collects as text. */
#ifndef TESTS_UNIT_MIDI_MIDI_RIG_H
#define TESTS_UNIT_MIDI_MIDI_RIG_H

#include "broker/midi/model.h"
#include "firecurtain/time.h"
#include "tests/unit/check.h"

static struct midi rig;
static struct fc_reason rig_reason;
static char rig_events[4096]; /* "ID=VALUE " each */
static char rig_sent[4096];   /* "b00740 " each */
static double rig_value;      /* of the last event */
static uint64_t rig_now_ns;

static void rig_emit(void *userdata, uint32_t id, double value)
{
    size_t at = strlen(rig_events);

    assert_ptr_equal(userdata, &rig);
    assert_true(value >= 0 && value <= 1);
    rig_value = value;
    snprintf(rig_events + at, sizeof(rig_events) - at, "%u=%.4g ", id, value);
}

static void rig_send(void *userdata, const uint8_t *bytes, size_t n)
{
    size_t at = strlen(rig_sent);

    assert_ptr_equal(userdata, &rig);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(rig_sent + at, sizeof(rig_sent) - at, "%02x", bytes[i]);
    snprintf(rig_sent + at, sizeof(rig_sent) - at, " ");
}

static int rig_setup(void **state)
{
    (void)state;
    rig = (struct midi){.out = {.send = rig_send, .userdata = &rig}};
    midi_in_init(&rig.in, &rig.channels, rig_emit, &rig);
    rig_events[0] = rig_sent[0] = '\0';
    rig_now_ns = FC_NS_PER_S;
    return 0;
}

static int rig_teardown(void **state)
{
    (void)state;
    midi_deinit(&rig);
    return 0;
}

/* Maps a channel from and to it, as far as it can be. Returns its id. */
static inline uint32_t rig_map(const char *name)
{
    uint32_t id = (uint32_t)rig.channels.n;
    struct midi_name read;

    assert_true(midi_name_read(name, &read, &rig_reason) >= 0);
    assert_int_equal(midi_channel(&rig, id, name, midi_name_directions(read.kind), &rig_reason), 0);
    return id;
}

/* Takes messages, as hexadecimal digits with a space between two, and compares the events. */
static inline void rig_take(const char *messages, const char *events)
{
    rig_events[0] = '\0';
    while (*messages) {
        uint8_t bytes[128];
        size_t n = 0;

        for (; *messages && *messages != ' '; messages += 2) {
            unsigned byte;

            assert_int_equal(sscanf(messages, "%2x", &byte), 1);
            bytes[n++] = (uint8_t)byte;
        }
        messages += *messages == ' ';
        assert_int_equal(midi_in(&rig.in, bytes, n, rig_now_ns), 0);
    }
    midi_in_end(&rig.in);
    assert_string_equal(rig_events, events);
}

/* Sets a channel, and compares what is sent. */
static inline void rig_set(uint32_t id, double value, const char *sent)
{
    rig_sent[0] = '\0';
    midi_set(&rig, id, value);
    assert_string_equal(rig_sent, sent);
}

#endif

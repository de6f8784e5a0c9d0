/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of MIDI commands in a packet: to complete messages, and back. Messages have all their bytes: no
 * running status, nothing in their midst, and a system exclusive one is whole. Pure; used in the broker.
 */
#ifndef BROKER_RTPMIDI_LIST_H
#define BROKER_RTPMIDI_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTPMIDI_SYSEX_BYTES 1024 /* longer system exclusive messages are left out */

/* Receives a complete message, which is valid within the call. */
typedef void (*rtpmidi_message_fn)(void *userdata, const uint8_t *message, size_t bytes);

/* A system exclusive message that comes in segments, in one packet or several; zeroed at first. */
struct rtpmidi_sysex {
    uint8_t data[RTPMIDI_SYSEX_BYTES];
    size_t bytes; /* 0: none is under way */
};

/*
 * Reads a list, and calls `fn` for each message, up to the first mistake: then -EBADMSG with `what` set.
 * Times are skipped, since everything is played when it arrives.
 */
int rtpmidi_list_read(struct rtpmidi_sysex *sysex, const uint8_t *list, size_t bytes, bool has_first_delta,
                      rtpmidi_message_fn fn, void *userdata, const char **what);

/* A list that is being written. */
struct rtpmidi_list {
    uint8_t *out;
    size_t room;
    size_t bytes;
    uint8_t running; /* status of the last message of a channel; 0: the next one needs its own */
};

/* Adds a message. False if there is no room. */
bool rtpmidi_list_add(struct rtpmidi_list *list, const uint8_t *message, size_t bytes);

/*
 * Adds the next segment of a system exclusive message, of which *done bytes were added before, and counts on;
 * as much as there is room for. True if this was the last one.
 */
bool rtpmidi_list_add_segment(struct rtpmidi_list *list, const uint8_t *message, size_t bytes, size_t *done);

/* The length of a message with this status, which is not a system exclusive one; 0: it is undefined. */
size_t rtpmidi_message_bytes(uint8_t status);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* A message in words, for the option `detect` of backends: the channel that it would be an event of. Pure; in
 * drivers. */
#ifndef BROKER_MIDI_DETECT_H
#define BROKER_MIDI_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes channel and value, as in `ch0.cc7 = 0.503937`. Returns false if it is none, or comes all the time,
 * as ticks of a clock do. */
bool midi_detect(const uint8_t *message, size_t n, char *text, size_t bytes);

#endif

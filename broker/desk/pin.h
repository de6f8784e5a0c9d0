/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PINs, which unlock what a link to the console gives: hashed slowly (yescrypt), so that whoever has the
 * hashes does not have the PINs. That takes some hundredths of a second, and so a second lets only one be
 * hashed, and a few at once. The broker compares hashes and never sees a PIN. In the desk.
 */
#ifndef BROKER_DESK_PIN_H
#define BROKER_DESK_PIN_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/codec_control.h"

#define PIN_LEAST 6 /* digits */
#define PIN_MOST  12

/* Returns whether a text can be a PIN: digits, as many as it may have. */
bool pin_is_sound(const char *pin);

/* Returns whether another PIN may be hashed now, and counts it. */
bool pin_may_hash(uint64_t now_ns);

/* Hashes a PIN: with the settings at the beginning of `like`, or with new ones if that is NULL. False if the
 * settings are not ours, or there is no memory. */
bool pin_hash(const char *pin, const char *like, char hash[CONTROL_MAX_PIN + 1]);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The watchdog judges how long a script's calls take. Only for this folder.
 *
 * A script that takes too long gets an exception where it is (SIGALRM, see worker/base/interpreter.c). One
 * that does not return after that prints its stack (SIGQUIT, faulthandler) and is killed.
 *
 * The limit is for a single call, not for a batch of a thousand. So the worker counts its calls, and while a
 * batch is not done, or an interval that the worker was told has not been called, the broker looks at the
 * counter, in the worker's memory, eight times in the time that a call may take. A worker that falsifies its
 * counter harms only itself.
 */
#ifndef BROKER_GUEST_WATCHDOG_H
#define BROKER_GUEST_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

struct guest;

/* Starts the time for what the script begins now: `limit_ms` until it is interrupted; 0: no limit. */
void watchdog_start(struct guest *guest, uint64_t limit_ms);

/* Notes that a batch was sent, and starts looking if nobody does yet. */
void watchdog_start_batch(struct guest *guest);

/* See guest_stuck_ns(). */
uint64_t watchdog_stuck_ns(const struct guest *guest, uint64_t now_ns);

/* Handles a deadline that has passed. Returns false if it was none of the watchdog's. */
bool watchdog_handle(struct guest *guest);

#endif

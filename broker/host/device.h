/* SPDX-License-Identifier: BSD-2-Clause */
/* The backend at work: its start, what it is told, and how its device is. Only for this folder. */
#ifndef BROKER_HOST_DEVICE_H
#define BROKER_HOST_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fc_instance;

/* Starts the backend, and tries again later if it cannot start. */
void device_start(struct fc_instance *instance);

/* Has another process take the place of this one, after the broker was told what has happened. */
void device_renew(struct fc_instance *instance);

/* Stops it for good. */
void device_stop(struct fc_instance *instance);

/* Sets channels, of which each exists, and flushes. */
void device_set(struct fc_instance *instance, const uint32_t *channels, const double *values, size_t n);

/* Notes whether the device is there, for the next report. */
void device_up(struct fc_instance *instance, bool is_up);

/* Asks the backend how it does, if it is time to; the broker is told when that has changed. */
void device_look(struct fc_instance *instance);

#endif

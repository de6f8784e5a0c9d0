/* SPDX-License-Identifier: BSD-2-Clause */
/* Events become messages of an OSC instance. */
#ifndef BROKER_BACKENDS_OSC_OUTPUT_H
#define BROKER_BACKENDS_OSC_OUTPUT_H

#include <stdint.h>

struct osc;

/* Slots of struct fc_backend. */
void osc_output_set(void *self, uint32_t channel, double value);
void osc_output_flush(void *self);

/* Warns, at most once a second, of what a peer or the network does wrong. */
void osc_output_failure(struct osc *osc, const char *what, int error);

#endif

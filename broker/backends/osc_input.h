/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of an OSC instance become events. */
#ifndef BROKER_BACKENDS_OSC_INPUT_H
#define BROKER_BACKENDS_OSC_INPUT_H

/* Takes the packets that have arrived, up to the turn's budget. For fc_watch_new(), with a struct osc. */
void osc_input_ready(void *userdata);

#endif

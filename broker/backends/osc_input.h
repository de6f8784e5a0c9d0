/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of an OSC instance become events. */
#ifndef BROKER_BACKENDS_OSC_INPUT_H
#define BROKER_BACKENDS_OSC_INPUT_H

struct osc;

/* Takes the packets that have arrived, up to the turn's budget. For fc_watch_new(), with a struct osc. */
void osc_input_ready(void *userdata);

/* Goes on with a packet that one turn was not enough for, if there is one. */
void osc_input_go_on(struct osc *osc);

/* Forgets it. */
void osc_input_stop(struct osc *osc);

#endif

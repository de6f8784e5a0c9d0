/* SPDX-License-Identifier: BSD-2-Clause */
/* Which port of the sequencer an option means. Pure; in drivers. */
#ifndef BROKER_DRIVERS_MIDI_MATCH_H
#define BROKER_DRIVERS_MIDI_MATCH_H

/* A port, as the sequencer lists it. */
struct alsa_found {
    int client, port;
    const char *client_name, *port_name;
};

/*
 * Returns how well a name fits a port: 0 if it does not; more for a whole name than for its beginning. A name
 * is that of a port or client, CLIENT:PORT with a name or number for each, or the beginning of either name.
 */
unsigned alsa_match(const char *name, const struct alsa_found *found);

#endif

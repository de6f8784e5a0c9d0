/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why there is no connection, in plain words: those of libmosquitto are sentences for a console, or none.
 * Runs in drivers.
 */
#ifndef BROKER_DRIVERS_MQTT_WHY_H
#define BROKER_DRIVERS_MQTT_WHY_H

#include <stdbool.h>
#include <stddef.h>

/* Writes why the server refuses to be connected to, by its reason code. */
void why_refused(char *text, size_t bytes, int code);

/* Writes why the server ends the connection, by its reason code. */
void why_ended(char *text, size_t bytes, int code);

/*
 * Takes a line of libmosquitto's log: only there it says what is wrong with TLS. The first reason stays, and
 * lines about anything else change nothing.
 */
void why_logged(char *text, size_t bytes, const char *line);

/* Returns why a call failed or, with MOSQ_ERR_SUCCESS, why there is no connection after it. */
const char *why_failed(int r, bool was_up);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the configuration again while the show runs, and going over to it. Blocks on file reads. */
#ifndef BROKER_RUNTIME_RELOAD_H
#define BROKER_RUNTIME_RELOAD_H

#include <stdbool.h>

struct service;

void reload_init(struct service *service);

/*
 * Reads the configuration of the house (0), with those of all users, or of one user alone, and begins to
 * change the show to it. What comes of it is logged, and told to the clients that wait for it
 * (control_reloaded()). While the show is changing already, a reload of the house is kept for afterwards.
 */
void reload_begin(void *service, unsigned account);

/* Returns whether the show is changing: another reload of the house would be kept for afterwards. */
bool reload_is_changing(void *service);

#endif

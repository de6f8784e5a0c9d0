/* SPDX-License-Identifier: BSD-2-Clause */
/* The beginning and the end of a guest. */
#ifndef BROKER_GUEST_PROCESS_H
#define BROKER_GUEST_PROCESS_H

#include "broker/guest/guest.h"

struct runtime;

/* Begins to make a worker. Does not wait; -errno. */
int guest_new(struct guest **guest, struct runtime *runtime, const struct guest_spec *spec,
              const struct guest_ops *ops, void *userdata);

/*
 * Kills the process if there still is one, and leaves it to the reaper to wait for it. Takes NULL; returns
 * NULL.
 */
struct guest *guest_free(struct guest *guest);

/* Asks the script to clean up and end; `ended` follows, after a kill if necessary. */
void guest_stop(struct guest *guest);

#endif

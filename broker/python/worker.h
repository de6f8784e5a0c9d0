/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the workers of an instance have in common: the one that runs, the one that imports changed files, and
 * those that were replaced. Most of it fills slots of guest_ops. Only for this folder.
 */
#ifndef BROKER_PYTHON_WORKER_H
#define BROKER_PYTHON_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/guest/guest.h"

struct python;

/* Describes a worker of this instance; borrows from it. */
struct guest_spec python_guest_spec(struct python *python);

int python_setup(void *userdata, struct message_setup *setup, struct message_channels *channels);
int python_new_channel(void *userdata, const char *name);
void python_exceptions(void *userdata, uint32_t n);
void python_loaded(void *userdata, const char *path);

/* For workers that are read at any rate: what is too much gives way to newer values in the broker. */
bool python_is_never_throttled(void *userdata);

/* Whether all of these are channels of the instance. */
bool python_knows(const struct python *python, const uint32_t *channels, size_t n);

/* Takes what the script puts out, after python_knows(). */
void python_emit(struct python *python, const uint32_t *channels, const double *values, size_t n);

/* Tells a running worker its channels, with their last values if `values`. */
void python_send_channels(struct python *python, struct guest *guest, bool values);

/* Tells the show if the instance was asked to end and has no worker left. */
void python_check_quiet(struct python *python);

#endif

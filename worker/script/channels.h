/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The channels of this instance as the script sees them: name to dense id, last values, handlers. Ids are the
 * broker's: the channels of the configuration first, then those that the script made while it was imported.
 */
#ifndef WORKER_SCRIPT_CHANNELS_H
#define WORKER_SCRIPT_CHANNELS_H

#include "worker/base/python.h"

#include <stdbool.h>
#include <stdint.h>

#include "proto/codec.h"

#define CHANNELS_MAX  CODEC_MAX_CHANNELS
#define CHANNELS_NONE UINT32_MAX

struct channel {
    PyObject *name;
    PyObject *handler; /* NULL if none */
    PyObject *alias;   /* the string that the script named it by last, or NULL */
    uint32_t next;     /* the channel that was named after this one last time */
    double input;
    double output;
    bool target; /* mapped to: wants a handler */
    bool marked; /* set while importing, to be routed when that is done */
};

struct channels {
    PyObject *ids; /* dict: name to int */
    struct channel *list;
    uint32_t n;
    uint32_t capacity;
    uint32_t last; /* named */
};

/* All take the interpreter lock as held. Negative results have a Python exception set. */
int channels_init(struct channels *channels);

/* Adds a channel; its id, or -1. The name must be new. */
int64_t channels_add(struct channels *channels, PyObject *name);

/* The id of a name, -1 if it is unknown, -2 with an exception set. */
int64_t channels_find(const struct channels *channels, PyObject *name);

/* The same for scripts that name the same channels in the same order again and again, which most do. */
int64_t channels_find_next(struct channels *channels, PyObject *name);

#endif

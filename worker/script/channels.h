/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The channels of this instance as the script sees them: names, dense ids, last values, handlers. Ids are
 * those of the broker: first the channels of the configuration, then those that the script made while it was
 * imported.
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
    PyObject *handler; /* or NULL */
    PyObject *alias;   /* the string by which the script last named it, or NULL */
    uint32_t next;     /* the channel that the script last named after this one */
    double input;
    double output;
    bool target; /* of a mapping: wants a handler */
    bool marked; /* set during the import, and to be sent after it */
};

struct channels {
    PyObject *ids; /* dict: name to int */
    struct channel *list;
    uint32_t n;
    uint32_t capacity;
    uint32_t last; /* channel that the script named */
};

/* All functions need the interpreter lock. Negative results have a Python exception set, unless said
 * otherwise. */
int channels_init(struct channels *channels);

/* Adds a channel, whose name must be new. Its id, or -1. */
int64_t channels_add(struct channels *channels, PyObject *name);

/* Returns the id of a name; -1, without an exception, if it is unknown; -2 with an exception set. */
int64_t channels_find(const struct channels *channels, PyObject *name);

/* Does the same, faster for scripts that name the same channels in the same order again, as most do. */
int64_t channels_find_next(struct channels *channels, PyObject *name);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intervals of the script: midimonster.interval(). The broker keeps the time; the worker knows which function
 * an interval calls.
 */
#ifndef WORKER_SCRIPT_INTERVAL_H
#define WORKER_SCRIPT_INTERVAL_H

#include "worker/base/python.h"

#include <stdint.h>

/* Implements interval(function, milliseconds). */
PyObject *interval_set(PyObject *self, PyObject *const *args, Py_ssize_t n_args);

/* Returns the function of an interval, borrowed, or NULL if it was cancelled. */
PyObject *interval_function(uint32_t id);

#endif

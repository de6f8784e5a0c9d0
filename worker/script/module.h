/* SPDX-License-Identifier: BSD-2-Clause */
/* The module `midimonster`: what a script can call. docs/python-api.md describes it. */
#ifndef WORKER_SCRIPT_MODULE_H
#define WORKER_SCRIPT_MODULE_H

#include "worker/base/python.h"

/* Makes the module, for interpreter_start(). A new reference, or NULL with an exception set. */
PyObject *module_make(void);

#endif

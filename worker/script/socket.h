/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Managed sockets of the script: midimonster.manage(). The worker names its descriptors; the broker polls
 * duplicates of them and says which are ready. Entries are found by id, so a message that is under way for an
 * earlier registration finds nothing.
 */
#ifndef WORKER_SCRIPT_SOCKET_H
#define WORKER_SCRIPT_SOCKET_H

#include "worker/base/python.h"

#include <stdint.h>

struct script_socket;

/* Implements manage(function, socket). */
PyObject *socket_manage(PyObject *self, PyObject *const *args, Py_ssize_t n_args);

/* Finds the managed socket with this id, or NULL; valid until Python code runs. */
struct script_socket *socket_find(uint32_t id);

/* Unregisters, with a warning, sockets that the script closed without unregistering them. */
void socket_drop_closed(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running script: what the midimonster module's functions and the dispatcher share. One per process,
 * since a worker is one instance. Everything is guarded by the interpreter lock.
 */
#ifndef WORKER_SCRIPT_SCRIPT_H
#define WORKER_SCRIPT_SCRIPT_H

#include "worker/base/python.h"

#include <stdbool.h>
#include <stdint.h>

#include "worker/base/session.h"
#include "worker/script/channels.h"

#define SCRIPT_MAX_INTERVALS 1024u
#define SCRIPT_MAX_SOCKETS   200u

struct script_interval {
    uint32_t id; /* never used again, so that a tick under way for an old one finds nobody */
    PyObject *function;
};

struct script_socket {
    uint32_t id;
    int fd;
    PyObject *socket;
    PyObject *handler;
};

struct script {
    struct session *session;
    struct channels channels;
    PyObject *unknown;  /* set: names that output() has warned about */
    PyObject *cleanup;  /* or NULL */
    PyObject *fallback; /* the default handler, or NULL */
    struct script_interval intervals[SCRIPT_MAX_INTERVALS];
    size_t n_intervals;
    uint32_t next_interval;
    struct script_socket sockets[SCRIPT_MAX_SOCKETS];
    size_t n_sockets;
    uint32_t next_socket;
    uint32_t current;      /* channel whose handler runs, or CHANNELS_NONE */
    uint64_t time_ns;      /* of what is being handled, if timestamp() is to be that; or 0 */
    uint64_t timestamp_ms; /* of the running call, 0 as long as nobody asked */
    unsigned long main_thread;
    bool importing;
    uint64_t
        calls; /* how many calls into the script were begun: the broker looks, to see that things go on */
};

extern struct script script;

/* Makes the module `midimonster`: see interpreter_start(). */
PyObject *script_make_module(void);

/* Resets the script's state for a new worker. -1 with an exception set. */
int script_init(struct session *session);

/* interval(), in script_interval.c */
PyObject *script_set_interval(PyObject *self, PyObject *const *args, Py_ssize_t n_args);

/* The function of an interval, borrowed, or NULL. */
PyObject *script_find_interval(uint32_t id);

/* manage(), in script_socket.c */
PyObject *script_manage(PyObject *self, PyObject *const *args, Py_ssize_t n_args);

/* The managed socket with this id, or NULL; valid until Python code runs. */
struct script_socket *script_find_socket(uint32_t id);

/* Unregisters, with a warning, what the script closed and forgot. */
void script_drop_closed_sockets(void);

/* Checks a call's number of arguments; -1 with a TypeError set. */
int script_check_args(const char *function, Py_ssize_t n_args, Py_ssize_t expected);

#endif

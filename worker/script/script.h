/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running script of a worker: state that the functions of the module `midimonster` (module.h, interval.h,
 * socket.h) share with the dispatcher (dispatch.h), which calls the script. One per process, since a worker
 * is one instance. The interpreter lock guards all of it.
 *
 * The folder worker/script runs in workers only, behind the sandbox, with the script in the same process: it
 * protects nothing, and the broker trusts nothing that it says. It must not know how the sandbox is built.
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
    uint32_t id; /* never reused: a tick that is under way for an earlier one finds nothing */
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
    PyObject *unknown;          /* set of names that output() has warned about */
    PyObject *cleanup;          /* or NULL */
    PyObject *fallback;         /* the default handler, or NULL */
    const char *const *modules; /* that the configuration names; borrowed */
    size_t n_modules;
    struct script_interval intervals[SCRIPT_MAX_INTERVALS];
    size_t n_intervals;
    uint32_t next_interval;
    struct script_socket sockets[SCRIPT_MAX_SOCKETS];
    size_t n_sockets;
    uint32_t next_socket;
    uint32_t current;      /* channel whose handler is running, or CHANNELS_NONE */
    uint64_t time_ns;      /* the time that timestamp() returns; 0: the clock's */
    uint64_t timestamp_ms; /* what timestamp() returned in the running call; 0 before its first use */
    unsigned long main_thread;
    bool importing;
    uint64_t handler_ms; /* limits, which a TimeoutError names */
    uint64_t stop_ms;
    struct progress *progress; /* the session's: what is begun and done, for the broker to see */
};

extern struct script script;

/* Resets the state for a new worker. -1 with an exception set. */
int script_init(struct session *session);

/* Checks a call's number of arguments; -1 with a TypeError set. */
int script_check_args(const char *function, Py_ssize_t n_args, Py_ssize_t expected);

#endif

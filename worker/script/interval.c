/* SPDX-License-Identifier: BSD-2-Clause */
/* Implements midimonster.interval() and tells the broker which intervals there are. */
#include "worker/script/interval.h"

#include "firecurtain/time.h"
#include "worker/script/script.h"

#define INTERVAL_MAX_MS 1000000000000LL /* about 30 years; more would overflow nanoseconds */

static int interval_report(uint32_t id, uint64_t period_ms)
{
    struct message_interval change = {.id = id, .period_ms = period_ms, .from_ns = fc_now_ns()};

    return session_interval(script.session, &change);
}

/*
 * Returns the index of a function, n_intervals if it has no interval, -1 with an exception set. The
 * comparison may run code of the script.
 */
static Py_ssize_t interval_index(PyObject *function)
{
    for (size_t i = 0; i < script.n_intervals; i++) {
        PyObject *known = Py_NewRef(script.intervals[i].function);
        int equal = PyObject_RichCompareBool(function, known, Py_EQ);

        Py_DECREF(known);
        if (equal < 0)
            return -1;
        if (equal && i < script.n_intervals)
            return (Py_ssize_t)i;
    }
    return (Py_ssize_t)script.n_intervals;
}

static void interval_remove(size_t index)
{
    PyObject *function = script.intervals[index].function;

    script.intervals[index] = script.intervals[--script.n_intervals];
    Py_DECREF(function);
}

static int interval_period(PyObject *object, long long *period_ms)
{
    if (!PyLong_Check(object)) {
        PyErr_Format(PyExc_TypeError, "interval() takes whole milliseconds, not %s",
                     Py_TYPE(object)->tp_name);
        return -1;
    }
    *period_ms = PyLong_AsLongLong(object);
    if (*period_ms == -1 && PyErr_Occurred())
        return -1;
    if (*period_ms < 0 || *period_ms > INTERVAL_MAX_MS) {
        PyErr_Format(PyExc_ValueError, "interval() takes 0 to %lld milliseconds", INTERVAL_MAX_MS);
        return -1;
    }
    return 0;
}

PyObject *interval_set(PyObject *self, PyObject *const *args, Py_ssize_t n_args)
{
    long long period_ms;
    Py_ssize_t index;

    if (script_check_args("interval", n_args, 2) < 0)
        return NULL;
    if (!PyCallable_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "interval() takes a callable");
        return NULL;
    }
    if (interval_period(args[1], &period_ms) < 0)
        return NULL;
    index = interval_index(args[0]);
    if (index < 0)
        return NULL;
    /* a new period gets a new id: a tick of the old one may be under way */
    if ((size_t)index < script.n_intervals) {
        if (interval_report(script.intervals[index].id, 0) < 0)
            return NULL;
        if (period_ms)
            script.intervals[index].id = script.next_interval++;
        else
            interval_remove((size_t)index);
    } else if (period_ms) {
        if (script.n_intervals == SCRIPT_MAX_INTERVALS) {
            PyErr_Format(PyExc_ValueError, "an instance has at most %u intervals", SCRIPT_MAX_INTERVALS);
            return NULL;
        }
        script.intervals[script.n_intervals++] =
            (struct script_interval){.id = script.next_interval++, .function = Py_NewRef(args[0])};
    }
    if (period_ms && interval_report(script.intervals[index].id, (uint64_t)period_ms) < 0)
        return NULL;
    Py_RETURN_NONE;
}

PyObject *interval_function(uint32_t id)
{
    for (size_t i = 0; i < script.n_intervals; i++) {
        if (script.intervals[i].id == id)
            return script.intervals[i].function;
    }
    return NULL;
}

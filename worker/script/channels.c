/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps the table of channels, and finds them by name. */
#include "worker/script/channels.h"

#include <stdlib.h>
#include <string.h>

int channels_init(struct channels *channels)
{
    memset(channels, 0, sizeof(*channels));
    channels->ids = PyDict_New();
    return channels->ids ? 0 : -1;
}

static int channels_reserve(struct channels *channels)
{
    uint32_t capacity = channels->capacity ? channels->capacity * 2 : 64;
    struct channel *list;

    if (channels->n < channels->capacity)
        return 0;
    if (channels->n >= CHANNELS_MAX) {
        PyErr_Format(PyExc_ValueError, "an instance has at most %u channels", CHANNELS_MAX);
        return -1;
    }
    list = realloc(channels->list, capacity * sizeof(*list));
    if (!list) {
        PyErr_NoMemory();
        return -1;
    }
    channels->list = list;
    channels->capacity = capacity;
    return 0;
}

int64_t channels_add(struct channels *channels, PyObject *name)
{
    PyObject *id;
    int r;

    if (channels_reserve(channels) < 0)
        return -1;
    id = PyLong_FromUnsignedLong(channels->n);
    if (!id)
        return -1;
    r = PyDict_SetItem(channels->ids, name, id);
    Py_DECREF(id);
    if (r < 0)
        return -1;
    channels->list[channels->n] = (struct channel){.name = Py_NewRef(name)};
    return channels->n++;
}

int64_t channels_find(const struct channels *channels, PyObject *name)
{
    PyObject *id = PyDict_GetItemWithError(channels->ids, name);

    if (!id)
        return PyErr_Occurred() ? -2 : -1;
    return PyLong_AsLong(id);
}

int64_t channels_find_next(struct channels *channels, PyObject *name)
{
    struct channel *list = channels->list;
    uint32_t guess;
    int64_t id;

    if (!channels->n)
        return -1;
    guess = list[channels->last].next;
    if (list[guess].alias == name) { /* the same string, which never changes */
        channels->last = guess;
        return guess;
    }
    id = channels_find(channels, name);
    if (id < 0)
        return id;
    Py_XSETREF(list[id].alias, Py_NewRef(name));
    list[channels->last].next = (uint32_t)id;
    channels->last = (uint32_t)id;
    return id;
}

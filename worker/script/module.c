/* SPDX-License-Identifier: BSD-2-Clause */
/* The module `midimonster` that scripts import; the functions that deal with values are here. */
#include "worker/script/module.h"

#include <math.h>
#include <string.h>

#include "firecurtain/time.h"
#include "proto/codec_name.h"
#include "worker/base/prelude.h"
#include "worker/base/say.h"
#include "worker/script/interval.h"
#include "worker/script/script.h"
#include "worker/script/socket.h"

#define MODULE_MAX_UNKNOWN 1000 /* unknown names for which there is a warning */

/* Returns a channel name that is fit for the log, the link and terminals; NULL with an exception set. */
static const char *module_name(PyObject *name)
{
    Py_ssize_t bytes;
    const char *text = PyUnicode_AsUTF8AndSize(name, &bytes);

    if (!text)
        return NULL;
    if (bytes == 0 || bytes > (Py_ssize_t)CODEC_MAX_NAME) {
        PyErr_Format(PyExc_ValueError, "a channel name has 1 to %u bytes, not %zd", CODEC_MAX_NAME, bytes);
        return NULL;
    }
    if (strlen(text) != (size_t)bytes || !codec_is_name(text)) {
        PyErr_SetString(PyExc_ValueError, "a channel name has no control characters");
        return NULL;
    }
    return text;
}

static PyObject *module_channels(PyObject *self, PyObject *unused);

/* Returns "; did you mean …" or an empty string, as a new reference; NULL without an exception. */
static PyObject *module_meant(PyObject *name)
{
    PyObject *names = module_channels(NULL, NULL);
    PyObject *question = names ? PyTuple_Pack(2, name, names) : NULL;
    PyObject *meant = question ? prelude_ask("meant", question) : NULL;

    Py_XDECREF(question);
    Py_XDECREF(names);
    PyErr_Clear();
    return meant;
}

static int module_warn_unknown(PyObject *name)
{
    PyObject *meant;
    const char *text, *hint;
    int known = PySet_Contains(script.unknown, name);

    if (known != 0 || PySet_GET_SIZE(script.unknown) >= MODULE_MAX_UNKNOWN)
        return known < 0 ? -1 : 0;
    if (PySet_Add(script.unknown, name) < 0)
        return -1;
    text = PyUnicode_AsUTF8(name);
    if (!text)
        return -1;
    meant = module_meant(name);
    hint = meant && PyUnicode_Check(meant) ? PyUnicode_AsUTF8(meant) : NULL;
    PyErr_Clear();
    say(SAY_WARNING "output: no mapping uses the channel \"%.200s\"%.300s", text, hint ? hint : "");
    Py_XDECREF(meant);
    return 0;
}

/*
 * Serves output() for an unknown name: makes the channel while modules are imported, later only warns. The
 * id, -1 if there is none, -2 with an exception set.
 */
static int64_t module_new_channel(PyObject *name)
{
    const char *text;
    int64_t id;

    if (!script.importing)
        return module_warn_unknown(name) < 0 ? -2 : -1;
    text = module_name(name);
    if (!text)
        return -2;
    id = channels_add(&script.channels, name);
    if (id < 0 || session_new_channel(script.session, text) < 0)
        return -2;
    return id;
}

static int module_value(PyObject *object, double *value)
{
    *value = PyFloat_AsDouble(object);
    if (*value == -1.0 && PyErr_Occurred())
        return -1;
    if (!isfinite(*value)) {
        PyErr_SetString(PyExc_ValueError, "output() takes a finite value");
        return -1;
    }
    *value = *value < 0.0 ? 0.0 : *value > 1.0 ? 1.0 : *value;
    return 0;
}

static PyObject *module_output(PyObject *self, PyObject *const *args, Py_ssize_t n_args)
{
    struct channel *channel;
    double value;
    int64_t id;

    if (script_check_args("output", n_args, 2) < 0)
        return NULL;
    if (!PyUnicode_Check(args[0])) {
        PyErr_Format(PyExc_TypeError, "output() takes the name of a channel, not %s",
                     Py_TYPE(args[0])->tp_name);
        return NULL;
    }
    if (module_value(args[1], &value) < 0)
        return NULL;
    id = channels_find_next(&script.channels, args[0]);
    if (id == -1)
        id = module_new_channel(args[0]);
    if (id == -2)
        return NULL;
    if (id >= 0) {
        channel = &script.channels.list[id];
        channel->output = value;
        if (script.importing)
            channel->marked = true; /* the last value is sent when the import is done */
        else if (session_output(script.session, (uint32_t)id, value) < 0)
            return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *module_last_value(PyObject *name, const char *function, bool input)
{
    int64_t id;

    if (!PyUnicode_Check(name)) {
        PyErr_Format(PyExc_TypeError, "%s() takes the name of a channel, not %s", function,
                     Py_TYPE(name)->tp_name);
        return NULL;
    }
    id = channels_find(&script.channels, name);
    if (id == -2)
        return NULL;
    if (id == -1)
        Py_RETURN_NONE;
    return PyFloat_FromDouble(input ? script.channels.list[id].input : script.channels.list[id].output);
}

static PyObject *module_inputvalue(PyObject *self, PyObject *name)
{
    return module_last_value(name, "inputvalue", true);
}

static PyObject *module_outputvalue(PyObject *self, PyObject *name)
{
    return module_last_value(name, "outputvalue", false);
}

static PyObject *module_current(PyObject *self, PyObject *unused)
{
    if (script.current == CHANNELS_NONE || PyThread_get_thread_ident() != script.main_thread)
        Py_RETURN_NONE;
    return Py_NewRef(script.channels.list[script.current].name);
}

static PyObject *module_timestamp(PyObject *self, PyObject *unused)
{
    if (PyThread_get_thread_ident() != script.main_thread) /* not part of any call */
        return PyLong_FromUnsignedLongLong(fc_now_ns() / FC_NS_PER_MS);
    if (!script.timestamp_ms)
        script.timestamp_ms = (script.time_ns ? script.time_ns : fc_now_ns()) / FC_NS_PER_MS;
    return PyLong_FromUnsignedLongLong(script.timestamp_ms);
}

static PyObject *module_channels(PyObject *self, PyObject *unused)
{
    PyObject *list = PyList_New(script.channels.n);

    if (!list)
        return NULL;
    for (uint32_t i = 0; i < script.channels.n; i++)
        PyList_SET_ITEM(list, i, Py_NewRef(script.channels.list[i].name));
    return list;
}

static PyObject *module_cleanup_handler(PyObject *self, PyObject *handler)
{
    PyObject *old = script.cleanup;

    if (handler != Py_None && !PyCallable_Check(handler)) {
        PyErr_SetString(PyExc_TypeError, "cleanup_handler() takes a callable or None");
        return NULL;
    }
    script.cleanup = handler == Py_None ? NULL : Py_NewRef(handler);
    if (old)
        return old;
    Py_RETURN_NONE;
}

#define MODULE_FAST(function) ((PyCFunction)(void (*)(void))(function))

static PyMethodDef module_methods[] = {
    {"output", MODULE_FAST(module_output), METH_FASTCALL,
     "output(name, value)\n--\n\nEmit an event on a channel of this instance; the value is clamped to "
     "0.0…1.0."},
    {"inputvalue", module_inputvalue, METH_O,
     "inputvalue(name)\n--\n\nThe last value that came in on a channel; None for an unknown one."},
    {"outputvalue", module_outputvalue, METH_O,
     "outputvalue(name)\n--\n\nThe last value put out on a channel; None for an unknown one."},
    {"current", module_current, METH_NOARGS,
     "current()\n--\n\nThe name of the channel whose handler is running, None elsewhere."},
    {"timestamp", module_timestamp, METH_NOARGS,
     "timestamp()\n--\n\nMonotonic milliseconds, constant during one handler call."},
    {"interval", MODULE_FAST(interval_set), METH_FASTCALL,
     "interval(function, milliseconds)\n--\n\nCall a function periodically; 0 cancels."},
    {"manage", MODULE_FAST(socket_manage), METH_FASTCALL,
     "manage(function, socket)\n--\n\nCall function(socket) when the socket is readable; None unregisters."},
    {"channels", module_channels, METH_NOARGS,
     "channels()\n--\n\nThe names of all channels of this instance."},
    {"cleanup_handler", module_cleanup_handler, METH_O,
     "cleanup_handler(function)\n--\n\nCall a function when the instance ends; returns the one before."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module_definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "midimonster",
    .m_doc = "Talk to the show that this script is part of.",
    .m_size = -1,
    .m_methods = module_methods,
};

PyObject *module_make(void)
{
    return PyModule_Create(&module_definition);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks handlers up in the imported modules; attributes may run code of the script. */
#include "worker/script/handlers.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Returns a new reference to an imported module, or NULL without an exception. */
static PyObject *handlers_module(const char *name, size_t bytes)
{
    PyObject *key = PyUnicode_DecodeUTF8(name, (Py_ssize_t)bytes, "replace");
    PyObject *module = key ? PyImport_GetModule(key) : NULL;

    Py_XDECREF(key);
    PyErr_Clear();
    return module;
}

/* Follows `a.b.c` from an object, whose reference it takes. A new one, or NULL with `missing` at the name. */
static PyObject *handlers_attribute(PyObject *object, const char *path, const char **missing)
{
    while (object && *path) {
        size_t bytes = strcspn(path, ".");
        PyObject *name = PyUnicode_DecodeUTF8(path, (Py_ssize_t)bytes, "replace");
        PyObject *next = name ? PyObject_GetAttr(object, name) : NULL;

        Py_XDECREF(name);
        Py_DECREF(object);
        if (!next)
            *missing = path;
        object = next;
        path += bytes + (path[bytes] == '.');
    }
    PyErr_Clear();
    return object;
}

PyObject *handlers_find(const char *name, char *reason, size_t bytes)
{
    const char *dot = strrchr(name, '.');
    const char *missing = NULL;
    PyObject *module, *handler;

    if (!dot) {
        snprintf(reason, bytes, "it names no module: write module.function");
        return NULL;
    }
    for (;;) {
        module = handlers_module(name, (size_t)(dot - name));
        if (module || dot == name)
            break;
        do
            dot--;
        while (dot > name && *dot != '.');
        if (*dot != '.')
            break;
    }
    if (!module) {
        snprintf(reason, bytes, "the module is not imported: add it with the option \"module\"");
        return NULL;
    }
    handler = handlers_attribute(module, dot + 1, &missing);
    if (!handler) {
        snprintf(reason, bytes, "there is no function \"%.*s\" in \"%.*s\"", (int)strcspn(missing, "."),
                 missing, (int)(missing - 1 - name), name);
        return NULL;
    }
    if (PyCallable_Check(handler))
        return handler;
    snprintf(reason, bytes, "it is not a function but %s", Py_TYPE(handler)->tp_name);
    Py_DECREF(handler);
    return NULL;
}

const char *handlers_find_owner(const char *const *modules, size_t n_modules, const char *name)
{
    for (size_t i = 0; i < n_modules; i++) {
        const char *missing = NULL;
        PyObject *module = handlers_module(modules[i], strlen(modules[i]));
        PyObject *handler = handlers_attribute(module, name, &missing);
        bool is_callable = handler && PyCallable_Check(handler);

        Py_XDECREF(handler);
        if (is_callable)
            return modules[i];
    }
    return NULL;
}

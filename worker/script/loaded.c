/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks through sys.modules without running any code of the modules. */
#include "worker/script/loaded.h"

#include "proto/codec_name.h"
#include "worker/base/prelude.h"
#include "worker/base/python.h"

#include <errno.h>
#include <string.h>

#include "worker/script/script.h"

#define LOADED_MARGIN  16   /* modules looked at again, as some may have been deleted */
#define LOADED_AT_ONCE 1024 /* files in one report; further ones are left out */

static struct {
    const char *folder;
    size_t folder_bytes;
    Py_ssize_t n_modules; /* when they were last looked at */
    PyObject *told;       /* set of the paths reported */
} loaded;

void loaded_init(const char *folder)
{
    loaded.folder = folder;
    loaded.folder_bytes = strlen(folder);
    loaded.n_modules = PyDict_GET_SIZE(PyImport_GetModuleDict()); /* those of the interpreter */
}

/* Returns the part of a path below the folder, or NULL. */
static const char *loaded_below(const char *path)
{
    if (strncmp(path, loaded.folder, loaded.folder_bytes) != 0 || path[loaded.folder_bytes] != '/')
        return NULL;
    path += loaded.folder_bytes + 1;
    return codec_is_name(path) ? path : NULL;
}

/* Returns the path of a module's file below the folder, borrowed from the module, or NULL. */
static const char *loaded_path(PyObject *module)
{
    PyObject *dict = PyModule_Check(module) ? PyModule_GetDict(module) : NULL;
    PyObject *file = dict ? PyDict_GetItemString(dict, "__file__") : NULL;
    const char *path = file && PyUnicode_Check(file) ? PyUnicode_AsUTF8(file) : NULL;

    PyErr_Clear(); /* surrogates, in a name that the broker would not accept either */
    return path ? loaded_below(path) : NULL;
}

/* The source that runs is what a traceback has to show. Without it, what the file has by then is shown. */
static void loaded_keep_source(const char *path)
{
    PyObject *file = PyUnicode_FromFormat("%s/%s", loaded.folder, path);

    Py_XDECREF(file ? prelude_ask("keep_source", file) : NULL);
    Py_XDECREF(file);
    PyErr_Clear();
}

static int loaded_tell(const char *path)
{
    PyObject *key = PyUnicode_FromString(path);
    int known = key ? PySet_Contains(loaded.told, key) : -1;
    int r = 0;

    if (known == 0 && PySet_Add(loaded.told, key) < 0)
        known = -1;
    if (known == 0) {
        loaded_keep_source(path);
        r = session_file(script.session, path);
    }
    Py_XDECREF(key);
    return known < 0 ? -ENOMEM : r;
}

int loaded_add(const char *path)
{
    const char *below = loaded_below(path);

    return below ? session_file(script.session, below) : 0;
}

/* Returns how many modules need no look: new ones are at the end, and a few may have been deleted before. */
static Py_ssize_t loaded_known(PyObject *modules)
{
    Py_ssize_t known = loaded.n_modules - LOADED_MARGIN;

    return known < 0 || PyDict_GET_SIZE(modules) < loaded.n_modules ? 0 : known;
}

int loaded_report(void)
{
    PyObject *modules = PyImport_GetModuleDict();
    const char *paths[LOADED_AT_ONCE];
    PyObject *name, *module;
    Py_ssize_t position = 0, known;
    size_t n = 0;
    int r = 0;

    if (!modules || PyDict_GET_SIZE(modules) == loaded.n_modules)
        return 0;
    if (!loaded.told)
        loaded.told = PySet_New(NULL);
    if (!loaded.told)
        return -ENOMEM;
    known = loaded_known(modules);
    while (PyDict_Next(modules, &position, &name, &module) && n < LOADED_AT_ONCE) {
        if (known-- > 0)
            continue; /* do not even touch it: all workers share these pages */
        paths[n] = loaded_path(module);
        n += paths[n] != NULL;
    }
    loaded.n_modules = PyDict_GET_SIZE(modules);
    for (size_t k = 0; r == 0 && k < n; k++)
        r = loaded_tell(paths[k]);
    PyErr_Clear();
    return r;
}

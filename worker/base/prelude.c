/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the sources of worker/prelude, and finds functions in them. */
#include "worker/base/prelude.h"

#include "firecurtain/cleanup.h"
#include "prelude_sources.h"

static PyObject *prelude_names; /* dict: what the sources define */

static int prelude_run(const char *source)
{
    PyObject *code = Py_CompileString(source, "<firecurtain>", Py_file_input);
    PyObject *result = code ? PyEval_EvalCode(code, prelude_names, prelude_names) : NULL;
    int r = result ? 0 : -1;

    Py_XDECREF(result);
    Py_XDECREF(code);
    return r;
}

int prelude_load(void)
{
    static const char *const sources[] = {prelude_compile, prelude_environment, prelude_failure,
                                          prelude_finish, prelude_processes};
    int r = 0;

    prelude_names = PyDict_New();
    if (!prelude_names || PyDict_SetItemString(prelude_names, "__builtins__", PyEval_GetBuiltins()) < 0)
        return -1;
    for (size_t i = 0; r == 0 && i < FC_ARRAY_SIZE(sources); i++)
        r = prelude_run(sources[i]);
    return r;
}

PyObject *prelude_ask(const char *function, PyObject *argument)
{
    PyObject *found = PyDict_GetItemString(prelude_names, function);

    return found ? PyObject_CallOneArg(found, argument) : NULL;
}

int prelude_call(const char *function)
{
    PyObject *found = PyDict_GetItemString(prelude_names, function);
    PyObject *result = found ? PyObject_CallNoArgs(found) : NULL;

    Py_XDECREF(result);
    return result ? 0 : -1;
}

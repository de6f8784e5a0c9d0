/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of the running script: one structure per process. */
#include "worker/script/script.h"

struct script script = {.current = CHANNELS_NONE};

int script_init(struct session *session)
{
    script.session = session;
    script.progress = session_progress(session);
    script.main_thread = PyThread_get_thread_ident();
    script.current = CHANNELS_NONE;
    script.importing = true;
    script.unknown = PySet_New(NULL);
    return script.unknown ? channels_init(&script.channels) : -1;
}

int script_check_args(const char *function, Py_ssize_t n_args, Py_ssize_t expected)
{
    if (n_args == expected)
        return 0;
    PyErr_Format(PyExc_TypeError, "%s() takes %zd arguments (%zd given)", function, expected, n_args);
    return -1;
}

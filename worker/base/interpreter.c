/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts Python as workers need it, and logs the exceptions of scripts. */
#include "worker/base/interpreter.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"
#include "worker/base/prelude.h"
#include "worker/base/say.h"

/*
 * Imports the modules that scripts commonly use, which then cost them nothing. `site` stays off, since it
 * would run code from .pth files; its useful parts are done here. Debian's packages are found where `site`
 * would have put them.
 */
static const char interpreter_prelude[] =
    "import sys\n"
    "for stream in (sys.stdout, sys.stderr):\n"
    "    stream.reconfigure(encoding='utf-8', errors='backslashreplace', line_buffering=True)\n"
    "version = 'python%d.%d' % sys.version_info[:2]\n"
    "sys.path += ['/usr/local/lib/' + version + '/dist-packages', '/usr/lib/python3/dist-packages']\n"
    "import collections, datetime, errno, faulthandler, functools, itertools, json, logging, math, os, "
    "random\n"
    "import re, select, selectors, signal, socket, string, struct, threading, time, traceback, types, "
    "typing\n"
    "faulthandler.enable(all_threads=False)\n"
    "faulthandler.register(signal.SIGQUIT, all_threads=False)\n" /* for the watchdog; a crash says more */
    "import site\n"
    "site.setquit()\n"
    "selectors.DefaultSelector = selectors.PollSelector\n" /* what the filter refuses is not offered */
    "del selectors.EpollSelector, select.epoll\n"
    "os.supports_dir_fd &= {os.open, os.stat, os.utime, os.access}\n"
    "os.supports_fd -= {os.chdir, os.chown, os.execve}\n"
    "sys.dont_write_bytecode = True\n"
    "sys.argv = ['firecurtain']\n"
    "del stream, version\n";

/*
 * Does what every worker does once at its start. When the zygote has done it often enough, the interpreter
 * has specialised its code (PEP 659) and filled its caches, and no worker has to write that to its own copies
 * of these pages. When a spare has done it once, the pages that are written anyway are its own already. This
 * only makes workers faster: a failure does not matter.
 */
static const char interpreter_rehearsal[] =
    "def rehearse(turns):\n"
    "    import importlib.machinery, importlib.util, logging, random, sys, threading\n"
    "    class Loader(importlib.machinery.SourceFileLoader):\n"
    "        def get_data(self, path):\n"
    "            return b'import midimonster\\ndef handler(value):\\n    return value\\n'\n"
    "        def path_stats(self, path):\n"
    "            raise OSError\n"
    "        def find_spec(self, name, target=None):\n"
    "            return importlib.util.spec_from_file_location(name, self.path, loader=self)\n"
    "    sys.path.append('/rehearsal')\n"
    "    sys.path_importer_cache['/rehearsal'] = Loader('rehearsal', '/rehearsal/rehearsal.py')\n"
    "    try:\n"
    "        for turn in range(turns):\n"
    "            for name in ('rehearsal', 'nturl2path'):\n"
    "                importlib.import_module(name)\n"
    "                del sys.modules[name]\n"
    "            if turns > 1:\n"
    "                threading._after_fork()\n"
    "                logging._after_at_fork_child_reinit_locks()\n"
    "                random.seed()\n"
    "    finally:\n"
    "        sys.path.remove('/rehearsal')\n"
    "        del sys.path_importer_cache['/rehearsal']\n"
    "        sys.modules.pop('midimonster', None)\n";

#define INTERPRETER_REHEARSALS 20

#define INTERPRETER_SIGNAL                                                                                   \
    SIGSTKFLT /* nobody sends it: Python calls the handler after interpreter_interrupt() */

static PyObject *interpreter_rehearse_function;

/* The option by whose limit the script is interrupted, and its value. */
static struct {
    const char *option;
    uint64_t ms;
    uint64_t stop_ms;
    uint64_t begun_ns;
} interpreter_limit = {.option = "start-timeout"};

#define INTERPRETER_DEBIAN_PATHS 2 /* entries at the end of sys.path */

#define INTERPRETER_TRACEBACKS   20                 /* that may be logged in a burst */
#define INTERPRETER_TRACEBACK_NS (FC_NS_PER_S / 4)  /* until one more may be logged */
#define INTERPRETER_COUNT_NS     (60 * FC_NS_PER_S) /* at most between two counts; the first come sooner */

static struct {
    uint64_t tokens;
    uint64_t since_ns;
    uint64_t left_out;
    uint64_t pause_ns; /* between counts; 0: nothing was left out since the last calm */
    uint64_t count_ns; /* when the next one may be logged */
} interpreter_log;

static int interpreter_initialize(void)
{
    PyPreConfig preconfig;
    PyConfig config;
    PyStatus status;

    PyPreConfig_InitIsolatedConfig(&preconfig);
    preconfig.utf8_mode = 1;
    status = Py_PreInitialize(&preconfig);
    if (!PyStatus_Exception(status)) {
        PyConfig_InitIsolatedConfig(&config);
        config.site_import = 0;
        config.install_signal_handlers = 0;
        config.write_bytecode = 0;
        status = Py_InitializeFromConfig(&config);
        PyConfig_Clear(&config);
    }
    if (!PyStatus_Exception(status))
        return 0;
    say(SAY_ERROR "the Python interpreter cannot start: %s", status.err_msg ? status.err_msg : "?");
    return -1;
}

void interpreter_rehearse(int turns)
{
    PyObject *result = NULL;

    if (interpreter_rehearse_function)
        result = PyObject_CallFunction(interpreter_rehearse_function, "i", turns);
    PyErr_Clear();
    Py_XDECREF(result);
}

/* Rehearses, with a function that scripts cannot find, and freezes all objects for workers to share. */
static int interpreter_prepare(void)
{
    PyObject *namespace = PyModule_GetDict(PyImport_AddModule("__main__"));

    if (PyRun_SimpleString(interpreter_rehearsal) < 0)
        return -1;
    interpreter_rehearse_function = Py_XNewRef(PyDict_GetItemString(namespace, "rehearse"));
    PyDict_DelItemString(namespace, "rehearse");
    interpreter_rehearse(INTERPRETER_REHEARSALS);
    return PyRun_SimpleString("import gc\ngc.collect()\ngc.freeze()\ndel gc\n");
}

void interpreter_interrupt(void)
{
    PyErr_SetInterruptEx(INTERPRETER_SIGNAL);
}

void interpreter_set_limit(const char *option, uint64_t ms)
{
    interpreter_limit.option = option;
    interpreter_limit.ms = ms;
    interpreter_begin(fc_now_ns());
}

void interpreter_set_stop_limit(uint64_t ms)
{
    interpreter_limit.stop_ms = ms;
}

void interpreter_begin(uint64_t now_ns)
{
    interpreter_limit.begun_ns = now_ns;
}

/*
 * Whether the instance is to stop, which the script has not been told yet: it has not had the time that its
 * limit grants. The broker's clock for a call may be a little ahead, hence the quarter.
 */
static bool interpreter_is_to_stop(void)
{
    uint64_t had_ms = (fc_now_ns() - interpreter_limit.begun_ns) / FC_NS_PER_MS;

    return !interpreter_limit.ms || had_ms < interpreter_limit.ms - interpreter_limit.ms / 4;
}

/* Raises where the script is. It is no Python function, so tracebacks end in the script's own line. */
static PyObject *interpreter_raise(PyObject *self, PyObject *arguments)
{
    bool is_to_stop = interpreter_is_to_stop();
    unsigned long ms = (unsigned long)(is_to_stop ? interpreter_limit.stop_ms : interpreter_limit.ms);

    PyErr_Format(PyExc_TimeoutError, "interrupted: it took longer than %lu.%lu s (option %s)", ms / 1000,
                 ms % 1000 / 100, is_to_stop ? "stop-timeout" : interpreter_limit.option);
    return NULL;
}

/* Makes Python raise an exception after interpreter_interrupt(). */
static int interpreter_expect_interrupts(void)
{
    static PyMethodDef method = {"interrupted", interpreter_raise, METH_VARARGS, NULL};
    PyObject *module = PyImport_ImportModule("signal");
    PyObject *function = PyCFunction_New(&method, NULL);
    PyObject *old =
        module && function ? PyObject_CallMethod(module, "signal", "iO", INTERPRETER_SIGNAL, function) : NULL;
    int r = old ? 0 : -1;

    Py_XDECREF(old);
    Py_XDECREF(function);
    Py_XDECREF(module);
    return r;
}

int interpreter_start(const char *name, PyObject *(*make)(void))
{
    if (PyImport_AppendInittab(name, make) < 0 || interpreter_initialize() < 0)
        return -1;
    if (PyRun_SimpleString(interpreter_prelude) == 0 && interpreter_expect_interrupts() == 0 &&
        prelude_load() == 0 && interpreter_prepare() == 0)
        return 0;
    PyErr_Print();
    say(SAY_ERROR "the standard library cannot be imported");
    return -1;
}

int interpreter_add_path(const char *folder, bool first)
{
    PyObject *path = PySys_GetObject("path");
    PyObject *item = PyUnicode_FromString(folder);
    int r;

    if (!path || !item) {
        Py_XDECREF(item);
        return -1;
    }
    /* configured packages come after the standard library and before Debian's, as in a virtual environment */
    r = PyList_Insert(path, first ? 0 : PyList_GET_SIZE(path) - INTERPRETER_DEBIAN_PATHS, item);
    Py_DECREF(item);
    return r;
}

int interpreter_set_environment(const char *entry)
{
    const char *equals = strchr(entry, '=');
    PyObject *os = PyImport_ImportModule("os");
    PyObject *variables = os ? PyObject_GetAttrString(os, "environ") : NULL;
    PyObject *name = PyUnicode_DecodeFSDefaultAndSize(entry, equals - entry);
    PyObject *value = PyUnicode_DecodeFSDefault(equals + 1);
    int r = variables && name && value ? PyObject_SetItem(variables, name, value) : -1;

    Py_XDECREF(value);
    Py_XDECREF(name);
    Py_XDECREF(variables);
    Py_XDECREF(os);
    return r;
}

static bool interpreter_is_lasting(PyObject *value)
{
    PyObject *answer = value ? prelude_ask("is_lasting", value) : NULL;
    bool is_lasting = answer == Py_True;

    PyErr_Clear();
    Py_XDECREF(answer);
    return is_lasting;
}

PyObject *interpreter_take_exception(bool *is_lasting)
{
    PyObject *type, *value, *traceback, *text;

    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (value && traceback)
        PyException_SetTraceback(value, traceback);
    text = value ? prelude_ask("text_of", value) : NULL;
    PyErr_Clear();
    if (is_lasting)
        *is_lasting = interpreter_is_lasting(value);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return text;
}

/*
 * Tells whether one more traceback may be logged, and counts those that may not: a handler may raise a
 * thousand times a second, and a traceback is shown as a whole or not at all.
 */
static bool interpreter_may_log(void)
{
    uint64_t now_ns = fc_now_ns();
    uint64_t earned = (now_ns - interpreter_log.since_ns) / INTERPRETER_TRACEBACK_NS;

    if (earned) {
        interpreter_log.tokens += earned;
        interpreter_log.since_ns = now_ns;
    }
    if (interpreter_log.tokens > INTERPRETER_TRACEBACKS) {
        interpreter_log.tokens = INTERPRETER_TRACEBACKS;
        interpreter_log.pause_ns = 0;
    }
    if (interpreter_log.tokens) {
        interpreter_log.tokens--;
        return true;
    }
    interpreter_log.left_out++;
    if (!interpreter_log.pause_ns) {
        say(SAY_ERROR "too many exceptions: some are only counted");
        interpreter_log.pause_ns = FC_NS_PER_S;
        interpreter_log.count_ns = now_ns + interpreter_log.pause_ns;
    }
    return false;
}

/* Says how many exceptions were left out; less and less often, since those that are shown are seldom new. */
static void interpreter_say_left_out(void)
{
    uint64_t now_ns = fc_now_ns();

    if (!interpreter_log.left_out || now_ns < interpreter_log.count_ns)
        return;
    say(SAY_ERROR "%llu more exceptions were not shown", (unsigned long long)interpreter_log.left_out);
    interpreter_log.left_out = 0;
    if (interpreter_log.pause_ns < INTERPRETER_COUNT_NS / 2)
        interpreter_log.pause_ns = 2 * interpreter_log.pause_ns;
    interpreter_log.count_ns = now_ns + interpreter_log.pause_ns;
}

void interpreter_log_exception(const char *happened)
{
    PyObject *text;
    const char *utf8 = NULL;

    if (!interpreter_may_log()) {
        PyErr_Clear();
        return;
    }
    text = interpreter_take_exception(NULL);
    if (text)
        utf8 = PyUnicode_AsUTF8(text);
    PyErr_Clear();
    interpreter_flush(); /* keeps the order of the log: this was printed before */
    interpreter_say_left_out();
    say_together(happened, utf8 ? utf8 : "(the exception cannot be shown)");
    Py_XDECREF(text);
}

int interpreter_exit_status(void)
{
    PyObject *type, *value, *traceback, *code = NULL;
    int status = 1;

    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (value)
        code = PyObject_GetAttrString(value, "code");
    if (!code || code == Py_None)
        status = 0;
    else if (PyLong_Check(code))
        status = (int)PyLong_AsLong(code);
    else
        PyObject_Print(code, stderr, Py_PRINT_RAW), fputc('\n', stderr); /* as the interpreter does */
    PyErr_Clear();
    Py_XDECREF(code);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return status;
}

void interpreter_flush(void)
{
    static const char *const streams[] = {"stdout", "stderr"};

    for (size_t i = 0; i < FC_ARRAY_SIZE(streams); i++) {
        PyObject *stream = PySys_GetObject(streams[i]);
        PyObject *result = stream ? PyObject_CallMethod(stream, "flush", NULL) : NULL;

        if (!result)
            PyErr_Clear();
        Py_XDECREF(result);
    }
}

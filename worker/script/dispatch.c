/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls the script. Only SystemExit ends the worker: any other exception of a call is logged with its
 * traceback and counted, and the next event is handled.
 */
#include "worker/script/dispatch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firecurtain/time.h"
#include "worker/base/interpreter.h"
#include "worker/base/prelude.h"
#include "worker/base/say.h"
#include "worker/script/handlers.h"
#include "worker/script/interval.h"
#include "worker/script/loaded.h"
#include "worker/script/script.h"
#include "worker/script/socket.h"

#define DISPATCH_AHEAD                                                                                       \
    4 /* events whose channels are fetched in advance: many channels do not fit in the cache */

/* Ticks that the broker has announced and that are not due yet. */
static struct {
    uint32_t ids[SCRIPT_MAX_INTERVALS];
    uint64_t due_ns[SCRIPT_MAX_INTERVALS];
    size_t n;
    uint64_t time_ns; /* what timestamp() returns during them; 0: the clock's time */
} told;

/* Adds a channel as the broker describes it. Its id, or -1 with an exception set. */
static int64_t dispatch_add_channel(const struct message_channel *from)
{
    PyObject *name = PyUnicode_FromString(from->name);
    struct channel *channel;
    int64_t id;

    if (!name)
        return -1;
    PyUnicode_InternInPlace(&name); /* as literals of the script are, which are then found by identity */
    id = channels_add(&script.channels, name);
    Py_DECREF(name);
    if (id < 0)
        return -1;
    channel = &script.channels.list[id];
    channel->target = from->target;
    channel->input = from->input;
    channel->output = from->output;
    return id;
}

static void dispatch_returned(PyObject *result, const char *what, const char *name);

/*
 * Ends the script as Python ends a program: its cleanup handler, then atexit, then files are flushed. Each of
 * them is done once, also if one of them ends the worker.
 */
static void dispatch_finish(void)
{
    PyObject *handler = script.cleanup;

    if (handler) {
        script.cleanup = NULL;
        progress_count(&script.progress->calls);
        dispatch_returned(PyObject_CallNoArgs(handler), "cleanup handler", NULL);
        Py_DECREF(handler);
    }
    if (prelude_call("finish") < 0)
        interpreter_log_exception("exception at the end of the script");
    interpreter_flush();
    session_flush(script.session, false);
}

/* Ends the worker by the script's SystemExit, after sending everything it did before. */
static void dispatch_exit(void)
{
    int status = interpreter_exit_status();

    dispatch_finish();
    _exit(status);
}

/* Takes the result of a call into the script, or its exception; `what` and `name` say what was called. */
static void dispatch_returned(PyObject *result, const char *what, const char *name)
{
    char happened[CODEC_MAX_NAME + 64];

    script.timestamp_ms = 0;
    Py_XDECREF(result);
    if (result)
        return;
    if (PyErr_ExceptionMatches(PyExc_SystemExit))
        dispatch_exit();
    session_exception(script.session);
    snprintf(happened, sizeof(happened), "exception in the %s%s%s", what, name ? " " : "", name ? name : "");
    interpreter_log_exception(happened);
}

static const char *dispatch_name(PyObject *object)
{
    const char *name = object ? PyUnicode_AsUTF8(object) : NULL;

    return name ? name : "?";
}

/*
 * Calls a handler with a value. Handlers do not change within a batch, so this takes no reference to it. A
 * new reference, or NULL with an exception set.
 */
static inline PyObject *dispatch_call(PyObject *handler, double value)
{
    PyObject *number = PyFloat_FromDouble(value);
    PyObject *arguments[2] = {NULL, number};
    vectorcallfunc call = PyVectorcall_Function(handler);
    PyObject *result;

    if (!number)
        return NULL;
    result = call ? call(handler, arguments + 1, 1 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL)
                  : PyObject_CallOneArg(handler, number);
    Py_DECREF(number);
    return result;
}

static void dispatch_event(uint32_t id, double value)
{
    struct channel *channel = &script.channels.list[id];

    progress_count(&script.progress->begun);
    if (channel->handler) {
        PyObject *result;

        script.current = id;
        result = dispatch_call(channel->handler, value);
        if (result) {
            script.timestamp_ms = 0;
            Py_DECREF(result);
        } else {
            dispatch_returned(NULL, "handler of channel", dispatch_name(channel->name));
        }
        script.current = CHANNELS_NONE;
    }
    /* only now: in the handler, inputvalue() returns the previous value */
    channel->input = value;
    progress_count(&script.progress->done);
}

static void dispatch_events(const struct message_batch *batch)
{
    const struct channel *list = script.channels.list;
    uint32_t n_channels = script.channels.n;

    for (size_t i = 0; i < batch->n_events; i++) {
        size_t ahead = i + DISPATCH_AHEAD < batch->n_events ? i + DISPATCH_AHEAD : i;

        if (batch->channels[ahead] < n_channels)
            __builtin_prefetch(&list[batch->channels[ahead]]);
        if (batch->channels[i] < n_channels)
            dispatch_event(batch->channels[i], batch->values[i]);
    }
}

static void dispatch_tick(uint32_t id)
{
    PyObject *function = interval_function(id);

    if (!function)
        return; /* cancelled in the meantime */
    Py_INCREF(function);
    progress_count(&script.progress->calls);
    dispatch_returned(PyObject_CallNoArgs(function), "interval", NULL);
    Py_DECREF(function);
}

static void dispatch_ready(uint32_t id)
{
    struct script_socket *entry = socket_find(id);
    PyObject *handler, *object;

    if (!entry)
        return; /* unregistered in the meantime */
    handler = Py_NewRef(entry->handler);
    object = Py_NewRef(entry->socket);
    progress_count(&script.progress->calls);
    dispatch_returned(PyObject_CallOneArg(handler, object), "socket handler", NULL);
    Py_DECREF(object);
    Py_DECREF(handler);
}

/* Sends a report after calls into the script. */
static int dispatch_report(bool done)
{
    int r;

    script.time_ns = 0; /* threads that go on see the clock's time */
    if (script.n_sockets)
        socket_drop_closed();
    r = loaded_report();
    return r < 0 ? r : session_flush(script.session, done);
}

/* Begins calls; sets what timestamp() returns in them, which never goes back; 0: the clock's time. */
static void dispatch_time(uint64_t time_ns)
{
    static uint64_t last_ns;

    if (time_ns && time_ns < last_ns)
        time_ns = last_ns;
    script.time_ns = time_ns;
    last_ns = time_ns;
    interpreter_begin(fc_now_ns());
}

static int dispatch_batch(const struct message_batch *batch)
{
    dispatch_time(batch->time_ns);
    dispatch_events(batch);
    for (size_t i = 0; i < batch->n_ready; i++)
        dispatch_ready(batch->ready[i]);
    return dispatch_report(true);
}

/* Notes announced ticks until they are due. */
static int dispatch_take_ticks(const struct message_ticks *ticks)
{
    if (ticks->n > SCRIPT_MAX_INTERVALS - told.n)
        return -EPROTO; /* each interval has at most one */
    for (size_t i = 0; i < ticks->n; i++) {
        told.ids[told.n] = ticks->ids[i];
        told.due_ns[told.n++] = ticks->times_ns[i];
    }
    told.time_ns = ticks->time_ns;
    return 0;
}

static uint64_t dispatch_next_tick(void)
{
    uint64_t next_ns = UINT64_MAX;

    for (size_t i = 0; i < told.n; i++)
        next_ns = told.due_ns[i] < next_ns ? told.due_ns[i] : next_ns;
    return next_ns;
}

/*
 * Calls the intervals that are due, once each: those that become due meanwhile let events pass. They all see
 * the same time; it is reported to the broker, and a replay can reproduce it.
 */
static int dispatch_ticks(void)
{
    uint64_t until_ns = fc_now_ns();
    size_t n_left = 0;

    dispatch_time(told.time_ns ? told.time_ns : until_ns);
    for (size_t i = 0; i < told.n; i++) {
        uint32_t id = told.ids[i];
        int r;

        if (told.due_ns[i] > until_ns) {
            told.ids[n_left] = id;
            told.due_ns[n_left++] = told.due_ns[i];
            continue;
        }
        dispatch_tick(id);
        /* only now: reports that are sent during a long call come before its end */
        r = session_ticked(script.session, id, until_ns);
        if (r < 0)
            return r;
    }
    told.n = n_left;
    return dispatch_report(false);
}

static void dispatch_stop(uint64_t time_ns)
{
    struct message stopped = {.type = MESSAGE_STOPPED};

    interpreter_set_limit("stop-timeout", script.stop_ms);
    dispatch_time(time_ns);
    dispatch_finish();
    session_send(script.session, &stopped);
}

/* Warns of a channel that calls nothing although a function has its name: only its module is missing. */
static void dispatch_warn_of_top_level(const char *name)
{
    const char *module = script.fallback ? NULL : handlers_find_owner(script.modules, script.n_modules, name);

    if (module)
        say(SAY_WARNING "channel %s calls nothing: the function is mapped as %s.%s", name, module, name);
}

/* Finds the handler of a channel. False if the channel wants one and there is none. */
static bool dispatch_resolve(struct channel *channel)
{
    const char *name = dispatch_name(channel->name);
    char reason[512];

    Py_CLEAR(channel->handler);
    if (!channel->target)
        return true;
    if (!strchr(name, '.')) {
        channel->handler = Py_XNewRef(script.fallback);
        dispatch_warn_of_top_level(name);
        return true;
    }
    channel->handler = handlers_find(name, reason, sizeof(reason));
    if (!channel->handler)
        say(SAY_ERROR "channel %s has no handler: %s", name, reason);
    return channel->handler;
}

int dispatch_channels(const struct message_channels *message, bool resolve)
{
    if (message->first > script.channels.n)
        return -EPROTO;
    for (size_t i = 0; i < message->n; i++) {
        const struct message_channel *from = &message->list[i];
        size_t id = message->first + i;
        bool is_new = id >= script.channels.n;
        struct channel *channel;

        if (is_new && dispatch_add_channel(from) < 0) {
            PyErr_Clear();
            return -ENOMEM;
        }
        channel = &script.channels.list[id];
        if (message->values) {
            channel->input = from->input;
            channel->output = from->output;
        }
        if (!is_new && channel->target == from->target)
            continue;
        channel->target = from->target;
        if (resolve)
            dispatch_resolve(channel);
    }
    return 0;
}

int dispatch_run(void)
{
    struct message message;

    for (;;) {
        int r = session_receive_until(script.session, &message, dispatch_next_tick());

        if (r == -ETIMEDOUT)
            r = dispatch_ticks();
        else if (r == 0 && message.type == MESSAGE_BATCH)
            r = dispatch_batch(&message.batch);
        else if (r == 0 && message.type == MESSAGE_TICKS)
            r = dispatch_take_ticks(&message.ticks);
        else if (r == 0 && message.type == MESSAGE_CHANNELS)
            r = dispatch_channels(&message.channels, true);
        else if (r == 0 && message.type == MESSAGE_STOP)
            break;
        else if (r == 0)
            r = -EPROTO;
        if (r < 0) {
            say(SAY_ERROR "the link to the broker is broken: %s", strerror(-r));
            return 1;
        }
    }
    dispatch_stop(message.time_ns);
    return 0;
}

/* Cuts a traceback in the middle if it is too long. A new reference, or NULL with an exception set. */
static PyObject *dispatch_shorten(PyObject *text)
{
    Py_ssize_t n = PyUnicode_GET_LENGTH(text), part = CODEC_MAX_FAILURE / 16; /* of at most four bytes each */
    PyObject *first, *last, *both = NULL;

    if (n <= 2 * part)
        return Py_NewRef(text);
    first = PyUnicode_Substring(text, 0, part);
    last = PyUnicode_Substring(text, n - part, n);
    if (first && last)
        both = PyUnicode_FromFormat("%U …\n… %U", first, last);
    Py_XDECREF(first);
    Py_XDECREF(last);
    return both;
}

/* Reports the file of a syntax error, which is no module: a change of it is what helps. */
static void dispatch_note_file(void)
{
    PyObject *type, *value, *traceback, *file;

    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    file = value && PyErr_GivenExceptionMatches(type, PyExc_SyntaxError)
               ? PyObject_GetAttrString(value, "filename")
               : NULL;
    if (file && PyUnicode_Check(file) && PyUnicode_AsUTF8(file))
        loaded_add(PyUnicode_AsUTF8(file));
    Py_XDECREF(file);
    PyErr_Restore(type, value, traceback);
}

/* Tells the broker what ended the import: it knows whether that is new. */
static void dispatch_tell_failure(const char *happened)
{
    struct message message = {.type = MESSAGE_FAILED};
    PyObject *text, *shown, *whole;

    dispatch_note_file();
    text = interpreter_take_exception(&message.failure.is_lasting);
    shown = text ? dispatch_shorten(text) : NULL;
    whole = shown ? PyUnicode_FromFormat("%s\n%U", happened, shown) : NULL;
    message.failure.text = whole ? PyUnicode_AsUTF8(whole) : NULL;
    if (!message.failure.text)
        message.failure.text = happened;
    PyErr_Clear();
    interpreter_flush();
    loaded_report();
    session_flush(script.session, false);
    session_send(script.session, &message);
    Py_XDECREF(whole);
    Py_XDECREF(shown);
    Py_XDECREF(text);
}

static int dispatch_import_module(const char *name)
{
    char happened[CODEC_MAX_NAME + 64];
    PyObject *module = PyImport_ImportModule(name);

    script.timestamp_ms = 0;
    if (module) {
        Py_DECREF(module);
        return 0;
    }
    if (PyErr_ExceptionMatches(PyExc_SystemExit))
        dispatch_exit();
    snprintf(happened, sizeof(happened), "the module %s cannot be imported", name);
    dispatch_tell_failure(happened);
    interpreter_set_limit("stop-timeout", script.stop_ms);
    return -1;
}

static PyObject *dispatch_default_handler(const char *name)
{
    PyObject *handler;
    char reason[512];

    if (!name[0])
        return NULL;
    handler = handlers_find(name, reason, sizeof(reason));
    if (!handler)
        say(SAY_ERROR "default-handler %s cannot be used: %s", name, reason);
    return handler;
}

/* Sends what the modules put out during the import: the last value of each channel. */
static int dispatch_marked(void)
{
    for (uint32_t i = 0; i < script.channels.n; i++) {
        struct channel *channel = &script.channels.list[i];

        if (channel->marked && session_output(script.session, i, channel->output) < 0)
            return -1;
        channel->marked = false;
    }
    return 0;
}

int dispatch_import(const char *const *modules, size_t n_modules, const char *default_handler)
{
    struct message ready = {.type = MESSAGE_READY};
    int r = 0;

    script.modules = modules;
    script.n_modules = n_modules;
    for (size_t i = 0; i < n_modules; i++) {
        if (dispatch_import_module(modules[i]) < 0) {
            dispatch_finish();
            return 1;
        }
    }
    script.importing = false;
    interpreter_set_limit("handler-timeout", script.handler_ms);
    script.time_ns = 0;
    script.fallback = dispatch_default_handler(default_handler);
    ready.ready_missing = default_handler[0] && !script.fallback;
    for (uint32_t i = 0; i < script.channels.n; i++)
        ready.ready_missing += !dispatch_resolve(&script.channels.list[i]);
    if (script.n_sockets)
        socket_drop_closed();
    r = dispatch_marked();
    interpreter_flush();
    if (r < 0 || loaded_report() < 0 || session_flush(script.session, false) < 0)
        return 1;
    return session_send(script.session, &ready) < 0 ? 1 : 0;
}

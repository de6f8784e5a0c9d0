/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The steps of a worker. Security depends on their order: the process confines itself while it has a single
 * thread, connects the link, loads the system call filter for all threads, waits until the broker holds the
 * notification descriptor, closes its own copy, and only then imports the script.
 */
#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/turns.h"
#include "proto/kernel.h"
#include "proto/progress.h"
#include "worker/base/interpreter.h"
#include "worker/base/prelude.h"
#include "worker/base/say.h"
#include "worker/libc/libc.h"
#include "worker/libc/mapping.h"
#include "worker/probe.h"
#include "worker/sandbox/sandbox.h"
#include "worker/sandbox/seccomp.h"
#include "worker/script/dispatch.h"
#include "worker/script/loaded.h"
#include "worker/script/script.h"

#define WORKER_HANDSHAKE_MS 10000
#define WORKER_STACK_BYTES  (2u << 20) /* of each thread but the main one, which has RLIMIT_STACK */

/* Copies from the setup message, which itself lives only until the next message. */
struct worker_setup {
    char **modules;
    size_t n_modules;
    char *default_handler;
};

_Noreturn void worker_fail(const struct sandbox_error *error)
{
    say(SAY_ERROR "the sandbox cannot be set up: layer \"%s\": %s: %s%s", error->layer, error->what,
        strerror(error->error), sandbox_advice(error));
    _exit(SPAWN_EXIT_SANDBOX);
}

static _Noreturn void worker_fail_link(const char *step, int r)
{
    say(SAY_ERROR "the link to the broker failed: %s: %s", step, strerror(-r));
    _exit(SPAWN_EXIT_SANDBOX);
}

/*
 * Closes all descriptors except 0, 1, 2, the given ones, and SPAWN_FD if the sandbox was prepared with it.
 * The pipes to the log become 1 and 2.
 */
static void worker_keep_descriptors(int descriptors[SPAWN_DESCRIPTORS_], const struct sandbox *prepared)
{
    unsigned next = prepared && prepared->old_root >= 0 ? SPAWN_FD + 1 : STDERR_FILENO + 1;

    dup2(descriptors[SPAWN_STDOUT], STDOUT_FILENO);
    dup2(descriptors[SPAWN_STDERR], STDERR_FILENO);
    /* in ascending order: moving one never overwrites another that is yet to be moved */
    for (int i = SPAWN_LINK; i < SPAWN_DESCRIPTORS_; i++) {
        if (descriptors[i] < 0)
            continue;
        if (descriptors[i] != (int)next)
            dup3(descriptors[i], (int)next, O_CLOEXEC);
        descriptors[i] = (int)next++;
    }
    kernel_close_from(next);
}

static char *worker_copy(const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        worker_fail_link("setup", -ENOMEM);
    return copy;
}

static void worker_take_setup(struct session *session, struct worker_setup *setup)
{
    struct message message;
    int r = session_receive(session, &message, WORKER_HANDSHAKE_MS);

    if (r == 0 && message.type != MESSAGE_SETUP)
        r = -EPROTO;
    if (r < 0)
        worker_fail_link("setup", r);
    setup->modules = calloc(message.setup.n_modules + 1, sizeof(char *));
    if (!setup->modules)
        worker_fail_link("setup", -ENOMEM);
    for (size_t i = 0; i < message.setup.n_modules; i++)
        setup->modules[i] = worker_copy(message.setup.modules[i]);
    setup->n_modules = message.setup.n_modules;
    setup->default_handler = worker_copy(message.setup.default_handler);
    if (script_init(session) < 0)
        worker_fail_link("setup", -ENOMEM);
    script.handler_ms = message.setup.handler_ms;
    script.stop_ms = message.setup.stop_ms;
    interpreter_set_stop_limit(message.setup.stop_ms);
    interpreter_set_limit("start-timeout", message.setup.start_ms);
}

/* Loads the filter, unless the sandbox has none. Returns the notification descriptor, or -1. */
static int worker_load_filter(const struct sandbox *sandbox)
{
    struct sandbox_error error;
    int fd;

    if (sandbox->none)
        return -1;
    fd = sandbox_seccomp_load(sandbox, &error);
    if (fd >= 0)
        return fd;
    if (sandbox->passed)
        probe_failed(&error);
    worker_fail(&error);
}

/* Takes the channels, until the broker lets the worker go on. */
static void worker_take_channels(struct session *session)
{
    struct message message;
    int r;

    do {
        r = session_receive(session, &message, WORKER_HANDSHAKE_MS);
        if (r == 0 && message.type == MESSAGE_CHANNELS)
            r = dispatch_channels(&message.channels, false);
        else if (r == 0 && message.type != MESSAGE_PROCEED)
            r = -EPROTO;
    } while (r == 0 && message.type != MESSAGE_PROCEED);
    if (r < 0)
        worker_fail_link("channels", r);
    script.time_ns = message.time_ns;
}

/* Loads the filter and hands its notification descriptor to the broker; the script must never hold it. */
static void worker_lock(struct session *session, const struct sandbox *sandbox)
{
    struct message message = {.type = MESSAGE_LOCKED};
    FC_AUTO_CLOSE int fd = worker_load_filter(sandbox);
    int r;

    message.notify_fd = fd;
    r = session_send(session, &message);
    if (r < 0)
        worker_fail_link("lock", r);
    worker_take_channels(session); /* then the broker has a duplicate of the descriptor */
}

static struct session *worker_open_session(const int descriptors[SPAWN_DESCRIPTORS_])
{
    struct progress *progress;
    struct session *session;
    int r = progress_map(&progress, descriptors[SPAWN_PROGRESS]);

    if (r == 0)
        r = session_open(&session, descriptors[SPAWN_LINK], progress);
    if (r < 0)
        worker_fail_link("open", r);
    /* for this thread only: threads of the script get usual turns */
    fc_take_short_turns(SCHED_FLAG_RESET_ON_FORK);
    return session;
}

/* Makes stacks smaller: they count as memory, and a few threads of the usual 8 MiB would reach the limit. */
static void worker_set_stack_size(void)
{
    pthread_attr_t attributes;

    if (pthread_attr_init(&attributes) != 0)
        return;
    if (pthread_attr_setstacksize(&attributes, WORKER_STACK_BYTES) == 0)
        pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
}

/* Returns the string that follows this one in a block of strings. */
static const char *worker_next(const char *text)
{
    return text + strlen(text) + 1;
}

/* Adds the scripts' folder to the search path, then the folders of packages that the configuration shows. */
static void worker_add_paths(const struct spawn_request *request, const char *script_folder)
{
    const char *path = request->reads;
    int r = interpreter_add_path(script_folder, true);

    loaded_init(script_folder);

    for (uint32_t i = 0; r == 0 && i < request->n_reads; i++, path = worker_next(path)) {
        const char *base = strrchr(path, '/');

        if (base && (strcmp(base, "/site-packages") == 0 || strcmp(base, "/dist-packages") == 0))
            r = interpreter_add_path(path, false);
    }
    if (r < 0)
        worker_fail_link("search path", -ENOMEM);
}

/* Makes the interpreter, which the zygote started, one of this instance. */
static void worker_prepare_python(const struct sandbox *sandbox)
{
    if (prelude_call("environment") < 0 || (!sandbox->none && prelude_call("processes") < 0))
        interpreter_log_exception("the interpreter cannot be prepared");
}

/* Looks at the modules instead of running them: afterwards there are none. */
static void worker_compile(struct worker_setup *setup)
{
    PyObject *names = PyList_New(0);
    PyObject *result = NULL;
    int r = names ? 0 : -1;

    for (size_t i = 0; r == 0 && i < setup->n_modules; i++) {
        PyObject *name = PyUnicode_FromString(setup->modules[i]);

        r = name ? PyList_Append(names, name) : -1;
        Py_XDECREF(name);
    }
    if (r == 0)
        result = prelude_ask("compile_modules", names);
    if (!result)
        interpreter_log_exception("the scripts cannot be looked at");
    Py_XDECREF(result);
    Py_XDECREF(names);
    setup->n_modules = 0;
}

static void worker_add_environment(const struct spawn_request *request)
{
    const char *entry = request->environment;

    for (uint32_t i = 0; i < request->n_environment; i++, entry = worker_next(entry)) {
        if (interpreter_set_environment(entry) < 0)
            worker_fail_link("environment", -ENOMEM);
    }
}

/* Tells whether the script's folder is the working directory: the option `directory` travels as a variable.
 */
static bool worker_is_at_script(const struct spawn_request *request)
{
    const char *entry = request->environment;
    size_t n = strlen(SPAWN_DIRECTORY);
    bool is_at_script = false;

    for (uint32_t i = 0; i < request->n_environment; i++, entry = worker_next(entry)) {
        if (strncmp(entry, SPAWN_DIRECTORY, n) == 0)
            is_at_script = strcmp(entry + n, "show") == 0;
    }
    return is_at_script;
}

/* Tells the stand-ins of the C library what this worker has. */
static void worker_enter_libc(const struct sandbox *sandbox, bool is_at_script)
{
    libc_enter(&(struct libc_facts){
        .is_confined = !sandbox->none,
        .is_at_script = is_at_script,
        .has_network = sandbox->host_network,
        .script_folder = sandbox->namespaces ? SPAWN_SCRIPT_FOLDER : sandbox->script_folder,
        .state_folder = sandbox->namespaces ? SPAWN_STATE_FOLDER : sandbox->state_folder,
        .memory_bytes = sandbox->memory_bytes,
        .state_bytes = sandbox->file_bytes,
        .tmp_bytes = sandbox->namespaces ? SANDBOX_TMP_MIB << 20 : 0,
        .files = sandbox->files,
    });
}

/* Describes the sandbox that the request asks for; `request` and `descriptors` must outlive it. */
static struct sandbox worker_sandbox(const struct spawn_request *request, const int *descriptors,
                                     const struct worker_birth *birth)
{
    bool none = request->flags & SPAWN_NO_SANDBOX;

    return (struct sandbox){
        .namespaces = birth->refused == 0 && !none,
        .none = none,
        .host_network = request->network == SPAWN_NETWORK_HOST,
        .is_prepared = birth->prepared,
        .old_root = birth->prepared ? birth->prepared->old_root : -1,
        .outer_uid = birth->uid,
        .outer_gid = birth->gid,
        .script_folder = request->script_folder,
        .state_folder = request->state_folder,
        .hosts = request->hosts,
        .reads = request->reads,
        .n_reads = request->n_reads,
        .read_trees = descriptors + SPAWN_READ_TREES,
        .file_bytes = request->file_bytes,
        .memory_bytes = request->memory_bytes,
        .threads = request->threads,
        .files = request->files,
        .script_tree = descriptors[SPAWN_SCRIPT_TREE],
        .state_tree = descriptors[SPAWN_STATE_TREE],
        .passed = request->flags & SPAWN_PROBE ? probe_passed : NULL,
    };
}

_Noreturn void worker_run(const struct spawn_request *request, int descriptors[SPAWN_DESCRIPTORS_],
                          const struct worker_birth *birth)
{
    struct sandbox_error error;
    struct worker_setup setup;
    struct session *session;
    struct sandbox sandbox;
    bool probe = request->flags & SPAWN_PROBE;
    int status;

    worker_keep_descriptors(descriptors, birth->prepared);
    sandbox = worker_sandbox(request, descriptors, birth);
    if (probe)
        probe_namespaces(&sandbox, birth->refused);
    prctl(PR_SET_NAME, "fc-worker");
    prctl(PR_SET_TIMERSLACK, 1); /* for punctual intervals; all threads inherit it */
    worker_set_stack_size();
    if (sandbox_enter(&sandbox, &error) < 0) {
        if (probe)
            probe_failed(&error);
        worker_fail(&error);
    }
    session = worker_open_session(descriptors);
    for (int i = SPAWN_LINK + 1; i < SPAWN_DESCRIPTORS_; i++)
        fc_closep(&descriptors[i]);
    worker_take_setup(session, &setup);
    umask(022); /* before the stand-ins: theirs only remembers */
    worker_enter_libc(&sandbox, worker_is_at_script(request));
    if (chdir(libc_facts.is_at_script ? libc_facts.script_folder : libc_facts.state_folder) < 0)
        worker_fail_link("working directory", -errno);
    worker_lock(session, &sandbox);
    if (probe)
        probe_filter();
    worker_add_paths(request, sandbox.namespaces ? SPAWN_SCRIPT_FOLDER : sandbox.script_folder);
    worker_add_environment(request);
    worker_prepare_python(&sandbox);
    if (request->flags & SPAWN_COMPILE)
        worker_compile(&setup);
    status = dispatch_import((const char *const *)setup.modules, setup.n_modules, setup.default_handler);
    if (status == 0)
        status = dispatch_run();
    mapping_finish();
    _exit(status);
}

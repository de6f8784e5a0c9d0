/*
 * See worker.h. The order is the security of it: the process confines itself while it has one thread,
 * connects the link, loads the system call filter for all threads, waits until the broker holds the
 * notification descriptor, closes its own copy of that, and only then imports the script.
 */
#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "worker/dispatch.h"
#include "worker/interpreter.h"
#include "worker/sandbox.h"
#include "worker/say.h"
#include "worker/script.h"

#define WORKER_HANDSHAKE_MS 10000

/* Copies of what the setup message brought: the message itself lives only until the next one. */
struct worker_setup {
    char **modules;
    size_t n_modules;
    char *default_handler;
};

static _Noreturn void worker_fail(const struct sandbox_error *error)
{
    say(SAY_ERROR "the curtain cannot be closed: layer \"%s\": %s: %s", error->layer, error->what,
        strerror(error->error));
    _exit(SANDBOX_EXIT_FAILED);
}

static _Noreturn void worker_fail_link(const char *step, int r)
{
    say(SAY_ERROR "the link to the broker failed: %s: %s", step, strerror(-r));
    _exit(SANDBOX_EXIT_FAILED);
}

/* Only 0, 1, 2 and the given descriptors stay open; what was a pipe to the log becomes 1 and 2. */
static void worker_keep_descriptors(int descriptors[SPAWN_DESCRIPTORS_])
{
    unsigned next = STDERR_FILENO + 1;

    dup2(descriptors[SPAWN_STDOUT], STDOUT_FILENO);
    dup2(descriptors[SPAWN_STDERR], STDERR_FILENO);
    /* in ascending order, so that moving one never overwrites another that is still to be moved */
    for (int i = SPAWN_LINK_FOLDER; i < SPAWN_DESCRIPTORS_; i++) {
        if (descriptors[i] < 0)
            continue;
        if (descriptors[i] != (int)next)
            dup3(descriptors[i], (int)next, O_CLOEXEC);
        descriptors[i] = (int)next++;
    }
    close_range(next, ~0U, 0);
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
    if (script_init(session) < 0 || dispatch_prepare(&message.setup) < 0)
        worker_fail_link("setup", -ENOMEM);
}

/* Loads the filter, and hands its notification descriptor to the broker: the script must never hold it. */
static void worker_lock(struct session *session, const struct sandbox *sandbox)
{
    struct sandbox_error error;
    struct message message = {.type = MESSAGE_LOCKED};
    int fd, r;

    fd = sandbox_seccomp_load(sandbox, &error);
    if (fd < 0)
        worker_fail(&error);
    message.notify_fd = fd;
    r = session_send(session, &message);
    if (r == 0)
        r = session_receive(session, &message, WORKER_HANDSHAKE_MS);
    if (r == 0 && message.type != MESSAGE_PROCEED)
        r = -EPROTO;
    if (r < 0)
        worker_fail_link("lock", r);
    close(fd);
}

static struct session *worker_connect(const char *name, int folder)
{
    struct session *session;
    int r;

    /* a relative endpoint: the link's folder is not in the private root */
    if (fchdir(folder) < 0)
        worker_fail_link("link folder", -errno);
    r = session_open(&session, name);
    if (r < 0)
        worker_fail_link("connect", r);
    return session;
}

_Noreturn void worker_run(const struct spawn_request *request, int descriptors[SPAWN_DESCRIPTORS_], uid_t uid,
                          gid_t gid)
{
    struct sandbox_error error;
    struct worker_setup setup;
    struct session *session;
    struct sandbox sandbox;
    int status;

    worker_keep_descriptors(descriptors);
    sandbox = (struct sandbox){
        .host_network = request->network == SPAWN_NETWORK_HOST,
        .outer_uid = uid,
        .outer_gid = gid,
        .script_folder = request->script_folder,
        .state_folder = request->state_folder,
        .hosts = request->hosts,
        .script_tree = descriptors[SPAWN_SCRIPT_TREE],
        .state_tree = descriptors[SPAWN_STATE_TREE],
    };
    prctl(PR_SET_NAME, "fc-worker");
    if (sandbox_enter(&sandbox, &error) < 0)
        worker_fail(&error);
    session = worker_connect(request->link, descriptors[SPAWN_LINK_FOLDER]);
    worker_take_setup(session, &setup);
    /* nothing of the old root is left: the link is up, its folder is given up */
    for (int i = SPAWN_LINK_FOLDER; i < SPAWN_DESCRIPTORS_; i++)
        fc_closep(&descriptors[i]);
    if (chdir(SANDBOX_STATE_FOLDER) < 0)
        worker_fail_link(SANDBOX_STATE_FOLDER, -errno);
    umask(022);
    worker_lock(session, &sandbox);
    if (interpreter_add_path(SANDBOX_SCRIPT_FOLDER) < 0)
        worker_fail_link("search path", -ENOMEM);
    status = dispatch_import((const char *const *)setup.modules, setup.n_modules, setup.default_handler);
    if (status == 0)
        status = dispatch_run();
    _exit(status);
}

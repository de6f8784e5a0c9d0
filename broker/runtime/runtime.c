/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds and makes folders, takes the lock, starts the keeper and the accounts' zygotes; and undoes all of it.
 */
#include "broker/runtime/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/base/log.h"
#include "broker/base/path_set.h"
#include "broker/build/users.h"
#include "broker/child/reaper.h"
#include "broker/gate/client.h"
#include "broker/gate/serve.h"
#include "broker/guest/spawn.h"
#include "broker/keeper/client.h"
#include "broker/keeper/counter_client.h"
#include "broker/keeper/fork.h"
#include "broker/os/cgroup.h"
#include "broker/os/confine.h"
#include "broker/os/control_socket.h"
#include "broker/os/folder.h"
#include "broker/os/folder_trust.h"
#include "broker/os/identity.h"
#include "broker/os/lock.h"
#include "broker/os/lookup.h"
#include "broker/os/notify.h"
#include "broker/os/program.h"
#include "broker/python/file_watch.h"
#include "broker/python/start_queue.h"
#include "broker/runtime/accounts.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/turns.h"
#include "proto/codec.h"
#include "proto/link.h"

static char *runtime_join(const char *folder, const char *tail)
{
    char *path = NULL;

    return asprintf(&path, "%s%s", folder, tail) < 0 ? NULL : path;
}

static const char *runtime_env(const char *name)
{
    const char *value = getenv(name);

    return value && value[0] == '/' ? value : NULL;
}

/* Returns the first of several folders, which systemd separates by colons. */
static char *runtime_first_folder(const char *list)
{
    return strndup(list, strcspn(list, ":"));
}

char *runtime_find_folder(void)
{
    const char *given = runtime_env("RUNTIME_DIRECTORY");
    const char *xdg = runtime_env("XDG_RUNTIME_DIR");
    char own[64];

    if (given)
        return runtime_first_folder(given);
    if (xdg)
        return runtime_join(xdg, "/firecurtain");
    if (geteuid() == 0 || access("/run/firecurtain", W_OK) == 0)
        return strdup("/run/firecurtain");
    /* a login without a session manager, such as su or a container */
    snprintf(own, sizeof(own), "/tmp/firecurtain-%u", geteuid());
    return strdup(own);
}

char *runtime_find_state(void)
{
    const char *given = runtime_env("STATE_DIRECTORY");
    const char *xdg = runtime_env("XDG_STATE_HOME");
    const char *home = runtime_env("HOME");
    const struct passwd *account;

    if (given)
        return runtime_first_folder(given);
    if (xdg)
        return runtime_join(xdg, "/firecurtain");
    if (geteuid() == 0)
        return strdup("/var/lib/firecurtain");
    if (!home) {
        account = getpwuid(geteuid());
        home = account ? account->pw_dir : "/nonexistent";
    }
    return runtime_join(home, "/.local/state/firecurtain");
}

static int runtime_fail(int r, const char *what, const char *path)
{
    fc_log(FC_LOG_ERROR, NULL, "%s %s: %s", what, path ? path : "", strerror(-r));
    return r;
}

/* As root, refuses a folder that another user could exchange for another one. */
static int runtime_trust(const char *what, const char *path)
{
    struct folder_doubt doubt;
    int r = folder_trust_as_root(path, &doubt);

    if (r == -EPERM)
        fc_log(FC_LOG_ERROR, NULL, "%s %s: refused when running as root: %s", what, path, doubt.text);
    return r == -EPERM ? r : 0; /* what else is wrong with it shows when it is made */
}

/* Makes the state folder; as root, workers without namespaces pass through it under another uid. */
static int runtime_make_state_folder(const struct runtime *runtime, const char *path)
{
    int r = folder_make(path, 0700);

    return r == 0 && runtime->is_root && chmod(path, 0711) < 0 ? -errno : r;
}

/* Resolves its links, so that later only the text of a path need be compared with it. */
static int runtime_open_state(struct runtime *runtime)
{
    char *path = realpath(runtime->state_folder, NULL);

    if (!path)
        return -errno;
    free(runtime->state_folder);
    runtime->state_folder = path;
    return 0;
}

static int runtime_take_lock(struct runtime *runtime)
{
    runtime->lock_fd = lock_take(runtime->runtime_folder);
    if (runtime->lock_fd < 0 && runtime->lock_fd != -EADDRINUSE)
        runtime_fail(runtime->lock_fd, "lock in the runtime folder", runtime->runtime_folder);
    return runtime->lock_fd < 0 ? runtime->lock_fd : 0;
}

static int runtime_use_folder(struct runtime *runtime)
{
    static const char what[] = "runtime folder (choose another one with --runtime-dir)";
    int r = runtime_trust(what, runtime->runtime_folder);

    if (r < 0)
        return r;
    r = folder_make_private(runtime->runtime_folder);
    return r < 0 ? runtime_fail(r, what, runtime->runtime_folder) : runtime_take_lock(runtime);
}

static int runtime_use_state(struct runtime *runtime)
{
    static const char what[] = "state folder (set XDG_STATE_HOME to another one)";
    int r = runtime_trust(what, runtime->state_folder);

    if (r < 0)
        return r;
    r = runtime_make_state_folder(runtime, runtime->state_folder);
    if (r < 0)
        return runtime_fail(r, what, runtime->state_folder);
    r = runtime_open_state(runtime);
    if (r < 0)
        return runtime_fail(r, "state folder", runtime->state_folder);
    r = identity_open(runtime->state_folder, runtime->identity);
    return r < 0 ? runtime_fail(r, "identity for the state folder", runtime->state_folder) : 0;
}

static int runtime_folders(struct runtime *runtime)
{
    int r = 0;

    if (!runtime->runtime_folder)
        runtime->runtime_folder = runtime_find_folder();
    if (!runtime->state_folder)
        runtime->state_folder = runtime_find_state();
    if (!runtime->runtime_folder || !runtime->state_folder)
        return -ENOMEM;
    /* a command that only looks leaves the folder to the broker that it may belong to */
    if (runtime->is_service)
        r = runtime_use_folder(runtime);
    if (r == 0)
        r = runtime_use_state(runtime);
    if (r == 0 && runtime->is_service)
        runtime->control_fd = control_socket_listen(runtime->runtime_folder, runtime->is_root);
    return r;
}

/* Raises the limit of descriptors, of which each worker takes about eight. */
static void runtime_raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int runtime_start_keeper(struct runtime *runtime, const struct path_set *shown, struct users *users)
{
    FC_AUTO_FREE struct keeper_account *accounts = calloc(runtime->n_accounts, sizeof(*accounts));
    struct keeper_spec spec = {
        .accounts = accounts,
        .n_accounts = runtime->n_accounts,
        .worker_path = runtime->worker_path,
        .desk_path = runtime->desk_path,
        .runtime_folder = runtime->runtime_folder,
        .control_fd = runtime->control_fd,
        .run_gate = gate_serve,
        .is_root = runtime->is_root,
        .no_sandbox = runtime->no_sandbox,
        .cgroups = runtime->cgroups,
    };
    int r;

    if (!accounts)
        return -ENOMEM;
    for (unsigned i = 0; i < runtime->n_accounts; i++) {
        const struct runtime_account *account = &runtime->accounts[i];
        const struct path_set *seen = i ? &users->list[i - 1].folders : shown;

        accounts[i] = (struct keeper_account){
            .paths = {.state_root = runtime->state_folder,
                      .state_show = account->state_show,
                      .shown = (const char *const *)seen->paths,
                      .n_shown = seen->n},
            .uid = account->uid,
            .gid = account->gid,
        };
    }
    program_find(PROGRAM_WORKER, runtime->worker_path, sizeof(runtime->worker_path));
    program_find(PROGRAM_DESK, runtime->desk_path, sizeof(runtime->desk_path));
    fc_take_short_turns(0); /* its children, too: an event wakes four threads one after the other */
    r = keeper_new(&runtime->keeper, &spec);
    if (r == 0 && users)
        users->keeper = runtime->keeper;
    return r;
}

static int runtime_run_gate(void *userdata, unsigned account, int socket, int flight)
{
    const struct runtime *runtime = userdata;

    return keeper_start_gate(runtime->keeper, account, socket, flight);
}

static int runtime_start_gate(struct runtime *runtime, unsigned account)
{
    const struct gate_client_spec spec = {
        .loop = runtime->loop,
        .account = account,
        .start = runtime_run_gate,
        .userdata = runtime,
    };

    return gate_client_new(&runtime->accounts[account].gate, &spec);
}

/* Makes what each account has of its own. */
static int runtime_start_accounts(struct runtime *runtime)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < runtime->n_accounts; i++) {
        r = runtime_start_gate(runtime, i);
        if (r == 0)
            r = spawner_new(&runtime->accounts[i].spawner, runtime, i);
    }
    return r;
}

static int runtime_make_cgroups(struct runtime *runtime)
{
    int r = cgroups_new(&runtime->cgroups, runtime->accounts[0].uid, runtime->accounts[0].gid);

    for (unsigned i = 1; r == 0 && i < runtime->n_accounts; i++)
        r = cgroups_add(runtime->cgroups, runtime->accounts[i].uid, runtime->accounts[i].gid);
    if (r == 0)
        fc_log(FC_LOG_DEBUG, NULL, "cgroup: %s", cgroups_describe(runtime->cgroups));
    return r;
}

/* Notices the keeper's end: it sends nothing unasked. */
static void runtime_keeper_ready(void *userdata, uint32_t events)
{
    (void)userdata;
    (void)events;
    keeper_lost();
}

int runtime_init(struct runtime *runtime, const struct path_set *shown, struct users *users)
{
    int r;

    umask(077);
    runtime_raise_descriptors();
    r = runtime_accounts_init(runtime, users);
    if (r == 0)
        r = runtime_folders(runtime);
    if (r < 0)
        return r;
    r = runtime_make_cgroups(runtime);
    if (r == 0)
        r = runtime_start_keeper(runtime, shown, users);
    if (r == 0)
        r = loop_new(&runtime->loop);
    if (r == 0)
        log_set_loop(runtime->loop);
    if (r == 0)
        r = loop_add(runtime->loop, &runtime->keeper_source, keeper_fd(runtime->keeper), EPOLLIN,
                     "the keeper", runtime_keeper_ready, runtime);
    if (r == 0)
        r = codec_new(&runtime->codec);
    if (r == 0)
        r = link_buffers_new(&runtime->link_buffers);
    if (r == 0)
        r = file_monitor_new(&runtime->files, runtime->loop, runtime->keeper);
    if (r == 0)
        r = counter_client_new(&runtime->counter, runtime->loop, runtime->keeper);
    if (r == 0)
        r = start_queue_new(&runtime->starts, runtime->loop);
    if (r == 0)
        r = reaper_new(&runtime->reaper, runtime->loop, runtime->keeper);
    if (r == 0)
        r = lookup_service_new(&runtime->lookups, runtime->loop, keeper_lookup, runtime->keeper,
                               runtime->n_accounts);
    if (r < 0)
        return runtime_fail(r, "start", NULL);
    return runtime_start_accounts(runtime);
}

int runtime_confine(const struct runtime *runtime, const struct path_set *readable)
{
    struct confine_spec spec = {
        .readable = (const char *const *)readable->paths,
        .n_readable = readable->n,
        .uid = runtime->accounts[0].uid,
        .gid = runtime->accounts[0].gid,
        .has_users = runtime->n_accounts > 1,
        .is_root = runtime->is_root,
    };

    return confine_broker(&spec);
}

void runtime_deinit(struct runtime *runtime)
{
    for (unsigned i = 0; i < runtime->n_accounts; i++)
        runtime->accounts[i].spawner = spawner_free(runtime->accounts[i].spawner);
    for (unsigned i = 0; i < runtime->n_accounts; i++)
        runtime->accounts[i].gate = gate_client_free(runtime->accounts[i].gate);
    runtime->reaper = reaper_free(runtime->reaper);
    runtime->counter = counter_client_free(runtime->counter);
    runtime->files = file_monitor_free(runtime->files);
    runtime->starts = start_queue_free(runtime->starts);
    runtime->lookups = lookup_service_free(runtime->lookups);
    runtime->codec = codec_free(runtime->codec);
    runtime->link_buffers = link_buffers_free(runtime->link_buffers);
    loop_remove(runtime->keeper_source);
    runtime->notify = notify_free(runtime->notify);
    log_set_loop(NULL);
    runtime->loop = loop_free(runtime->loop);
    for (unsigned i = 0; i < runtime->n_accounts; i++)
        fc_closep(&runtime->accounts[i].mark_fd);
    runtime->cgroups = cgroups_free(runtime->cgroups);
    if (runtime->keeper)
        keeper_free(runtime->keeper);
    free(runtime->accounts);
    fc_closep(&runtime->control_fd); /* if no server has taken it */
    fc_closep(&runtime->console_fd);
    fc_closep(&runtime->lock_fd); /* last: nothing of ours is left in the folder */
    free(runtime->runtime_folder);
    free(runtime->state_folder);
    *runtime = (struct runtime)RUNTIME_NONE;
}

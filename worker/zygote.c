/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forks workers and spares. CLONE_PARENT makes a worker the broker's own child, so the broker learns its exit
 * status; exit_signal must be 0 with it (clone(2)).
 */
#include "worker/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"
#include "proto/kernel.h"
#include "proto/spawn_paths.h"
#include "worker/base/interpreter.h"
#include "worker/base/say.h"
#include "worker/sandbox/namespaces.h"
#include "worker/sandbox/sandbox.h"
#include "worker/worker.h"

#define SPARE_DELAY_MS 5   /* after a request: the new worker needs the processor first */
#define SPARE_FIRST_MS 500 /* after the zygote's start: so do all workers of a show that starts */

int zygote_may_confine(void)
{
    struct sandbox sandbox = {.namespaces = true};
    pid_t pid = kernel_fork(sandbox_namespaces(&sandbox), SIGCHLD, -1);
    int status = 0;

    if (pid == 0) /* some kernels make the namespace but allow nothing in it */
        _exit(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? errno : 0);
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return -errno;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

/* Properties of the zygote that its children need. */
struct zygote {
    int refused;
    pid_t keeper;
    uid_t uid;
    gid_t gid;
    uint64_t begun_ns;
};

/* Does what every new process needs first. */
static void zygote_begin(const struct zygote *zygote, const struct sandbox *sandbox)
{
    PyOS_AfterFork_Child();
    prctl(PR_SET_DUMPABLE, 1); /* to write its maps of ids; its sockets are its own already */
    /*
     * The keeper takes descriptors out of it for the broker. Yama allows that only to ancestors, or with
     * capabilities in the namespace.
     */
    if (!sandbox->namespaces || sandbox->none)
        prctl(PR_SET_PTRACER, (unsigned long)zygote->keeper, 0, 0, 0);
}

/*
 * A spare: forked when there is time, with its own namespaces and the layers of the sandbox that are the same
 * for all workers. It waits for the request that makes it a worker, and knows no more than the zygote.
 */
struct spare {
    pid_t pid;
    int socket;
};

struct spares {
    struct spare list[SPAWN_SPARES]; /* oldest first, on which the broker relies */
    unsigned n;
    bool is_wanted; /* the last request was one that a spare can serve */
    bool has_trees; /* whether it came with trees; all spares are made for requests like it */
};

/* Tells whether a spare can serve the request: it has the usual namespaces and the zygote's cgroup. */
static bool spare_can_be(const struct spawn_request *request)
{
    return request->network == SPAWN_NETWORK_NONE &&
           !(request->flags & (SPAWN_PROBE | SPAWN_NO_SANDBOX | SPAWN_IN_CGROUP));
}

/* Moves the old root to where worker_run() expects it, below all descriptors that will be received. */
static void spare_place_root(struct sandbox *sandbox)
{
    if (sandbox->old_root < 0)
        return;
    if (dup3(sandbox->old_root, SPAWN_FD, O_CLOEXEC) < 0)
        _exit(SPAWN_EXIT_SANDBOX);
    close(sandbox->old_root);
    sandbox->old_root = SPAWN_FD;
}

static _Noreturn void spare_wait(const struct zygote *zygote, struct sandbox *sandbox, bool has_trees,
                                 int socket)
{
    struct worker_birth birth = {.uid = zygote->uid, .gid = zygote->gid, .refused = zygote->refused};
    int descriptors[SPAWN_DESCRIPTORS_];
    struct spawn_request request;
    struct sandbox_error error;

    zygote_begin(zygote, sandbox);
    prctl(PR_SET_NAME, "fc-spare");
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* its parent is the broker */
    if (sandbox->namespaces) {
        if (sandbox_prepare(sandbox, has_trees, &error) < 0)
            worker_fail(&error);
        spare_place_root(sandbox);
        birth.prepared = sandbox;
    }
    interpreter_rehearse(1);
    if (spawn_receive_request(socket, &request, descriptors) < 0)
        _exit(0);
    close(socket);
    worker_run(&request, descriptors, &birth);
}

/*
 * Closes the zygote's sockets in a new process, or other spares would not notice the end of the zygote, and
 * whoever can take descriptors from the process would have the zygote's voice.
 */
static void zygote_sockets_close(const struct spares *spares)
{
    close(SPAWN_FD);
    for (unsigned i = 0; i < spares->n; i++)
        close(spares->list[i].socket);
}

static pid_t zygote_spawn(const struct zygote *zygote, const struct spares *spares,
                          const struct spawn_request *request, int descriptors[SPAWN_DESCRIPTORS_])
{
    struct sandbox sandbox = {.namespaces = zygote->refused == 0,
                              .none = request->flags & SPAWN_NO_SANDBOX,
                              .host_network = request->network == SPAWN_NETWORK_HOST};
    int error;
    pid_t pid;

    PyOS_BeforeFork();
    pid = kernel_fork(CLONE_PARENT | sandbox_namespaces(&sandbox), 0, descriptors[SPAWN_CGROUP]);
    error = errno;
    if (pid == 0) {
        zygote_sockets_close(spares);
        zygote_begin(zygote, &sandbox);
        fc_closep(&descriptors[SPAWN_CGROUP]);
        descriptors[SPAWN_CGROUP] = -1;
        worker_run(request, descriptors,
                   &(struct worker_birth){.uid = zygote->uid,
                                          .gid = zygote->gid,
                                          .refused = zygote->refused});
    }
    PyOS_AfterFork_Parent();
    return pid < 0 ? -error : pid;
}

static int spares_make_one(const struct zygote *zygote, struct spares *spares)
{
    struct sandbox sandbox = {.namespaces = zygote->refused == 0,
                              .outer_uid = zygote->uid,
                              .outer_gid = zygote->gid,
                              .old_root = -1};
    struct spawn_reply told = {.is_spare = true};
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    PyOS_BeforeFork();
    told.pid = kernel_fork(CLONE_PARENT | sandbox_namespaces(&sandbox), 0, -1);
    if (told.pid == 0) {
        close(pair[0]);
        zygote_sockets_close(spares);
        spare_wait(zygote, &sandbox, spares->has_trees, pair[1]);
    }
    PyOS_AfterFork_Parent();
    close(pair[1]);
    if (told.pid < 0 || spawn_send_reply(SPAWN_FD, &told) < 0) {
        close(pair[0]); /* which ends the spare, if there is one */
        return -EAGAIN;
    }
    spares->list[spares->n++] = (struct spare){.pid = told.pid, .socket = pair[0]};
    return 0;
}

/* Hands the request to the oldest spare that takes it. Returns its pid, or 0 if there is none. */
static pid_t spares_use(struct spares *spares, const struct spawn_request *request, const int *descriptors)
{
    pid_t pid = 0;

    while (!pid && spares->n && spare_can_be(request) && request->has_trees == spares->has_trees) {
        struct spare spare = spares->list[0];

        memmove(&spares->list[0], &spares->list[1], --spares->n * sizeof(spare));
        if (spawn_send_request(spare.socket, request, descriptors) == 0)
            pid = spare.pid;
        close(spare.socket);
    }
    return pid;
}

/* Prepares for more requests like this one: ends spares that could not serve them. */
static void spares_expect(struct spares *spares, const struct spawn_request *request)
{
    spares->is_wanted = spare_can_be(request);
    if (!spares->is_wanted || spares->has_trees == (bool)request->has_trees)
        return;
    while (spares->n)
        close(spares->list[--spares->n].socket);
    spares->has_trees = request->has_trees;
}

/* Returns how long to leave the processor to workers that were asked for, in milliseconds. */
static int spares_delay(const struct zygote *zygote)
{
    uint64_t age_ms = (fc_now_ns() - zygote->begun_ns) / FC_NS_PER_MS;

    return age_ms + SPARE_DELAY_MS < SPARE_FIRST_MS ? SPARE_FIRST_MS - (int)age_ms : SPARE_DELAY_MS;
}

/* Makes spares until the next request arrives. */
static void spares_prepare(const struct zygote *zygote, struct spares *spares)
{
    struct pollfd ready = {.fd = SPAWN_FD, .events = POLLIN};

    while (spares->is_wanted && spares->n < SPAWN_SPARES && poll(&ready, 1, spares_delay(zygote)) == 0) {
        if (spares_make_one(zygote, spares) < 0)
            return;
    }
}

int zygote_run(int refused, const struct spawn_paths *paths, pid_t keeper)
{
    struct zygote zygote = {
        .refused = refused, .keeper = keeper, .uid = geteuid(), .gid = getegid(), .begun_ns = fc_now_ns()};
    struct spares spares = {.n = 0};

    prctl(PR_SET_NAME, "fc-zygote");
    if (refused)
        say(SAY_WARNING
            "this kernel refuses unprivileged user namespaces; only Landlock, the system call filter and the "
            "limits hold (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces; in a service "
            "RestrictNamespaces=; in a container its seccomp profile)");
    for (;;) {
        struct spawn_request request;
        struct spawn_reply reply = {.pid = -EACCES, .in_namespaces = !refused};
        int descriptors[SPAWN_DESCRIPTORS_];
        int r;

        spares_prepare(&zygote, &spares);
        r = spawn_receive_request(SPAWN_FD, &request, descriptors);
        if (r == -EPIPE)
            return 0;
        if (r < 0) {
            say(SAY_ERROR "zygote: receive: %s", strerror(-r));
            return 1;
        }
        if (spawn_paths_allow(paths, &request)) {
            reply.pid = spares_use(&spares, &request, descriptors);
            if (!reply.pid)
                reply.pid = zygote_spawn(&zygote, &spares, &request, descriptors);
            spares_expect(&spares, &request);
        }
        for (int i = 0; i < SPAWN_DESCRIPTORS_; i++)
            fc_closep(&descriptors[i]);
        if (spawn_send_reply(SPAWN_FD, &reply) < 0)
            return 0; /* the broker is gone, and the worker ends with it */
        /* the next process must not see the options of this instance */
        explicit_bzero(&request, sizeof(request));
    }
}

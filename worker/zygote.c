/*
 * See zygote.h. CLONE_PARENT makes a worker the broker's own child, so that the broker learns its exit
 * status; exit_signal must be 0 with it (clone(2)).
 */
#include "worker/zygote.h"

#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "proto/spawn_paths.h"
#include "worker/interpreter.h"
#include "worker/sandbox.h"
#include "worker/say.h"
#include "worker/worker.h"

#define SPARE_DELAY_MS 5 /* after a request: the worker that begins needs the processor more */

/* `cgroup` is the folder of the group that the process is to be born in, or -1. */
static pid_t zygote_clone(uint64_t flags, int exit_signal, int cgroup)
{
    struct clone_args args = {.flags = flags, .exit_signal = (unsigned)exit_signal};

    if (cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (unsigned)cgroup;
    }

    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

int zygote_may_confine(void)
{
    struct sandbox sandbox = {.namespaces = true};
    pid_t pid = zygote_clone(sandbox_namespaces(&sandbox), SIGCHLD, -1);
    int status = 0;

    if (pid == 0) /* some kernels make the namespace, and then allow nothing in it */
        _exit(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? errno : 0);
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return -errno;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

/* Who a zygote is, as its children need it. */
struct zygote {
    int refused;
    pid_t keeper;
    uid_t uid;
    gid_t gid;
};

/* In a new process. */
static void zygote_begin(const struct zygote *zygote, const struct sandbox *sandbox)
{
    PyOS_AfterFork_Child();
    /* it takes descriptors for the broker; Yama would let only ancestors, and rights over a namespace */
    if (!sandbox->namespaces || sandbox->none)
        prctl(PR_SET_PTRACER, (unsigned long)zygote->keeper, 0, 0, 0);
}

static pid_t zygote_spawn(const struct zygote *zygote, const struct spawn_request *request,
                          int descriptors[SPAWN_DESCRIPTORS_])
{
    struct sandbox sandbox = {.namespaces = zygote->refused == 0,
                              .none = request->flags & SPAWN_NO_SANDBOX,
                              .host_network = request->network == SPAWN_NETWORK_HOST};
    int error;
    pid_t pid;

    PyOS_BeforeFork();
    pid = zygote_clone(CLONE_PARENT | sandbox_namespaces(&sandbox), 0, descriptors[SPAWN_CGROUP]);
    error = errno;
    if (pid == 0) {
        zygote_begin(zygote, &sandbox);
        fc_closep(&descriptors[SPAWN_CGROUP]);
        descriptors[SPAWN_CGROUP] = -1;
        worker_run(request, descriptors, zygote->uid, zygote->gid, zygote->refused);
    }
    PyOS_AfterFork_Parent();
    return pid < 0 ? -error : pid;
}

/*
 * The spare: forked when there is time, with namespaces of its own, and waiting for the request that makes a
 * worker of it. It knows no more than the zygote does.
 */
struct spare {
    pid_t pid; /* 0: there is none */
    int socket;
};

/* What a spare can become: its namespaces are those of most workers, and its cgroup is the zygote's. */
static bool spare_fits(const struct spawn_request *request)
{
    return request->network == SPAWN_NETWORK_NONE &&
           !(request->flags & (SPAWN_PROBE | SPAWN_NO_SANDBOX | SPAWN_IN_CGROUP));
}

static _Noreturn void spare_wait(const struct zygote *zygote, const struct sandbox *sandbox, int socket)
{
    struct spawn_request request;
    int descriptors[SPAWN_DESCRIPTORS_];

    close(SPAWN_FD); /* that the zygote has gone must be seen */
    zygote_begin(zygote, sandbox);
    prctl(PR_SET_NAME, "fc-spare");
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* its parent is the broker */
    interpreter_rehearse(1);
    if (spawn_receive_request(socket, &request, descriptors) < 0)
        _exit(0);
    close(socket);
    worker_run(&request, descriptors, zygote->uid, zygote->gid, zygote->refused);
}

static void spare_drop(struct spare *spare)
{
    fc_closep(&spare->socket);
    *spare = (struct spare){.socket = -1};
}

static void spare_make(const struct zygote *zygote, struct spare *spare)
{
    struct sandbox sandbox = {.namespaces = zygote->refused == 0};
    struct spawn_reply told = {.is_spare = true};
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return;
    PyOS_BeforeFork();
    told.pid = zygote_clone(CLONE_PARENT | sandbox_namespaces(&sandbox), 0, -1);
    if (told.pid == 0) {
        close(pair[0]);
        spare_wait(zygote, &sandbox, pair[1]);
    }
    PyOS_AfterFork_Parent();
    close(pair[1]);
    *spare = (struct spare){.pid = told.pid, .socket = pair[0]};
    if (told.pid < 0 || spawn_send_reply(SPAWN_FD, &told) < 0)
        spare_drop(spare); /* and it ends */
}

/* The spare's pid if it could be given the request, else 0. */
static pid_t spare_use(struct spare *spare, const struct spawn_request *request, const int *descriptors)
{
    pid_t pid = 0;

    if (spare->pid && spare_fits(request)) {
        if (spawn_send_request(spare->socket, request, descriptors) == 0)
            pid = spare->pid;
        spare_drop(spare);
    }
    return pid;
}

/* Makes a spare if nothing is asked for just now, and the last worker was one that could have been. */
static void spare_prepare(const struct zygote *zygote, struct spare *spare, bool is_wanted)
{
    struct pollfd ready = {.fd = SPAWN_FD, .events = POLLIN};

    if (is_wanted && !spare->pid && poll(&ready, 1, SPARE_DELAY_MS) == 0)
        spare_make(zygote, spare);
}

int zygote_run(int refused, const struct spawn_paths *paths, pid_t keeper)
{
    struct zygote zygote = {.refused = refused, .keeper = keeper, .uid = geteuid(), .gid = getegid()};
    struct spare spare = {.socket = -1};
    bool wants_spare = false;

    prctl(PR_SET_NAME, "fc-zygote");
    if (refused)
        say(SAY_WARNING
            "this kernel refuses unprivileged user namespaces: without them only Landlock, the system call "
            "filter and limits hold (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces)");
    for (;;) {
        struct spawn_request request;
        struct spawn_reply reply = {.pid = -EACCES, .in_namespaces = !refused};
        int descriptors[SPAWN_DESCRIPTORS_];
        int r;

        spare_prepare(&zygote, &spare, wants_spare);
        r = spawn_receive_request(SPAWN_FD, &request, descriptors);
        if (r == -EPIPE)
            return 0;
        if (r < 0) {
            say(SAY_ERROR "zygote: receive: %s", strerror(-r));
            return 1;
        }
        if (spawn_paths_allow(paths, &request)) {
            reply.pid = spare_use(&spare, &request, descriptors);
            if (!reply.pid)
                reply.pid = zygote_spawn(&zygote, &request, descriptors);
            wants_spare = spare_fits(&request);
        }
        for (int i = 0; i < SPAWN_DESCRIPTORS_; i++)
            fc_closep(&descriptors[i]);
        if (spawn_send_reply(SPAWN_FD, &reply) < 0)
            return 0; /* the broker has gone, and the worker goes with it */
    }
}

/*
 * See zygote.h. CLONE_PARENT makes a worker the broker's own child, so that the broker learns its exit
 * status; exit_signal must be 0 with it (clone(2)).
 */
#include "worker/zygote.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "proto/spawn_paths.h"
#include "worker/interpreter.h"
#include "worker/sandbox.h"
#include "worker/say.h"
#include "worker/worker.h"

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

static int zygote_spawn(const struct spawn_request *request, int descriptors[SPAWN_DESCRIPTORS_], int refused,
                        pid_t keeper)
{
    struct sandbox sandbox = {.namespaces = refused == 0,
                              .none = request->flags & SPAWN_NO_SANDBOX,
                              .host_network = request->network == SPAWN_NETWORK_HOST};
    uid_t uid = geteuid();
    gid_t gid = getegid();
    int error;
    pid_t pid;

    PyOS_BeforeFork();
    pid = zygote_clone(CLONE_PARENT | sandbox_namespaces(&sandbox), 0, descriptors[SPAWN_CGROUP]);
    error = errno;
    if (pid == 0) {
        PyOS_AfterFork_Child();
        /* it takes descriptors for the broker; Yama would let only ancestors, and rights over a namespace */
        if (!sandbox.namespaces || sandbox.none)
            prctl(PR_SET_PTRACER, (unsigned long)keeper, 0, 0, 0);
        fc_closep(&descriptors[SPAWN_CGROUP]);
        descriptors[SPAWN_CGROUP] = -1;
        worker_run(request, descriptors, uid, gid, refused);
    }
    PyOS_AfterFork_Parent();
    return pid < 0 ? -error : pid;
}

int zygote_run(int refused, const struct spawn_paths *paths, pid_t keeper)
{
    prctl(PR_SET_NAME, "fc-zygote");
    if (refused)
        say(SAY_WARNING
            "this kernel refuses unprivileged user namespaces: without them only Landlock, the system call "
            "filter and limits hold (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces)");
    for (;;) {
        struct spawn_request request;
        struct spawn_reply reply = {.in_namespaces = !refused};
        int descriptors[SPAWN_DESCRIPTORS_];
        int r = spawn_receive_request(SPAWN_FD, &request, descriptors);

        if (r == -EPIPE)
            return 0;
        if (r < 0) {
            say(SAY_ERROR "zygote: receive: %s", strerror(-r));
            return 1;
        }
        reply.pid = spawn_paths_allow(paths, &request) ? zygote_spawn(&request, descriptors, refused, keeper)
                                                       : -EACCES;
        for (int i = 0; i < SPAWN_DESCRIPTORS_; i++)
            fc_closep(&descriptors[i]);
        if (spawn_send_reply(SPAWN_FD, &reply) < 0)
            return 0; /* the broker has gone, and the worker goes with it */
    }
}

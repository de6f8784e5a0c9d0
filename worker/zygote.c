/*
 * See zygote.h. CLONE_PARENT makes a worker the broker's own child, so that the broker learns its exit
 * status; exit_signal must be 0 with it (clone(2)).
 */
#include "worker/zygote.h"

#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "worker/interpreter.h"
#include "worker/sandbox.h"
#include "worker/say.h"
#include "worker/worker.h"

static pid_t zygote_clone(uint64_t namespaces)
{
    struct clone_args args = {.flags = CLONE_PARENT | namespaces};

    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static int zygote_spawn(const struct spawn_request *request, int descriptors[SPAWN_DESCRIPTORS_])
{
    struct sandbox sandbox = {.host_network = request->network == SPAWN_NETWORK_HOST};
    uid_t uid = geteuid();
    gid_t gid = getegid();
    int error;
    pid_t pid;

    PyOS_BeforeFork();
    pid = zygote_clone(sandbox_namespaces(&sandbox));
    error = errno;
    if (pid == 0) {
        PyOS_AfterFork_Child();
        worker_run(request, descriptors, uid, gid);
    }
    PyOS_AfterFork_Parent();
    return pid < 0 ? -error : pid;
}

int zygote_run(void)
{
    prctl(PR_SET_NAME, "fc-zygote");
    for (;;) {
        struct spawn_request request;
        struct spawn_reply reply;
        int descriptors[SPAWN_DESCRIPTORS_];
        int r = spawn_receive_request(SPAWN_FD, &request, descriptors);

        if (r == -EPIPE)
            return 0;
        if (r < 0) {
            say(SAY_ERROR "zygote: receive: %s", strerror(-r));
            return 1;
        }
        reply.pid = zygote_spawn(&request, descriptors);
        for (int i = 0; i < SPAWN_DESCRIPTORS_; i++)
            fc_closep(&descriptors[i]);
        if (spawn_send_reply(SPAWN_FD, &reply) < 0)
            return 0; /* the broker has gone, and the worker goes with it */
    }
}

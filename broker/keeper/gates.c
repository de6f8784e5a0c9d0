/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts gates; runs in the keeper, and in the new process until that has its own code to run. A gate is a
 * child of the keeper: Yama lets it take descriptors of workers since the keeper may, and the broker cannot
 * ask the keeper for what belongs to a gate.
 */
#include "broker/keeper/gates.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/base/runtime.h"
#include "broker/os/autogroup.h"
#include "broker/os/confine.h"
#include "proto/kernel.h"

#define GATES_SOCKET (STDERR_FILENO + 1) /* numbers of descriptors in a gate */
#define GATES_FLIGHT (STDERR_FILENO + 2)

static pid_t gates[RUNTIME_MAX_ACCOUNTS]; /* 0: none */

static void gates_end_one(unsigned account)
{
    if (!gates[account])
        return;
    kill(gates[account], SIGKILL);
    waitpid(gates[account], NULL, 0); /* at once: it was killed, and it is small */
    gates[account] = 0;
}

void gates_end(void)
{
    for (unsigned i = 0; i < RUNTIME_MAX_ACCOUNTS; i++)
        gates_end_one(i);
}

/* Runs in the new process: keeps the log and the two descriptors, and nothing else that the keeper has. */
static _Noreturn void gates_run(const struct keeper_call *call, pid_t keeper)
{
    const struct keeper_account *account = keeper_account_of(call);
    const struct confine_spec confine = {
        .uid = account->uid,
        .gid = account->gid,
        .is_root = call->spec->is_root,
    };
    /* above the numbers that are used, lest one overwrite another */
    int socket = fcntl(call->descriptors[0], F_DUPFD_CLOEXEC, GATES_FLIGHT + 1);
    int flight = fcntl(call->descriptors[1], F_DUPFD_CLOEXEC, GATES_FLIGHT + 1);

    prctl(PR_SET_NAME, "fc-gate");
    autogroup_begin(call->request->account > 0 && call->spec->is_root);
    if (socket < 0 || flight < 0 || dup3(socket, GATES_SOCKET, O_CLOEXEC) < 0 ||
        dup3(flight, GATES_FLIGHT, O_CLOEXEC) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
        getppid() != keeper)
        _exit(1);
    kernel_close_from(GATES_FLIGHT + 1);
    call->spec->run_gate(GATES_SOCKET, GATES_FLIGHT, &confine);
    _exit(1);
}

int keeper_do_start_gate(struct keeper_call *call)
{
    unsigned account = call->request->account;
    pid_t keeper = getpid(), pid;

    if (!call->spec->run_gate)
        return -EOPNOTSUPP;
    if (call->descriptors[0] < 0 || call->descriptors[1] < 0)
        return -EBADF;
    gates_end_one(account);
    pid = fork();
    if (pid == 0)
        gates_run(call, keeper);
    if (pid < 0)
        return -errno;
    gates[account] = pid;
    return 0;
}

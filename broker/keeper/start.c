/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts the worker program as a zygote; runs in the keeper, and in the new process until it executes that
 * program. CLONE_PARENT makes the zygote the broker's own child, and the workers that the zygote makes in the
 * same way, too.
 */
#include "broker/keeper/start.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker/os/autogroup.h"
#include "firecurtain/cleanup.h"

#define START_NAME "firecurtain-worker"

/* Returns the arguments that worker/main.c expects: UID GID KEEPER STATE-ROOT STATE-SHOW SHOWN… */
static char **start_arguments(const struct keeper_account *account, char numbers[3][16])
{
    const struct spawn_paths *paths = &account->paths;
    char **argv = calloc(paths->n_shown + 7, sizeof(*argv));
    size_t n = 0;

    if (!argv)
        return NULL;
    snprintf(numbers[0], 16, "%u", account->uid);
    snprintf(numbers[1], 16, "%u", account->gid);
    snprintf(numbers[2], 16, "%d", getpid());
    argv[n++] = (char *)START_NAME;
    for (size_t i = 0; i < 3; i++)
        argv[n++] = numbers[i];
    argv[n++] = (char *)paths->state_root;
    argv[n++] = (char *)(paths->state_show ? paths->state_show : "");
    for (size_t i = 0; i < paths->n_shown; i++)
        argv[n++] = (char *)paths->shown[i];
    return argv;
}

/* Runs in the new process: leaves next to no environment, and no descriptor but the socket and the log. */
static _Noreturn void start_exec(const struct keeper_spec *spec, char **argv, int socket, int log, int status)
{
    /* libraries bind their functions now, not once in each worker; and the filter knows no rseq() */
    char *environment[] = {(char *)"LD_BIND_NOW=1", (char *)"GLIBC_TUNABLES=glibc.pthread.rseq=0", NULL};
    sigset_t none;
    int error;

    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* above the numbers that are used, lest one overwrite another */
    socket = fcntl(socket, F_DUPFD_CLOEXEC, SPAWN_FD + 2);
    log = fcntl(log, F_DUPFD_CLOEXEC, SPAWN_FD + 2);
    status = dup3(status, SPAWN_FD + 1, O_CLOEXEC);
    if (socket >= 0 && log >= 0 && status >= 0 && dup2(log, STDOUT_FILENO) >= 0 &&
        dup2(log, STDERR_FILENO) >= 0 && dup2(socket, SPAWN_FD) >= 0) {
        close_range(SPAWN_FD + 2, ~0U, 0);
        execve(spec->worker_path, argv, environment);
    }
    error = errno;
    if (write(status, &error, sizeof(error)) < 0)
        _exit(126);
    _exit(127);
}

int keeper_do_start(struct keeper_call *call)
{
    const struct keeper_spec *spec = call->spec;
    unsigned account = call->request->account;
    int32_t *pid = &call->reply->pid;
    struct clone_args args = {.flags = CLONE_PARENT};
    FC_AUTO_CLOSE int told = -1;
    char numbers[3][16];
    FC_AUTO_FREE char **argv = start_arguments(&spec->accounts[account], numbers);
    int ends[2], error = 0;

    if (!argv)
        return -ENOMEM;
    if (call->descriptors[0] < 0 || call->descriptors[1] < 0)
        return -EBADF;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    told = ends[0];
    *pid = (int32_t)syscall(SYS_clone3, &args, sizeof(args));
    if (*pid == 0) {
        /* also because the terminal's Ctrl-C is for the broker, which ends its workers in order */
        autogroup_begin(account > 0 && spec->is_root);
        start_exec(spec, argv, call->descriptors[0], call->descriptors[1], ends[1]);
    }
    error = *pid < 0 ? errno : 0;
    close(ends[1]);
    if (error)
        return -error;
    /* nothing is written if the program runs */
    if (read(told, &error, sizeof(error)) != sizeof(error))
        error = 0;
    if (!error)
        error = -cgroups_adopt_zygote(spec->cgroups, account, *pid);
    if (error)
        kill(*pid, SIGKILL);
    return -error;
}

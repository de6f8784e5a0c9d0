/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts the worker program as a zygote, the desk and drivers; runs in the keeper, and in the new process
 * until it executes that program. CLONE_PARENT makes all of them the broker's own children, and the workers
 * that a zygote makes in the same way, too.
 */
#include "broker/keeper/start.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/os/autogroup.h"
#include "broker/os/program.h"
#include "firecurtain/cleanup.h"
#include "proto/kernel.h"

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
    argv[n++] = (char *)PROGRAM_WORKER;
    for (size_t i = 0; i < 3; i++)
        argv[n++] = numbers[i];
    argv[n++] = (char *)paths->state_root;
    argv[n++] = (char *)(paths->state_show ? paths->state_show : "");
    for (size_t i = 0; i < paths->n_shown; i++)
        argv[n++] = (char *)paths->shown[i];
    return argv;
}

/* What is started, and as which process. */
struct start_spec {
    const char *path;
    char **argv;
    const int *descriptors; /* KEEPER_MAX_DESCRIPTORS: the socket, the log, and up to two more, else -1 */
    bool is_apart;          /* takes no processor time from the broker's session */
};

/* The number of the descriptor that tells how it went: behind those of the program. */
#define START_STATUS (SPAWN_FD + KEEPER_MAX_DESCRIPTORS - 1)

/* Puts the descriptors where the programs expect them; what tells how it went comes last. */
static int start_place(const struct start_spec *spec, int status)
{
    int moved[KEEPER_MAX_DESCRIPTORS];

    /* above the numbers that are used, lest one overwrite another */
    for (int i = 0; i < KEEPER_MAX_DESCRIPTORS; i++)
        moved[i] = fcntl(spec->descriptors[i], F_DUPFD_CLOEXEC, START_STATUS + 1);
    status = dup3(status, START_STATUS, O_CLOEXEC);
    if (moved[0] < 0 || moved[1] < 0 || status < 0 || dup2(moved[1], STDOUT_FILENO) < 0 ||
        dup2(moved[1], STDERR_FILENO) < 0 || dup2(moved[0], SPAWN_FD) < 0)
        return -1;
    for (int i = 2; i < KEEPER_MAX_DESCRIPTORS; i++) {
        if (moved[i] < 0)
            close(SPAWN_FD + i - 1);
        else if (dup2(moved[i], SPAWN_FD + i - 1) < 0)
            return -1;
    }
    kernel_close_from(START_STATUS + 1);
    return 0;
}

/* Runs in the new process: leaves next to no environment, and no descriptor but those and the log. */
static _Noreturn void start_exec(const struct start_spec *spec, int status)
{
    /* libraries bind their functions now, not once in each worker; and the filter knows no rseq() */
    char *environment[] = {(char *)"LD_BIND_NOW=1", (char *)"GLIBC_TUNABLES=glibc.pthread.rseq=0", NULL};
    sigset_t none;
    int error;

    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (start_place(spec, status) == 0) {
        execve(spec->path, spec->argv, environment);
        status = START_STATUS;
    }
    error = errno;
    if (write(status, &error, sizeof(error)) < 0)
        _exit(126);
    _exit(127);
}

/* Starts a program as a child of the broker. 0 or -errno; the pid is to be waited for in either case. */
static int start_program(const struct start_spec *spec, int32_t *pid)
{
    FC_AUTO_CLOSE int told = -1;
    int ends[2], error = 0;

    if (spec->descriptors[0] < 0 || spec->descriptors[1] < 0)
        return -EBADF;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    told = ends[0];
    *pid = kernel_fork(CLONE_PARENT, 0, -1);
    if (*pid == 0) {
        /* also because the terminal's Ctrl-C is for the broker, which ends its workers in order */
        autogroup_begin(spec->is_apart);
        start_exec(spec, ends[1]);
    }
    error = *pid < 0 ? errno : 0;
    close(ends[1]);
    if (error)
        return -error;
    /* nothing is written if the program runs */
    return read(told, &error, sizeof(error)) == sizeof(error) ? -error : 0;
}

int keeper_do_start(struct keeper_call *call)
{
    const struct keeper_spec *spec = call->spec;
    unsigned account = call->request->account;
    int32_t *pid = &call->reply->pid;
    char numbers[3][16];
    FC_AUTO_FREE char **argv = start_arguments(&spec->accounts[account], numbers);
    int r;

    if (!argv)
        return -ENOMEM;
    r = start_program(&(struct start_spec){.path = spec->worker_path,
                                           .argv = argv,
                                           .descriptors = call->descriptors,
                                           .is_apart = account > 0 && spec->is_root},
                      pid);
    if (r == 0)
        r = cgroups_adopt_zygote(spec->cgroups, account, *pid);
    if (r < 0 && *pid > 0)
        kill(*pid, SIGKILL);
    return r;
}

/* Starts a program that belongs to the house, with the account's numbers as its arguments. */
static int start_for_house(struct keeper_call *call, const char *path, const char *name, bool is_apart)
{
    const struct keeper_spec *spec = call->spec;
    char numbers[3][16];
    char *argv[] = {(char *)name, numbers[0], numbers[1], numbers[2], NULL};
    int r;

    snprintf(numbers[0], sizeof(numbers[0]), "%u", spec->accounts[0].uid);
    snprintf(numbers[1], sizeof(numbers[1]), "%u", spec->accounts[0].gid);
    snprintf(numbers[2], sizeof(numbers[2]), "%d", getpid());
    r = start_program(&(struct start_spec){.path = path,
                                           .argv = argv,
                                           .descriptors = call->descriptors,
                                           .is_apart = is_apart},
                      &call->reply->pid);
    if (r < 0 && call->reply->pid > 0)
        kill(call->reply->pid, SIGKILL);
    return r;
}

int keeper_do_start_desk(struct keeper_call *call)
{
    if (call->descriptors[2] < 0)
        return -EBADF;
    return start_for_house(call, call->spec->desk_path, PROGRAM_DESK, true); /* whoever looks on waits */
}

int keeper_do_start_driver(struct keeper_call *call)
{
    char path[PATH_MAX];
    const char *name;

    if (!keeper_is_name(call->request->text))
        return -EINVAL;
    name = program_find_driver(call->request->text, path, sizeof(path));
    return start_for_house(call, path, name, false);
}

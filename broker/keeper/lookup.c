/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks names up; runs in the keeper, and in a process of its own for each lookup: what name servers answer
 * comes from the network. That process can read the system's settings and libraries and nothing else, has a
 * limited time, and ends with its answer, or when the broker closes the pipe for it. The keeper waits for
 * none of them: it only counts them, since an account may have so many.
 */
#include "broker/keeper/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/base/runtime.h"
#include "broker/os/confine.h"
#include "broker/os/lookup.h"
#include "broker/os/lookup_answer.h"
#include "firecurtain/time.h"
#include "proto/kernel.h"

#define LOOKUP_PER_ACCOUNT (2 * LOOKUP_AT_ONCE)
#define LOOKUP_CPU_S       5

/* Changed with SIGCHLD blocked, whose handler changes them, too. */
static struct lookup_process {
    pid_t pid; /* 0: none */
    uint64_t began_ns;
} lookup_processes[RUNTIME_MAX_ACCOUNTS][LOOKUP_PER_ACCOUNT];

/* Waits for those that have ended. Those that had to end long ago, and do not, are killed. */
static void lookup_reap(void)
{
    uint64_t now_ns = fc_now_ns();

    for (size_t i = 0; i < RUNTIME_MAX_ACCOUNTS; i++) {
        for (size_t k = 0; k < LOOKUP_PER_ACCOUNT; k++) {
            struct lookup_process *process = &lookup_processes[i][k];

            if (!process->pid)
                continue;
            if (waitpid(process->pid, NULL, WNOHANG) != 0)
                process->pid = 0;
            else if (now_ns - process->began_ns > LOOKUP_OVERDUE_S * FC_NS_PER_S)
                kill(process->pid, SIGKILL);
        }
    }
}

static void lookup_child_ended(int signal)
{
    int error = errno;

    (void)signal;
    lookup_reap();
    errno = error;
}

static void lookup_block_reaping(bool is_blocked)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(is_blocked ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

void keeper_reap_lookups(void)
{
    struct sigaction action = {.sa_handler = lookup_child_ended, .sa_flags = SA_RESTART | SA_NOCLDSTOP};

    sigaction(SIGCHLD, &action, NULL);
}

void keeper_end_lookups(void)
{
    lookup_block_reaping(true);
    for (size_t i = 0; i < RUNTIME_MAX_ACCOUNTS; i++) {
        for (size_t k = 0; k < LOOKUP_PER_ACCOUNT; k++) {
            struct lookup_process *process = &lookup_processes[i][k];

            if (!process->pid)
                continue;
            kill(process->pid, SIGKILL);
            waitpid(process->pid, NULL, 0);
            process->pid = 0;
        }
    }
    lookup_block_reaping(false);
}

static int lookup_confine(const struct keeper_spec *spec)
{
    const struct keeper_account *house = &spec->accounts[0];

    if (spec->is_root && (setgroups(0, NULL) < 0 || setresgid(house->gid, house->gid, house->gid) < 0 ||
                          setresuid(house->uid, house->uid, house->uid) < 0))
        return -errno;
    return confine_lookup();
}

/* Lets this process end with its keeper, when nobody reads its answer any more, and when it takes too long.
 */
static int lookup_limit(int answer, pid_t keeper)
{
    static const int ending[] = {SIGIO, SIGALRM, SIGXCPU, SIGCHLD, SIGPIPE};
    const struct rlimit cpu = {.rlim_cur = LOOKUP_CPU_S, .rlim_max = LOOKUP_CPU_S};
    struct pollfd reader = {.fd = answer};
    sigset_t none;

    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        signal(ending[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != keeper || setrlimit(RLIMIT_CPU, &cpu) < 0 ||
        fcntl(answer, F_SETOWN, getpid()) < 0 || fcntl(answer, F_SETFL, O_ASYNC) < 0)
        return -EIO;
    alarm(LOOKUP_MAX_S);
    /* the reader may have gone before that was told */
    return poll(&reader, 1, 0) > 0 && (reader.revents & POLLERR) ? -EPIPE : 0;
}

static _Noreturn void lookup_run(int answer, const struct keeper_call *call, pid_t keeper)
{
    static struct lookup_answer found;
    const struct keeper_request *request = call->request;
    const struct addrinfo hints = {
        .ai_flags = request->hints[0],
        .ai_family = request->hints[1],
        .ai_socktype = request->hints[2],
        .ai_protocol = request->hints[3],
    };
    struct addrinfo *list = NULL;
    size_t bytes;

    /* this process needs neither the broker's requests nor the link folders */
    answer = dup2(answer, STDERR_FILENO + 1);
    kernel_close_from(STDERR_FILENO + 2);
    prctl(PR_SET_NAME, "fc-lookup");
    if (answer < 0 || lookup_confine(call->spec) < 0 || lookup_limit(answer, keeper) < 0)
        _exit(1);
    found.result = getaddrinfo(request->text, request->port[0] ? request->port : NULL, &hints, &list);
    if (found.result == EAI_SYSTEM)
        found.result = EAI_FAIL;
    if (found.result == 0)
        lookup_answer_fill(&found, list);
    bytes = lookup_answer_bytes(&found);
    _exit(write(answer, &found, bytes) != (ssize_t)bytes);
}

/* Returns a place for one more of the account's, or NULL. */
static struct lookup_process *lookup_find_place(unsigned account)
{
    for (size_t i = 0; i < LOOKUP_PER_ACCOUNT; i++) {
        if (!lookup_processes[account][i].pid)
            return &lookup_processes[account][i];
    }
    return NULL;
}

/* Makes the process, with SIGCHLD blocked. 0 or -EAGAIN. */
static int lookup_fork(const struct keeper_call *call, int answer)
{
    struct lookup_process *place;
    pid_t keeper = getpid();

    lookup_reap();
    place = lookup_find_place(call->request->account);
    if (!place)
        return -EAGAIN;
    place->pid = fork();
    if (place->pid == 0)
        lookup_run(answer, call, keeper);
    if (place->pid < 0)
        place->pid = 0;
    place->began_ns = fc_now_ns();
    return place->pid ? 0 : -EAGAIN;
}

int keeper_do_lookup(struct keeper_call *call)
{
    int ends[2], r;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    call->fd = ends[0];
    r = fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
    if (r == 0) {
        lookup_block_reaping(true);
        r = lookup_fork(call, ends[1]);
        lookup_block_reaping(false);
    }
    close(ends[1]);
    return r;
}

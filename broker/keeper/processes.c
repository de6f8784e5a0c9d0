/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes of the broker's: their descriptors, memory, and signals; runs in the keeper. No pid is
 * believed: it has to be a child of the broker at the moment of the request.
 */
#include "broker/keeper/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "broker/os/network.h"
#include "broker/os/seccomp_notify.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define PROCESSES_KEPT 64 /* pidfds */

static pid_t process_parent(pid_t pid)
{
    char path[32], text[512];
    FC_AUTO_CLOSE int fd = -1;
    const char *end;
    ssize_t n;
    int parent;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (n <= 0)
        return -1;
    text[n] = '\0';
    end = strrchr(text, ')'); /* the name before it is the process's to choose */
    return end && sscanf(end, ") %*c %d", &parent) == 1 ? parent : -1;
}

/* Children of the broker: a child remains one, and a pidfd never comes to stand for another process. */
static struct process_child {
    pid_t pid;
    int fd;
} process_children[PROCESSES_KEPT];

static int process_open(const struct keeper_call *call, pid_t pid)
{
    FC_AUTO_CLOSE int fd = pid > 1 && pid != getpid() ? pidfd_open(pid, 0) : -1;

    if (fd < 0 || process_parent(pid) != call->broker)
        return -EPERM;
    /* the number was still this process's when its parent was asked for */
    return pidfd_send_signal(fd, 0, NULL, 0) < 0 ? -errno : fc_steal_fd(&fd);
}

/* Returns a pidfd of a child of the broker, borrowed until the next call; -EPERM for any other process. */
static int process_find(const struct keeper_call *call, pid_t pid)
{
    struct process_child *child = &process_children[(unsigned)pid % PROCESSES_KEPT];
    int fd;

    if (child->pid == pid && pidfd_send_signal(child->fd, 0, NULL, 0) == 0)
        return child->fd;
    fd = process_open(call, pid);
    if (fd < 0)
        return fd;
    if (child->pid)
        close(child->fd);
    *child = (struct process_child){.pid = pid, .fd = fd};
    return fd;
}

/* Takes a descriptor of a process into the answer. 0 or -errno. */
static int process_take(struct keeper_call *call)
{
    int pidfd = process_find(call, call->request->pid);

    if (pidfd < 0)
        return pidfd;
    call->fd = pidfd_getfd(pidfd, call->request->fd, 0);
    return call->fd < 0 ? -errno : 0;
}

int keeper_do_take_descriptor(struct keeper_call *call)
{
    int r = call->spec->no_sandbox ? process_take(call) : -EPERM;

    return r < 0 ? r : network_may_hand_out(call->fd) ? 0 : -EPERM;
}

int keeper_do_take_listener(struct keeper_call *call)
{
    int r = process_take(call);

    return r < 0 ? r : seccomp_notify_is(call->fd) ? 0 : -EBADF;
}

/* Opens a file of /proc about a child. */
static int process_open_file(struct keeper_call *call, const char *file)
{
    int pidfd = process_find(call, call->request->pid);
    char path[32];

    if (pidfd < 0)
        return pidfd;
    snprintf(path, sizeof(path), "/proc/%d/%s", call->request->pid, file);
    call->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (call->fd < 0)
        return -errno;
    return pidfd_send_signal(pidfd, 0, NULL, 0) < 0 ? -errno : 0;
}

int keeper_do_open_memory(struct keeper_call *call)
{
    return process_open_file(call, "mem");
}

int keeper_do_open_maps(struct keeper_call *call)
{
    return process_open_file(call, "maps");
}

int keeper_do_open_process(struct keeper_call *call)
{
    int pidfd = process_find(call, call->request->pid);

    if (pidfd < 0)
        return pidfd;
    call->fd = fcntl(pidfd, F_DUPFD_CLOEXEC, 0);
    return call->fd < 0 ? -errno : 0;
}

int keeper_do_signal(struct keeper_call *call)
{
    int pidfd = process_find(call, call->request->pid);

    if (pidfd < 0)
        return pidfd;
    if (call->request->fd != SIGKILL && call->request->fd != SIGALRM && call->request->fd != SIGQUIT)
        return -EPERM;
    return pidfd_send_signal(pidfd, call->request->fd, NULL, 0) < 0 ? -errno : 0;
}

/*
 * Reads /proc/PID/status. The kernel writes a line break in the process's name as \n, so the name cannot
 * forge a line. 0 or -errno.
 */
static int process_read_status(pid_t pid, char *text, size_t bytes)
{
    char path[32];
    FC_AUTO_CLOSE int fd = -1;
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, text, bytes - 1);
    if (n < 0)
        return -errno;
    text[n] = '\0';
    return 0;
}

/* Reads the uid as this process sees it, whatever namespace the other is in. */
static int process_read_uid(pid_t pid, uid_t *uid)
{
    char text[1024];
    const char *line;
    int r = process_read_status(pid, text, sizeof(text));

    if (r < 0)
        return r;
    line = strstr(text, "\nUid:");
    return line && sscanf(line + 5, "%u", uid) == 1 ? 0 : -EIO;
}

int keeper_do_owns(struct keeper_call *call)
{
    int pidfd = process_find(call, call->request->pid);
    uid_t uid;
    int r = pidfd < 0 ? pidfd : process_read_uid(call->request->pid, &uid);

    if (r == 0 && uid != keeper_account_of(call)->uid)
        r = -EPERM;
    if (r == 0 && pidfd_send_signal(pidfd, 0, NULL, 0) < 0)
        r = -errno;
    return r;
}

/*
 * Workers are the broker's children. What they start is in their process namespace, so NSpid has a second
 * number for it.
 */
int keeper_do_confines(struct keeper_call *call)
{
    char text[4096]; /* the list of groups may come before */
    int r = call->request->pid > 0 ? process_read_status(call->request->pid, text, sizeof(text)) : -ESRCH;
    const char *parent, *numbers;
    int ppid, own, more;

    if (r < 0)
        return r;
    parent = strstr(text, "\nPPid:");
    numbers = strstr(text, "\nNSpid:");
    if (!parent || !numbers || sscanf(parent + 6, "%d", &ppid) != 1)
        return -EIO;
    if (ppid == call->broker || sscanf(numbers + 7, "%d %d", &own, &more) != 1)
        return -EPERM;
    return own == call->request->pid ? 0 : -EIO;
}

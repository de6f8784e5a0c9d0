/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See keeper.h: the process. It trusts what it was forked with, and believes no request: paths must be among
 * those that were fixed, and processes must be children of the broker, which can have none but zygotes and
 * workers.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/keeper/counter.h"
#include "broker/keeper/private.h"
#include "broker/os/confine.h"
#include "broker/os/control_socket.h"
#include "broker/os/file_as.h"
#include "broker/os/folder.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define KEEPER_BACKLOG     4
#define KEEPER_MAX_COUNTED 4096 /* descriptors; see keeper_count_sockets() */
#define KEEPER_CHILDREN    64   /* pidfds that are kept */

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static pid_t keeper_parent_of(pid_t pid)
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

/* Children of the broker; what has been one stays one, and a pidfd is of no other process, ever. */
static struct keeper_child {
    pid_t pid;
    int fd;
} keeper_children[KEEPER_CHILDREN];

static int keeper_open_child(const struct keeper_state *state, pid_t pid)
{
    FC_AUTO_CLOSE int fd = pid > 1 && pid != getpid() ? pidfd_open(pid, 0) : -1;

    if (fd < 0 || keeper_parent_of(pid) != state->broker)
        return -EPERM;
    /* the number was still this process's when its parent was asked for */
    return pidfd_send_signal(fd, 0, NULL, 0) < 0 ? -errno : fc_steal_fd(&fd);
}

/* A pidfd of a child of the broker, and of nobody else. Stays ours, and good until the next call. */
static int keeper_child(const struct keeper_state *state, pid_t pid)
{
    struct keeper_child *child = &keeper_children[(unsigned)pid % KEEPER_CHILDREN];
    int fd;

    if (child->pid == pid && pidfd_send_signal(child->fd, 0, NULL, 0) == 0)
        return child->fd;
    fd = keeper_open_child(state, pid);
    if (fd < 0)
        return fd;
    if (child->pid)
        close(child->fd);
    *child = (struct keeper_child){.pid = pid, .fd = fd};
    return fd;
}

static bool keeper_is_unix(int fd)
{
    int domain = -1;
    socklen_t bytes = sizeof(domain);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &bytes) == 0 && domain == AF_UNIX;
}

/* A unix socket that is not connected yet would reach every service of this machine. */
static bool keeper_may_hand_out(int fd)
{
    int type = -1;
    socklen_t bytes = sizeof(int);
    struct sockaddr_un peer;

    if (!keeper_is_unix(fd))
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) < 0 || type == SOCK_DGRAM)
        return false;
    bytes = sizeof(peer);
    return getpeername(fd, (struct sockaddr *)&peer, &bytes) == 0;
}

static int keeper_do_take(const struct keeper_state *state, const struct keeper_request *request, int *fd)
{
    int pidfd = keeper_child(state, request->pid);

    if (pidfd < 0)
        return pidfd;
    *fd = pidfd_getfd(pidfd, request->fd, 0);
    if (*fd < 0)
        return -errno;
    return keeper_may_hand_out(*fd) ? 0 : -EPERM;
}

static int keeper_do_memory(const struct keeper_state *state, const struct keeper_request *request, int *fd)
{
    int pidfd = keeper_child(state, request->pid);
    char path[32];

    if (pidfd < 0)
        return pidfd;
    snprintf(path, sizeof(path), "/proc/%d/mem", request->pid);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return -errno;
    return pidfd_send_signal(pidfd, 0, NULL, 0) < 0 ? -errno : 0;
}

static int keeper_do_signal(const struct keeper_state *state, const struct keeper_request *request, int *fd)
{
    int pidfd = keeper_child(state, request->pid);

    (void)fd;
    if (pidfd < 0)
        return pidfd;
    if (request->fd != SIGKILL && request->fd != SIGALRM && request->fd != SIGABRT)
        return -EPERM;
    return pidfd_send_signal(pidfd, request->fd, NULL, 0) < 0 ? -errno : 0;
}

/* The cookie of an internet socket's network, 0 for everything else. */
static uint64_t keeper_network_of(int fd)
{
    uint64_t cookie = 0;
    socklen_t bytes = sizeof(cookie);

    return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &bytes) < 0 || keeper_is_unix(fd) ? 0
                                                                                                  : cookie;
}

static int keeper_do_count_sockets(const struct keeper_state *state, const struct keeper_request *request)
{
    int pidfd = keeper_child(state, request->pid);
    FC_AUTO_CLOSE int own = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    uint64_t here = own < 0 ? 0 : keeper_network_of(own);
    int n = 0;

    if (pidfd < 0)
        return pidfd;
    if (!here)
        return -EMFILE;
    for (int i = 0; i < request->fd && i < KEEPER_MAX_COUNTED; i++) {
        FC_AUTO_CLOSE int fd = pidfd_getfd(pidfd, i, 0);

        n += fd >= 0 && keeper_network_of(fd) == here;
    }
    return n;
}

/* 0 or -errno. A line break in the name is written as \n: each other one begins a line of the kernel's. */
static int keeper_read_status(pid_t pid, char *text, size_t bytes)
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

/* As this process sees it, whatever namespace the other is in. */
static int keeper_read_uid(pid_t pid, uid_t *uid)
{
    char text[1024];
    const char *line;
    int r = keeper_read_status(pid, text, sizeof(text));

    if (r < 0)
        return r;
    line = strstr(text, "\nUid:");
    return line && sscanf(line + 5, "%u", uid) == 1 ? 0 : -EIO;
}

static int keeper_do_owns(const struct keeper_state *state, const struct keeper_request *request, int *fd)
{
    int pidfd = keeper_child(state, request->pid);
    uid_t uid;
    int r = pidfd < 0 ? pidfd : keeper_read_uid(request->pid, &uid);

    (void)fd;
    if (r == 0 && uid != keeper_account_of(state, request)->uid)
        r = -EPERM;
    if (r == 0 && pidfd_send_signal(pidfd, 0, NULL, 0) < 0)
        r = -errno;
    return r;
}

/*
 * Workers are the broker's children, and what they start is in their process namespace: in NSpid it has a
 * number for that one, too. 0 if it is neither.
 */
static int keeper_do_confines(const struct keeper_state *state, const struct keeper_request *request, int *fd)
{
    char text[4096]; /* the list of groups may come before */
    int r = request->pid > 0 ? keeper_read_status(request->pid, text, sizeof(text)) : -ESRCH;
    const char *parent, *numbers;
    int ppid, own, more;

    (void)fd;
    if (r < 0)
        return r;
    parent = strstr(text, "\nPPid:");
    numbers = strstr(text, "\nNSpid:");
    if (!parent || !numbers || sscanf(parent + 6, "%d", &ppid) != 1)
        return -EIO;
    if (ppid == state->broker || sscanf(numbers + 7, "%d %d", &own, &more) != 1)
        return -EPERM;
    return own == request->pid ? 0 : -EIO;
}

/* Not smaps_rollup, which goes through the whole address space: how large that is, is the worker's choice. */
static int keeper_read_memory(pid_t pid, uint64_t *bytes)
{
    unsigned long long resident, shared;
    char path[32], text[128];
    FC_AUTO_CLOSE int fd = -1;
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/%d/statm", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (n < 0)
        return -errno;
    text[n] = '\0';
    if (sscanf(text, "%*u %llu %llu", &resident, &shared) != 2 || shared > resident)
        return -EIO;
    *bytes = (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
    return 0;
}

static int keeper_read_usage(const struct keeper_state *state, const struct keeper_request *request,
                             struct keeper_usage *usage)
{
    int pidfd = keeper_child(state, request->pid);
    struct timespec used;
    clockid_t clock;
    int r;

    if (pidfd < 0)
        return pidfd;
    r = keeper_read_memory(request->pid, &usage->memory_bytes);
    if (r == 0)
        r = -clock_getcpuclockid(request->pid, &clock);
    if (r < 0)
        return r;
    if (clock_gettime(clock, &used) < 0)
        return -errno;
    usage->cpu_ns = (uint64_t)used.tv_sec * FC_NS_PER_S + (uint64_t)used.tv_nsec;
    return pidfd_send_signal(pidfd, 0, NULL, 0) < 0 ? -errno : 0;
}

static bool keeper_is_name(const char *text)
{
    return text[0] && text[0] != '.' && !strchr(text, '/');
}

static int keeper_do_remove(const struct keeper_state *state, const struct keeper_request *request, int *fd)
{
    (void)state;
    (void)fd;
    if (!keeper_is_name(request->text))
        return -EPERM;
    return unlinkat(KEEPER_LINK_FOLDER + (int)request->account, request->text, 0) < 0 ? -errno : 0;
}

/* A user's is made with her rights in her folder: nothing is given to her that she could exchange before. */
static int keeper_bind_as(const struct keeper_state *state, const struct keeper_request *request, int fd)
{
    const struct keeper_account *account = keeper_account_of(state, request);
    const struct file_identity identity = {account->uid, account->gid, true};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    FC_AUTO_CLOSE int before = open(".", O_PATH | O_CLOEXEC);
    int r;

    if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", request->text) >=
        (int)sizeof(address.sun_path))
        return -ENAMETOOLONG;
    r = before < 0 ? -errno : file_as_begin(&identity);
    if (r < 0)
        return r;
    if (fchdir(KEEPER_LINK_FOLDER + (int)request->account) < 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        r = -errno;
    file_as_end(&identity);
    return fchdir(before) < 0 ? -errno : r;
}

static int keeper_bind(const struct keeper_state *state, const struct keeper_request *request, int fd)
{
    const struct keeper_account *account = keeper_account_of(state, request);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int folder = KEEPER_LINK_FOLDER + (int)request->account;

    /* through the descriptor: however long the folder's path is, the address is short */
    if (snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder, request->text) >=
        (int)sizeof(address.sun_path))
        return -ENAMETOOLONG;
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    return state->spec->is_root &&
                   fchownat(folder, request->text, account->uid, account->gid, AT_SYMLINK_NOFOLLOW) < 0
               ? -errno
               : 0;
}

static int keeper_do_listen(const struct keeper_state *state, const struct keeper_request *request, int *fd)
{
    bool is_users = state->spec->is_root && request->account > 0;
    int r;

    if (!keeper_is_name(request->text))
        return -EPERM;
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return -errno;
    r = is_users ? keeper_bind_as(state, request, *fd) : keeper_bind(state, request, *fd);
    if (r < 0)
        return r;
    return listen(*fd, KEEPER_BACKLOG) < 0 ? -errno : 0;
}

static int keeper_do_make_cgroup(const struct keeper_state *state, const struct keeper_request *request,
                                 int *fd)
{
    if (!keeper_is_name(request->text))
        return -EPERM;
    *fd = cgroup_make_instance(state->spec->cgroups, request->account, request->text, &request->limits);
    return *fd < 0 ? *fd : 0;
}

static int keeper_do_memory_events(const struct keeper_state *state, const struct keeper_request *request,
                                   int *fd)
{
    if (!keeper_is_name(request->text))
        return -EPERM;
    *fd = cgroup_open_memory_events(state->spec->cgroups, request->account, request->text);
    return *fd < 0 ? *fd : 0;
}

static int keeper_do_remove_cgroup(const struct keeper_state *state, const struct keeper_request *request,
                                   int *fd)
{
    (void)fd;
    if (!keeper_is_name(request->text))
        return -EPERM;
    cgroup_remove_instance(state->spec->cgroups, request->account, request->text);
    return 0;
}

static const keeper_operation_fn keeper_operations[] = {
    [KEEPER_LISTEN] = keeper_do_listen,
    [KEEPER_REMOVE] = keeper_do_remove,
    [KEEPER_MAKE_STATE_FOLDER] = keeper_do_make_state_folder,
    [KEEPER_OPEN_STATE_FOLDER] = keeper_do_open_state_folder,
    [KEEPER_OPEN_SHOWN] = keeper_do_open_shown,
    [KEEPER_TAKE_DESCRIPTOR] = keeper_do_take,
    [KEEPER_OPEN_MEMORY] = keeper_do_memory,
    [KEEPER_SIGNAL] = keeper_do_signal,
    [KEEPER_MAKE_CGROUP] = keeper_do_make_cgroup,
    [KEEPER_OPEN_MEMORY_EVENTS] = keeper_do_memory_events,
    [KEEPER_REMOVE_CGROUP] = keeper_do_remove_cgroup,
    [KEEPER_READ] = keeper_do_read,
    [KEEPER_OWNS] = keeper_do_owns,
    [KEEPER_CONFINES] = keeper_do_confines,
};

static void keeper_answer(const struct keeper_state *state, const struct keeper_request *request,
                          const int descriptors[KEEPER_MAX_DESCRIPTORS])
{
    struct keeper_reply reply = {.result = -EINVAL};
    FC_AUTO_CLOSE int fd = -1;

    if (request->account >= state->spec->n_accounts) {
        reply.result = -EPERM;
        keeper_send(KEEPER_SOCKET, &reply, offsetof(struct keeper_reply, addresses), NULL, 0);
        return;
    }
    if (request->operation == KEEPER_LOOKUP) {
        keeper_answer_lookup(KEEPER_SOCKET, state->spec, request);
        return;
    }
    if (request->operation == KEEPER_START)
        reply.result =
            keeper_start_zygote(state->spec, request->account, descriptors[0], descriptors[1], &reply.pid);
    else if (request->operation == KEEPER_WATCH)
        reply.result = keeper_do_watch(state, request, descriptors[0]);
    else if (request->operation == KEEPER_COUNT_SOCKETS)
        reply.result = keeper_do_count_sockets(state, request);
    else if (request->operation == KEEPER_USAGE)
        reply.result = keeper_read_usage(state, request, &reply.usage);
    else if (request->operation > KEEPER_START && request->operation < KEEPER_LOOKUP &&
             keeper_operations[request->operation])
        reply.result = keeper_operations[request->operation](state, request, &fd);
    keeper_send(KEEPER_SOCKET, &reply, offsetof(struct keeper_reply, addresses), &fd,
                reply.result == 0 && fd >= 0);
}

/* A descriptor above all that are going to have their places. */
static int keeper_lift(int fd)
{
    fd = fcntl(fd, F_DUPFD_CLOEXEC, KEEPER_LINK_FOLDER + KEEPER_MAX_ACCOUNTS);
    if (fd < 0)
        _exit(1);
    return fd;
}

/* The log stays as stderr; everything else that the broker had is closed. */
static void keeper_keep_descriptors(int socket, const struct keeper_spec *spec)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int own = keeper_lift(socket), folders[KEEPER_MAX_ACCOUNTS];

    for (unsigned i = 0; i < spec->n_accounts; i++)
        folders[i] = keeper_lift(spec->accounts[i].link_folder_fd);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        dup3(own, KEEPER_SOCKET, O_CLOEXEC) < 0)
        _exit(1);
    for (unsigned i = 0; i < spec->n_accounts; i++) {
        if (dup3(folders[i], KEEPER_LINK_FOLDER + (int)i, O_CLOEXEC) < 0)
            _exit(1);
    }
    close_range(KEEPER_LINK_FOLDER + spec->n_accounts, ~0U, 0);
}

/* Its end is the broker's. */
static pid_t keeper_start_counter(int socket, const struct keeper_spec *spec)
{
    pid_t self = getpid(), pid = fork();

    if (pid < 0)
        _exit(1);
    if (pid == 0)
        counter_serve(socket, spec, self);
    return pid;
}

_Noreturn void keeper_serve(int socket, int counter, const struct keeper_spec *spec)
{
    struct keeper_state state = {.spec = spec, .broker = getppid()};
    pid_t counting = keeper_start_counter(counter, spec);
    struct keeper_request request;
    int descriptors[KEEPER_MAX_DESCRIPTORS];
    struct control_socket control;

    control_socket_remember(&control, spec->control_fd >= 0 ? spec->runtime_folder : NULL);
    prctl(PR_SET_NAME, "fc-keeper");
    keeper_keep_descriptors(socket, spec);
    /* nobody of the same user reads or steers it */
    if (cgroups_take_over(spec->cgroups) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
        (spec->is_root && confine_keep_capabilities(CONFINE_KEEPER) < 0))
        _exit(1);
    while (keeper_receive(KEEPER_SOCKET, &request, sizeof(request), descriptors) == sizeof(request)) {
        request.text[sizeof(request.text) - 1] = '\0';
        request.port[sizeof(request.port) - 1] = '\0';
        request.below[sizeof(request.below) - 1] = '\0';
        keeper_answer(&state, &request, descriptors);
        for (size_t i = 0; i < KEEPER_MAX_DESCRIPTORS; i++)
            fc_closep(&descriptors[i]);
    }
    for (unsigned i = 0; i < spec->n_accounts; i++)
        folder_remove(spec->accounts[i].link_folder);
    if (spec->link_parent)
        rmdir(spec->link_parent);
    control_socket_unlink(&control);
    kill(counting, SIGKILL); /* so that its cgroup is empty */
    waitpid(counting, NULL, 0);
    cgroups_end(spec->cgroups, state.broker);
    _exit(0);
}

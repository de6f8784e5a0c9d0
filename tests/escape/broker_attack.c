/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tries what attackers could do who have taken over the broker, after setting up a show as `run` does, with a
 * real keeper and a real zygote. `broker_attack open|closed SHOW.CFG SECRET VICTIM-PID UNIX-SOCKET` prints
 * "NAME ERRNO" for each attempt; 0 is a success. With `open` the broker does not confine itself: this is the
 * control, which shows that the attempts are real.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/base/loop.h"
#include "broker/base/path_set.h"
#include "broker/build/build.h"
#include "broker/build/shown.h"
#include "broker/build/users.h"
#include "broker/config/config.h"
#include "broker/config/load.h"
#include "broker/guest/spawn.h"
#include "broker/keeper/client.h"
#include "broker/keeper/counter.h"
#include "broker/os/lookup.h"
#include "broker/python/state_folder.h"
#include "broker/runtime/runtime.h"
#include "broker/show/show.h"
#include "firecurtain/cleanup.h"
#include "proto/link.h"
#include "proto/progress.h"

static struct runtime runtime = RUNTIME_NONE;
static struct users users;
static const char *config_path, *secret, *unix_path;
static char folder[PATH_MAX];    /* of the configuration */
static char own_state[PATH_MAX]; /* the private folder of py1 */
static pid_t victim;

static void tell(const char *name, long r)
{
    printf("%s %ld\n", name, r < 0 ? -r : 0);
    fflush(stdout);
}

/* Returns 0, or -errno after a function has returned -1. */
static long said(long r)
{
    return r < 0 ? -errno : r;
}

static long opened(const char *path, int flags)
{
    FC_AUTO_CLOSE int fd = open(path, flags | O_CLOEXEC, 0600);

    return said(fd);
}

static const char *beside(const char *name)
{
    static char path[PATH_MAX + 64];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void attack_files(void)
{
    tell("read_secret", opened(secret, O_RDONLY));
    tell("read_passwd", opened("/etc/passwd", O_RDONLY));
    tell("read_shadow", opened("/etc/shadow", O_RDONLY));
    tell("list_root", opened("/", O_RDONLY | O_DIRECTORY));
    tell("write_secret", opened(secret, O_WRONLY | O_APPEND));
    tell("write_show", opened(config_path, O_RDWR));
    tell("create", opened(beside("created"), O_WRONLY | O_CREAT));
    tell("create_openat2", said(syscall(SYS_openat2, AT_FDCWD, beside("created2"),
                                        (uint64_t[]){O_WRONLY | O_CREAT, 0600, 0}, 24)));
    tell("mkdir", said(mkdir(beside("made"), 0700)));
    tell("symlink", said(symlink("/", beside("link"))));
    tell("hard_link", said(link(secret, beside("hard"))));
    tell("chmod", said(chmod(secret, 0644)));
    tell("chown", said(chown(secret, getuid(), getgid())));
    tell("truncate", said(truncate(beside("victim1"), 0)));
    tell("rename", said(rename(beside("victim1"), beside("victim2"))));
    tell("unlink", said(unlink(beside("victim3"))));
}

static void *thread(void *nothing)
{
    return nothing;
}

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* A pidfd would let a gate take descriptors of that process. */
static long peer_pidfd(void)
{
    FC_AUTO_CLOSE int pidfd = -1;
    socklen_t bytes = sizeof(pidfd);
    int pair[2];
    long r;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
        return said(-1);
    r = said(getsockopt(pair[0], SOL_SOCKET, SO_PEERPIDFD, &pidfd, &bytes));
    close(pair[0]);
    close(pair[1]);
    return r;
}

static void attack_processes(void)
{
    FC_AUTO_CLOSE int pidfd = pidfd_open(victim, 0);
    struct iovec here = {.iov_base = &(int){0}, .iov_len = 4};
    char path[32];
    pid_t pid;
    pthread_t id;
    int r;
    long word;

    here.iov_base = &word;
    snprintf(path, sizeof(path), "/proc/%d/mem", victim);
    tell("proc_mem", opened(path, O_RDONLY));
    snprintf(path, sizeof(path), "/proc/%d/environ", victim);
    tell("proc_environ", opened(path, O_RDONLY));
    /* nothing is at address 0; what counts is whether the keeper looked */
    word = said(process_vm_readv(victim, &here, 1, &(struct iovec){.iov_len = 4}, 1, 0));
    tell("vm_readv", word == -EFAULT ? 0 : word);
    tell("pidfd_open", said(pidfd_open(victim, 0)));
    tell("peer_pidfd", peer_pidfd());
    tell("pidfd_getfd", said(pidfd_getfd(pidfd, 0, 0)));
    tell("pidfd_send_signal", said(pidfd_send_signal(pidfd, SIGCONT, NULL, 0)));
    tell("kill", said(kill(victim, SIGCONT)));
    tell("ptrace", said(ptrace(PTRACE_SEIZE, victim, NULL, NULL)));
    pid = fork();
    if (pid == 0)
        _exit(0);
    tell("fork", said(pid));
    if (pid > 0)
        waitpid(pid, NULL, 0);
    r = pthread_create(&id, NULL, thread, NULL);
    tell("thread", -r);
    if (r == 0)
        pthread_join(id, NULL);
}

static long made(int domain, int type, int protocol)
{
    FC_AUTO_CLOSE int fd = socket(domain, type | SOCK_CLOEXEC, protocol);

    return said(fd);
}

static long connected(void)
{
    FC_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", unix_path);
    return fd < 0 ? -errno : said(connect(fd, (const struct sockaddr *)&address, sizeof(address)));
}

static void attack_sockets(void)
{
    int pair[2];

    tell("unix_connect", connected());
    tell("unix_socket", made(AF_UNIX, SOCK_DGRAM, 0));
    tell("netlink", made(AF_NETLINK, SOCK_RAW, 0));
    tell("packet", made(AF_PACKET, SOCK_RAW, 0));
    tell("raw", made(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    /* a datagram pair could be connected to another socket */
    tell("datagram_pair", said(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair)));
}

/* What workers share with the broker must not become code. */
static long executable_memfd(void)
{
    FC_AUTO_CLOSE int fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0 || ftruncate(fd, 4096) < 0)
        return -EIO;
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0) == MAP_FAILED ? -errno : 0;
}

static void attack_kernel(void)
{
    struct io_uring_params ring = {0};
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    tell("executable_memory",
         mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -errno
                                                                                                   : 0);
    tell("made_executable", said(mprotect(page, 4096, PROT_READ | PROT_EXEC)));
    tell("memfd", said(memfd_create("x", MFD_CLOEXEC)));
    tell("executable_memfd", executable_memfd());
    tell("io_uring", said(syscall(SYS_io_uring_setup, 1, &ring)));
    tell("mount", said(mount("tmpfs", "/mnt", "tmpfs", 0, NULL)));
    tell("umount", said(umount2("/mnt", MNT_DETACH)));
    tell("open_tree", said(open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
    tell("root_again", said(setresuid(0, 0, 0)));
    tell("unshare", said(unshare(CLONE_NEWUTS)));
}

struct asked {
    pid_t pid;
};

static void asked_done(void *userdata, pid_t pid)
{
    ((struct asked *)userdata)->pid = pid;
    loop_stop(runtime.loop);
}

static int attack_open_state(struct keeper *keeper, unsigned account, const char *path)
{
    struct keeper_place place;

    keeper_open_place(keeper, account, NULL, path, &place);
    return place.state_tree;
}

/* Makes what the broker shares with a worker. */
static void give_link(struct spawn_job *job)
{
    struct progress_reader progress = {0};
    struct link *link;

    if (link_pair(&link, runtime.link_buffers, &job->descriptors[SPAWN_LINK]) < 0 ||
        progress_new(&progress, &job->descriptors[SPAWN_PROGRESS]) < 0)
        exit(1);
}

/* Returns the zygote's answer to a request for a worker with such folders. */
static pid_t ask_zygote(const char *script_folder, const char *state_folder)
{
    struct asked asked = {0};
    struct spawn_job *job;

    if (spawn_job_new(&job, asked_done, &asked) < 0)
        exit(1);
    job->request.memory_bytes = UINT64_C(512) << 20;
    job->request.file_bytes = UINT64_C(1) << 20;
    job->request.threads = 64;
    job->request.files = 256;
    snprintf(job->request.script_folder, PATH_MAX, "%s", script_folder);
    snprintf(job->request.state_folder, PATH_MAX, "%s", state_folder);
    give_link(job);
    job->descriptors[SPAWN_STDOUT] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    job->descriptors[SPAWN_STDERR] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    /* as root, mounts of allowed folders: only the paths are tried */
    job->request.has_trees = runtime.is_root;
    if (runtime.is_root) {
        job->descriptors[SPAWN_SCRIPT_TREE] = keeper_open_shown(runtime.keeper, 0, folder);
        job->descriptors[SPAWN_STATE_TREE] = attack_open_state(runtime.keeper, 0, own_state);
    }
    spawner_submit(runtime.accounts[0].spawner, job);
    while (!asked.pid)
        loop_run(runtime.loop);
    return asked.pid;
}

/* Opens the memory of a worker, into which nobody can look before it has closed the sockets of its zygote. */
static int open_memory(pid_t pid)
{
    int r;

    for (int i = 0; (r = keeper_open_memory(runtime.keeper, pid)) == -EACCES && i < 1000; i++)
        usleep(10000);
    return r;
}

static void attack_zygote(const char *state)
{
    pid_t pid = ask_zygote(folder, state);

    tell("works:zygote", pid);
    if (pid > 0) {
        tell("works:keeper_memory", open_memory(pid));
        tell("works:keeper_maps", keeper_open_maps(runtime.keeper, pid));
        tell("always:keeper_take_of_a_child", keeper_take_descriptor(runtime.keeper, pid, 0));
        tell("works:keeper_owns", keeper_owns(runtime.keeper, 0, pid) ? 0 : -EPERM);
        if (runtime.is_root)
            tell("always:keeper_owns_for_a_user", keeper_owns(runtime.keeper, 1, pid) ? 0 : -EPERM);
        tell("works:keeper_confines", keeper_confines(runtime.keeper, pid) ? 0 : -EPERM);
        tell("works:keeper_signal", keeper_signal(runtime.keeper, pid, SIGKILL));
        tell("works:wait", said(waitpid(pid, NULL, __WALL)));
    }
    tell("always:zygote_state_elsewhere", ask_zygote(folder, folder));
    tell("always:zygote_script_elsewhere", ask_zygote("/etc", state));
}

static int inotify; /* made before the broker confines itself, as the broker's own is */

/* Returns 0 for the number of a watch, else the -errno. */
static int watch(const char *path, const char *below)
{
    int r = keeper_watch(runtime.keeper, 0, inotify, path, below);

    return r < 0 ? r : 0;
}

/* Returns the counter's answer to a request about a folder. */
static int count_state(unsigned account, const char *path)
{
    static uint64_t last_id = UINT64_C(1) << 32;
    struct counter_request request = {.id = ++last_id, .account = account};
    struct counter_reply reply;
    int socket = keeper_counter_fd(runtime.keeper);

    snprintf(request.path, sizeof(request.path), "%s", path);
    if (send(socket, &request, sizeof(request), 0) < 0)
        return -errno;
    do {
        if (recv(socket, &reply, sizeof(reply), 0) != sizeof(reply))
            return -EIO;
    } while (reply.id != last_id);
    return reply.error;
}

static void attack_keeper(const char *state)
{
    struct keeper *keeper = runtime.keeper;
    char path[PATH_MAX];

    tell("always:keeper_take", keeper_take_descriptor(keeper, victim, 0));
    tell("always:keeper_memory", keeper_open_memory(keeper, victim));
    tell("always:keeper_maps", keeper_open_maps(keeper, victim));
    tell("always:keeper_take_listener", keeper_take_listener(keeper, victim, 0));
    tell("works:keeper_confines_no_others", keeper_confines(keeper, victim) ? -EPERM : 0);
    tell("always:keeper_signal", keeper_signal(keeper, victim, SIGKILL));
    tell("always:keeper_shown_elsewhere", keeper_open_shown(keeper, 0, "/etc"));
    snprintf(path, sizeof(path), "%.4000s/../..", folder);
    tell("always:keeper_shown_above", keeper_open_shown(keeper, 0, path));
    tell("works:keeper_watch", watch(folder, ""));
    tell("always:keeper_watch_elsewhere", watch("/etc", ""));
    tell("always:keeper_watch_above", watch(folder, ".."));
    tell("always:keeper_watch_state", watch(state, ""));
    tell("always:keeper_state_as_shown", keeper_open_shown(keeper, 0, state));
    tell("always:keeper_shown_as_state", attack_open_state(keeper, 0, folder));
    snprintf(path, sizeof(path), "%.4000s/../x/y", runtime.state_folder);
    tell("always:keeper_state_above", keeper_make_state_folder(keeper, 0, path));
    snprintf(path, sizeof(path), "%.4000s/deeper", state);
    tell("always:keeper_state_below", attack_open_state(keeper, 0, path));
    tell("works:counter_state", count_state(0, state));
    tell("always:counter_elsewhere", count_state(0, "/etc"));
    tell("always:counter_state_below", count_state(0, path));
}

/* Tries to mix up the user's and the house's: accounts, folders and zygotes. */
static void attack_users(const char *state)
{
    static char hers[PATH_MAX];
    struct keeper *keeper = runtime.keeper;

    tell("works:user_state", state_folder_open(&runtime, 1, users.list[0].show, "py1", hers, sizeof(hers)));
    tell("works:user_read", keeper_read(keeper, 1, users.list[0].show));
    tell("works:user_shown",
         keeper_watch(keeper, 1, inotify, users.list[0].folders.paths[0], "") < 0 ? -EIO : 0);
    tell("works:user_count", count_state(1, hers));
    tell("always:user_owns_the_houses", keeper_owns(keeper, 1, victim) ? 0 : -EPERM);
    tell("always:user_unknown", keeper_read(keeper, 2, config_path));
    tell("always:user_read_as_house", keeper_read(keeper, 0, config_path));
    tell("always:user_read_of_house", keeper_read(keeper, 1, config_path));
    tell("always:user_read_elsewhere", keeper_read(keeper, 1, "/etc/passwd"));
    tell("always:user_shown_to_house", keeper_open_shown(keeper, 0, users.list[0].folders.paths[0]));
    tell("always:user_shown_of_house", keeper_open_shown(keeper, 1, folder));
    tell("always:user_watch_of_house", keeper_watch(keeper, 1, inotify, folder, ""));
    tell("always:user_state_for_house", keeper_make_state_folder(keeper, 0, hers));
    tell("always:user_state_opened_for_house", attack_open_state(keeper, 0, hers));
    tell("always:user_state_of_house", attack_open_state(keeper, 1, state));
    tell("always:user_state_made_of_house", keeper_make_state_folder(keeper, 1, state));
    tell("always:user_count_of_house", count_state(1, state));
}

static void answered(void *nothing)
{
    loop_stop(runtime.loop);
}

/* Tries what the broker needs all the time, which must work. */
static void work(void)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    FC_AUTO_CLOSE int memory = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct fc_lookups *lookups = lookups_new(runtime.lookups, 0, answered, NULL);
    const struct addrinfo *list = NULL;
    int r;

    tell("works:read_config", opened(config_path, O_RDONLY));
    tell("works:udp", made(AF_INET, SOCK_DGRAM, 0));
    while ((r = fc_lookup(lookups, "localhost", "80", &hints, &list)) == EAI_INPROGRESS)
        loop_run(runtime.loop);
    tell("works:lookup", r ? -EIO : 0);
    tell("works:lookup_address", list && list->ai_addrlen ? 0 : -EIO);
    lookups_free(lookups);
    tell("works:shared_memory", said(memory < 0 ? memory : ftruncate(memory, 4096)));
}

static void set_up(bool closed)
{
    struct path_set readable = {0}, shown = {0};
    struct config *config;
    struct show *show;

    inotify = inotify_init1(IN_CLOEXEC);
    if (config_load(&config, config_path, NULL, 0) < 0 ||
        build_show(&show, config, config_path, false, &users) < 0 ||
        config_collect_folders(config, &readable) < 0 || shown_collect(show, 0, &shown) < 0 ||
        users_fix(&users, show) < 0 || runtime_init(&runtime, &shown, &users) < 0 ||
        (closed && runtime_confine(&runtime, &readable) < 0))
        exit(1);
    snprintf(folder, sizeof(folder), "%s", readable.paths[0]);
}

int main(int argc, char **argv)
{
    char *const shell[] = {(char *)"sh", (char *)"-c", (char *)"echo execve 0", NULL};

    if (argc != 6)
        return 64;
    config_path = argv[2];
    secret = argv[3];
    victim = (pid_t)atoi(argv[4]);
    unix_path = argv[5];
    set_up(strcmp(argv[1], "closed") == 0);
    tell("works:state", state_folder_open(&runtime, 0, config_path, "py1", own_state, sizeof(own_state)));
    work();
    attack_keeper(own_state);
    attack_users(own_state);
    attack_zygote(own_state);
    attack_files();
    attack_sockets();
    attack_processes();
    attack_kernel();
    tell("execve", said(execve("/bin/sh", shell, NULL)));
    _exit(0);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tries what attackers could do who have taken over a gate. `gate_attack open|closed UID SECRET VICTIM-PID`
 * prints "NAME ERRNO" for each attempt; 0 is a success. With `open` the process does not confine itself: this
 * is the control, which shows that the attempts are real. UID is that of the workers; only root has another
 * one.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/os/confine.h"

static int child_pidfd,
    child_memory; /* of a process of the workers' account, as the broker hands them over */
static char marked[] = "of the worker";

static int said(long r)
{
    return r < 0 ? errno : 0;
}

static void tell(const char *name, int error)
{
    printf("%s %d\n", name, error);
    fflush(stdout);
}

static pid_t start_worker(uid_t uid)
{
    pid_t pid = fork();
    char path[32];

    if (pid == 0) {
        if (getuid() == 0 && (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0))
            _exit(1);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a new identity clears it */
        prctl(PR_SET_DUMPABLE, 1);
        strcpy(marked, "OF THE WORKER");
        for (;;)
            pause();
    }
    usleep(100000);
    snprintf(path, sizeof(path), "/proc/%d/mem", pid);
    child_pidfd = pidfd_open(pid, 0);
    child_memory = open(path, O_RDONLY | O_CLOEXEC);
    return pid;
}

static void work(void)
{
    char bytes[sizeof(marked)] = "";
    int fd = pidfd_getfd(child_pidfd, STDOUT_FILENO, 0);

    tell("works:descriptor_of_a_worker", said(fd));
    tell("works:memory_of_a_worker",
         pread(child_memory, bytes, sizeof(bytes), (off_t)(uintptr_t)marked) == sizeof(bytes) &&
                 strcmp(bytes, "OF THE WORKER") == 0
             ? 0
             : EIO);
    tell("works:udp", said(socket(AF_INET, SOCK_DGRAM, 0)));
    tell("works:tcp", said(socket(AF_INET6, SOCK_STREAM, 0)));
}

static void attack_files(const char *secret)
{
    tell("read_secret", said(open(secret, O_RDONLY)));
    tell("write_secret", said(open(secret, O_WRONLY)));
    tell("read_passwd", said(open("/etc/passwd", O_RDONLY)));
    tell("make_file", said(open("/tmp", O_TMPFILE | O_RDWR, 0600)));
    tell("find_secret", said(access(secret, F_OK)));
    tell("working_folder", said(chdir("/")));
    tell("memory_file", said(memfd_create("x", 0)));
}

static void attack_processes(pid_t victim, pid_t worker)
{
    char byte;
    struct iovec local = {&byte, 1}, remote = {marked, 1};
    pid_t pid;

    tell("pidfd_of_another", said(pidfd_open(victim, 0)));
    tell("pidfd_of_a_worker", said(pidfd_open(worker, 0)));
    tell("memory_by_pid", said(process_vm_readv(worker, &local, 1, &remote, 1, 0)));
    tell("ptrace", said(ptrace(PTRACE_SEIZE, worker, NULL, NULL)));
    tell("signal", said(kill(victim, 0)));
    tell("signal_a_worker", said(pidfd_send_signal(child_pidfd, 0, NULL, 0)));
    pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        _exit(0);
    tell("fork", said(pid));
}

static void attack_kernel(void)
{
    void *executable =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    tell("executable_memory", executable == MAP_FAILED ? errno : 0);
    tell("unix_socket", said(socket(AF_UNIX, SOCK_STREAM, 0)));
    tell("netlink", said(socket(AF_NETLINK, SOCK_RAW, 0)));
    tell("raw", said(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)));
    tell("dumpable", said(prctl(PR_SET_DUMPABLE, 1)));
    tell("root_again", said(setresuid(0, 0, 0)));
}

int main(int argc, char **argv)
{
    char *const shell[] = {(char *)"sh", (char *)"-c", (char *)"echo execve 0", NULL};
    struct confine_spec spec = {.is_root = geteuid() == 0};
    pid_t worker;

    if (argc != 5)
        return 64;
    spec.uid = spec.gid = (uid_t)atoi(argv[2]);
    worker = start_worker(spec.uid);
    if (strcmp(argv[1], "closed") == 0 && confine_gate(&spec) < 0)
        return 1;
    work();
    attack_files(argv[3]);
    attack_processes((pid_t)atoi(argv[4]), worker);
    attack_kernel();
    tell("execve", said(execve("/bin/sh", shell, NULL)));
    _exit(0);
}

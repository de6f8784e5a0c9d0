/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls that a script may make; data only. Calls in no row get ENOSYS, so a library that tries
 * something new falls back. Rows of one name must not overlap: libseccomp relies on that.
 */
#include "worker/sandbox/syscalls.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "firecurtain/cleanup.h"

/* exactly those of pthread_create() in glibc */
#define THREAD_FLAGS                                                                                         \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |       \
     CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

/* Newer architectures have only the newer of two calls; where both exist, libraries use the older. */
#ifdef SYS_poll
#define OF_TWO(older, newer) older
#else
#define OF_TWO(older, newer) newer
#endif

/* The operation without its two flags. */
#define FUTEX_OPERATION  (~(uint64_t)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME))
#define FUTEX_WITH_SCOPE (~(uint64_t)FUTEX_CLOCK_REALTIME)

/* The flags that distinguish mappings. */
#define MMAP_KINDS (MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN)

/* The flags that distinguish ways to open a file. */
#define OPEN_UNNAMED (O_TMPFILE & ~O_DIRECTORY)
#define OPEN_KINDS   (O_ACCMODE | O_TRUNC | OPEN_UNNAMED)

#define ALLOW(call, why)                                                                                     \
    {                                                                                                        \
        .name = (call), .action = SYSCALL_ALLOW, .reason = (why)                                             \
    }
#define ALLOW_IF(call, n, op, v, why)                                                                        \
    {                                                                                                        \
        .name = (call), .action = SYSCALL_ALLOW, .compare = (op), .arg = (n), .value = (uint64_t)(v),        \
        .operand = #v, .reason = (why)                                                                       \
    }
#define ALLOW_MASK(call, n, m, v, why)                                                                       \
    {                                                                                                        \
        .name = (call), .action = SYSCALL_ALLOW, .compare = SYSCALL_MASKED, .arg = (n), .mask = (m),         \
        .value = (v), .operand = #v, .reason = (why)                                                         \
    }
#define OPTION(level, option, why)                                                                           \
    {                                                                                                        \
        .name = "setsockopt", .action = SYSCALL_ALLOW, .compare = SYSCALL_OPTION, .mask = (level),           \
        .value = (option), .operand = #option, .reason = (why)                                               \
    }
#define READ_OPTION(level, option, why)                                                                      \
    {                                                                                                        \
        .name = "getsockopt", .action = SYSCALL_ALLOW, .compare = SYSCALL_OPTION, .mask = (level),           \
        .value = (option), .operand = #option, .reason = (why)                                               \
    }
#define ANSWER(call, why)                                                                                    \
    {                                                                                                        \
        .name = (call), .action = SYSCALL_ANSWER, .reason = (why)                                            \
    }
#define TELL(call, why)                                                                                      \
    {                                                                                                        \
        .name = (call), .action = SYSCALL_TELL, .reason = (why)                                              \
    }
#define ANSWER_IF(call, n, op, v, why)                                                                       \
    {                                                                                                        \
        .name = (call), .action = SYSCALL_ANSWER, .compare = (op), .arg = (n), .value = (uint64_t)(v),       \
        .operand = #v, .reason = (why)                                                                       \
    }
#define ANSWER_OPTION(level, option, why)                                                                    \
    {                                                                                                        \
        .name = "setsockopt", .action = SYSCALL_ANSWER, .compare = SYSCALL_OPTION, .mask = (level),          \
        .value = (option), .operand = #option, .reason = (why)                                               \
    }
#define QUIET_OPTION(level, option, e, why)                                                                  \
    {                                                                                                        \
        .name = "setsockopt", .action = SYSCALL_ERRNO, .compare = SYSCALL_OPTION, .mask = (level),           \
        .value = (option), .operand = #option, .error = (e), .reason = (why)                                 \
    }
#define HOST_OPTION(level, option, why)                                                                      \
    {                                                                                                        \
        .name = "setsockopt", .action = SYSCALL_ALLOW_HOST, .compare = SYSCALL_OPTION, .mask = (level),      \
        .value = (option), .operand = #option, .reason = (why)                                               \
    }
#define FILES(call, why)                                                                                     \
    {                                                                                                        \
        .name = (call), .action = SYSCALL_ALLOW_FILES, .reason = (why)                                       \
    }
#define HOST(call, why)                                                                                      \
    {                                                                                                        \
        .name = (call), .action = SYSCALL_ALLOW_HOST, .reason = (why)                                        \
    }
#define HOST_IF(call, n, op, v, why)                                                                         \
    {                                                                                                        \
        .name = (call), .action = SYSCALL_ALLOW_HOST, .compare = (op), .arg = (n), .value = (uint64_t)(v),   \
        .operand = #v, .reason = (why)                                                                       \
    }
#define QUIET(call, e, why)                                                                                  \
    {                                                                                                        \
        .name = (call), .action = SYSCALL_ERRNO, .error = (e), .reason = (why)                               \
    }
#define QUIET_IF(call, n, op, v, e, why)                                                                     \
    {                                                                                                        \
        .name = (call), .action = SYSCALL_ERRNO, .compare = (op), .arg = (n), .value = (uint64_t)(v),        \
        .operand = #v, .error = (e), .reason = (why)                                                         \
    }
#define QUIET_MASK(call, n, m, v, e, why)                                                                    \
    {                                                                                                        \
        .name = (call), .action = SYSCALL_ERRNO, .compare = SYSCALL_MASKED, .arg = (n), .mask = (m),         \
        .value = (v), .operand = #v, .error = (e), .reason = (why)                                           \
    }
#define REPORT(call, why)                                                                                    \
    {                                                                                                        \
        .name = (call), .action = SYSCALL_REPORT, .reason = (why)                                            \
    }
#define REPORT_IF(call, n, op, v, why)                                                                       \
    {                                                                                                        \
        .name = (call), .action = SYSCALL_REPORT, .compare = (op), .arg = (n), .value = (uint64_t)(v),       \
        .operand = #v, .reason = (why)                                                                       \
    }

const struct syscall_rule sandbox_syscalls[] = {
    /* memory: what is mapped can only make the calls of this table */
    QUIET("brk", 0, "malloc: 0 is no address, and it falls back to mmap()"),
    /* shared anonymous memory and growing stacks are not counted by the limit */
    ALLOW_MASK("mmap", 3, MMAP_KINDS, MAP_ANONYMOUS, "malloc, thread stacks"),
    ALLOW_MASK("mmap", 3, MMAP_KINDS, 0, "shared libraries of imported modules, files"),
    /* with mprotect(), also what is mapped for reading only; the C library's stand-ins make it private */
    QUIET_MASK("mmap", 3, MMAP_KINDS, MAP_SHARED, ENODEV, "writing to a file past the count of its blocks"),
    ALLOW("munmap", "malloc, ended threads"),
    ALLOW("mprotect", "thread stacks, relocation of imported modules, ctypes closures"),

    /* threads and time */
    ALLOW_IF("clone", 0, SYSCALL_EQ, THREAD_FLAGS, "threading"),
    REPORT_IF("clone", 0, SYSCALL_NE, THREAD_FLAGS, "a new process or namespace"),
    QUIET("clone3", ENOSYS, "glibc falls back to clone(), whose flags can be compared"),
    QUIET("set_robust_list", 0, "start of a thread; no robust mutex is shared with anybody"),
    /*
     * The end of a thread is awaited on a futex that is not private, which the kernel wakes. Waking others on
     * such a futex, in a library that all instances map, would be a channel between them.
     */
    ALLOW_MASK("futex", 1, FUTEX_OPERATION, FUTEX_WAIT, "locks, the end of a thread"),
    ALLOW_MASK("futex", 1, FUTEX_OPERATION, FUTEX_WAIT_BITSET, "locks, the end of a thread"),
    ALLOW_MASK("futex", 1, FUTEX_WITH_SCOPE, FUTEX_WAKE_PRIVATE, "locks, the interpreter lock included"),
    ALLOW_MASK("futex", 1, FUTEX_WITH_SCOPE, FUTEX_WAKE_BITSET_PRIVATE, "locks"),
    ALLOW_MASK("futex", 1, FUTEX_WITH_SCOPE, FUTEX_WAKE_OP_PRIVATE, "locks"),
    ALLOW_MASK("futex", 1, FUTEX_WITH_SCOPE, FUTEX_REQUEUE_PRIVATE, "condition variables"),
    ALLOW_MASK("futex", 1, FUTEX_WITH_SCOPE, FUTEX_CMP_REQUEUE_PRIVATE, "condition variables"),
    QUIET("sched_yield", 0, "locks; the caller spins on"),
    ALLOW("gettid", "threading.get_native_id()"),
    ALLOW("getpid", "os.getpid()"),
    QUIET("getppid", 0, "the parent is not in the namespace"),
    ALLOW("exit", "end of a thread"),
    ALLOW("exit_group", "end of the worker"),
    ALLOW("restart_syscall", "the kernel's own, after a stop"),
    ALLOW("clock_gettime", "time, where the vDSO does not answer"),
    ALLOW("clock_nanosleep", "time.sleep()"),

    /* signals: to itself only */
    ALLOW("rt_sigaction", "signal, faulthandler"),
    ALLOW("rt_sigprocmask", "start of a thread"),
    ALLOW("rt_sigreturn", "return from a signal handler"),
    ALLOW_IF("kill", 0, SYSCALL_EQ, SYSCALL_SELF, "os.kill(os.getpid(), …)"),
    REPORT_IF("kill", 0, SYSCALL_NE, SYSCALL_SELF, "a signal to another process or group"),
    ALLOW_IF("tgkill", 0, SYSCALL_EQ, SYSCALL_SELF, "raise(), abort()"),
    REPORT_IF("tgkill", 0, SYSCALL_NE, SYSCALL_SELF, "a signal to another process"),

#ifdef FIRECURTAIN_ASAN
    ALLOW("sigaltstack", "the sanitizer asks for it at the end of a worker"),
#endif

    /* files: in the private root */
    ALLOW("read", "files and sockets"),
    ALLOW("pread64", "files"),
    ALLOW("write", "files, sockets, the log"),
    ALLOW("pwrite64", "files"),
    ALLOW("lseek", "files"),
    /* before ABI 3, Landlock lets a file be emptied that is not opened for writing */
    ALLOW_MASK("openat", 2, OPEN_KINDS, O_RDONLY, "open() in the private root"),
    ALLOW_MASK("openat", 2, OPEN_KINDS, O_WRONLY, "open() in the private root"),
    ALLOW_MASK("openat", 2, OPEN_KINDS, O_RDWR, "open() in the private root"),
    ALLOW_MASK("openat", 2, OPEN_KINDS, O_WRONLY | O_TRUNC, "open() in the private root"),
    ALLOW_MASK("openat", 2, OPEN_KINDS, O_RDWR | O_TRUNC, "open() in the private root"),
    QUIET_MASK("openat", 2, OPEN_UNNAMED, OPEN_UNNAMED, EOPNOTSUPP,
               "a file without a name; tempfile tries it"),
    ALLOW("close", "files"),
    ALLOW("newfstatat", "stat()"),
#if __GLIBC_PREREQ(2, 37) /* before, fstat() makes newfstatat() */
    ALLOW("fstat", "open()"),
#endif
    ALLOW(OF_TWO("access", "faccessat"), "os.access()"),
    ALLOW(OF_TWO("readlink", "readlinkat"), "os.path.realpath()"),
    ALLOW("getcwd", "os.getcwd()"),
    ALLOW("chdir", "os.chdir(), within the private root"),
    ALLOW("getdents64", "os.listdir(), the import system"),
    ALLOW(OF_TWO("mkdir", "mkdirat"), "folders in /state"),
    ALLOW("rmdir", "folders in /state"),
    /* what is deleted and still open counts, too */
    TELL("unlink", "files in /state"),
    TELL(OF_TWO("rename", "renameat"), "files in /state, replaced atomically"),
    ALLOW("ftruncate", "files in /state, within the size limit"),
    ALLOW("fsync", "files in /state"),
    ALLOW("fdatasync", "files in /state"),
    /* Landlock does not cover it, so without a private root it would reach all files of the user */
    FILES("utimensat", "files in /state"),
    QUIET(OF_TWO("chmod", "fchmodat"), 0, "modes mean nothing in /state: it has one user"),
    /* extended attributes: none, as on many a file system */
    QUIET("getxattr", EOPNOTSUPP, "shutil.copystat()"),
    QUIET("lgetxattr", EOPNOTSUPP, "shutil.copystat()"),
    QUIET("fgetxattr", EOPNOTSUPP, "shutil.copystat()"),
    QUIET("listxattr", EOPNOTSUPP, "shutil.copystat()"),
    QUIET("llistxattr", EOPNOTSUPP, "shutil.copystat()"),
    QUIET("flistxattr", EOPNOTSUPP, "shutil.copystat()"),
    QUIET("setxattr", EOPNOTSUPP, "shutil.copystat()"),
    QUIET("lsetxattr", EOPNOTSUPP, "shutil.copystat()"),
    QUIET("fsetxattr", EOPNOTSUPP, "shutil.copystat()"),
    QUIET("removexattr", EOPNOTSUPP, "shutil.copystat()"),
    QUIET("lremovexattr", EOPNOTSUPP, "shutil.copystat()"),
    QUIET("fremovexattr", EOPNOTSUPP, "shutil.copystat()"),
    QUIET("link", EPERM, "links: as on a file system that has none"),
    QUIET("linkat", EPERM, "links: as on a file system that has none"),
    QUIET("symlink", EPERM, "links: as on a file system that has none"),
    QUIET("symlinkat", EPERM, "links: as on a file system that has none"),
    QUIET("fchmod", 0, "modes mean nothing in /state: it has one user"),
    QUIET("umask", 0, "modes mean nothing in /state: it has one user"),

    /* descriptors */
    ALLOW("pipe2", "wake-ups between threads"),
    ALLOW(OF_TWO("poll", "ppoll"), "socket time-outs, selectors, asyncio, the link"),
    ALLOW("pselect6", "select, selectors"),
    ALLOW_IF("fcntl", 1, SYSCALL_EQ, F_DUPFD, "os.dup()"),
    ALLOW_IF("fcntl", 1, SYSCALL_EQ, F_DUPFD_CLOEXEC, "os.dup()"),
    ALLOW_IF("fcntl", 1, SYSCALL_EQ, F_GETFD, "os.get_inheritable()"),
    ALLOW_IF("fcntl", 1, SYSCALL_EQ, F_SETFD, "os.set_inheritable()"),
    ALLOW_IF("fcntl", 1, SYSCALL_EQ, F_GETFL, "socket.setblocking()"),
    ALLOW_IF("fcntl", 1, SYSCALL_EQ, F_SETFL, "socket.setblocking()"),
    /*
     * Files that a script may lock are its own, and nobody else has them open, so locking always succeeds.
     * Real locks on a file or device that all instances see would be a channel between them.
     */
    QUIET_IF("fcntl", 1, SYSCALL_EQ, F_SETLK, 0, "sqlite3"),
    QUIET_IF("fcntl", 1, SYSCALL_EQ, F_SETLKW, 0, "sqlite3"),
    QUIET_IF("fcntl", 1, SYSCALL_EQ, F_OFD_SETLK, 0, "sqlite3"),
    QUIET_IF("fcntl", 1, SYSCALL_EQ, F_OFD_SETLKW, 0, "sqlite3"),
    QUIET("flock", 0, "dbm"),
    ALLOW_IF("ioctl", 1, SYSCALL_EQ, FIONBIO, "socket.setblocking()"),
    ALLOW_IF("ioctl", 1, SYSCALL_EQ, FIOCLEX, "os.set_inheritable()"),
    ALLOW_IF("ioctl", 1, SYSCALL_EQ, FIONCLEX, "os.set_inheritable()"),
    ALLOW_IF("ioctl", 1, SYSCALL_EQ, FIONREAD, "how much there is to read"),
    QUIET_IF("ioctl", 1, SYSCALL_EQ, TCGETS, ENOTTY, "isatty() of an opened file"),
    QUIET_IF("ioctl", 1, SYSCALL_EQ, TIOCGWINSZ, ENOTTY, "os.get_terminal_size()"),
    REPORT_IF("ioctl", 1, SYSCALL_EQ, TIOCSTI, "typing into the operator's terminal"),
    REPORT_IF("ioctl", 1, SYSCALL_EQ, TIOCLINUX, "typing into the console"),

    /* sockets: the internet families, nothing local */
    ALLOW_IF("socket", 0, SYSCALL_EQ, AF_INET, "socket.socket()"),
    ALLOW_IF("socket", 0, SYSCALL_EQ, AF_INET6, "socket.socket()"),
    QUIET_IF("socket", 0, SYSCALL_EQ, AF_UNSPEC, EAFNOSUPPORT, "no such family"),
    QUIET_IF("socket", 0, SYSCALL_EQ, AF_UNIX, EAFNOSUPPORT, "services of the host; syslog tries it"),
    QUIET_IF("socket", 0, SYSCALL_EQ, AF_NETLINK, EAFNOSUPPORT, "getaddrinfo() tries it"),
    QUIET_IF("socket", 0, SYSCALL_GT, AF_INET6, EAFNOSUPPORT,
             "other families: packet, vsock, alg, bluetooth…"),
    ANSWER_IF("socketpair", 0, SYSCALL_EQ, AF_UNIX, "asyncio, socket.socketpair(): up to 64 pairs"),
    HOST("connect", "clients; without insecure-network = host the gate decides and carries out"),
    HOST("bind", "servers, UDP"),
    HOST("listen", "servers"),
    ALLOW_IF("sendto", 4, SYSCALL_EQ, 0, "send() on a connected socket"),
    HOST_IF("sendto", 4, SYSCALL_NE, 0, "UDP"),
    HOST("sendmsg", "UDP; the address is in memory, where the filter cannot see it"),
    HOST("sendmmsg", "UDP, several at once: name look-ups"),
    ALLOW("recvfrom", "recv()"),
    ALLOW("accept4", "servers"),
    ALLOW("getsockname", "servers"),
    ALLOW("getpeername", "manage() asks whether a socket is connected"),
    /* nothing that tells who is at the other end of the link, such as pids and pidfds */
    READ_OPTION(SOL_SOCKET, SO_ERROR, "what a socket is"),
    READ_OPTION(SOL_SOCKET, SO_TYPE, "what a socket is"),
    READ_OPTION(SOL_SOCKET, SO_DOMAIN, "what a socket is"),
    READ_OPTION(SOL_SOCKET, SO_PROTOCOL, "what a socket is"),
    READ_OPTION(SOL_SOCKET, SO_ACCEPTCONN, "what a socket is"),
    READ_OPTION(SOL_SOCKET, SO_LINGER, "what a socket is"),
    READ_OPTION(SOL_SOCKET, SO_REUSEADDR, "as set, or the default"),
    READ_OPTION(SOL_SOCKET, SO_REUSEPORT, "as set, or the default"),
    READ_OPTION(SOL_SOCKET, SO_KEEPALIVE, "as set, or the default"),
    READ_OPTION(SOL_SOCKET, SO_BROADCAST, "as set, or the default"),
    READ_OPTION(SOL_SOCKET, SO_OOBINLINE, "as set, or the default"),
    READ_OPTION(SOL_SOCKET, SO_RCVBUF, "as set, or the default"),
    READ_OPTION(SOL_SOCKET, SO_SNDBUF, "as set, or the default"),
    READ_OPTION(SOL_SOCKET, SO_RCVTIMEO, "as set, or the default"),
    READ_OPTION(SOL_SOCKET, SO_SNDTIMEO, "as set, or the default"),
    READ_OPTION(IPPROTO_TCP, TCP_NODELAY, "as set, or the default"),
    READ_OPTION(IPPROTO_TCP, TCP_CORK, "as set, or the default"),
    READ_OPTION(IPPROTO_TCP, TCP_QUICKACK, "as set, or the default"),
    READ_OPTION(IPPROTO_TCP, TCP_KEEPIDLE, "as set, or the default"),
    READ_OPTION(IPPROTO_TCP, TCP_KEEPINTVL, "as set, or the default"),
    READ_OPTION(IPPROTO_TCP, TCP_KEEPCNT, "as set, or the default"),
    READ_OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT, "as set, or the default"),
    READ_OPTION(IPPROTO_IP, IP_TOS, "as set, or the default"),
    READ_OPTION(IPPROTO_IP, IP_TTL, "as set, or the default"),
    READ_OPTION(IPPROTO_IP, IP_MULTICAST_TTL, "as set, or the default"),
    READ_OPTION(IPPROTO_IP, IP_MULTICAST_LOOP, "as set, or the default"),
    READ_OPTION(IPPROTO_IP, IP_MULTICAST_IF, "as set, or the default"),
    READ_OPTION(IPPROTO_IPV6, IPV6_V6ONLY, "as set, or the default"),
    READ_OPTION(IPPROTO_IPV6, IPV6_TCLASS, "as set, or the default"),
    READ_OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS, "as set, or the default"),
    READ_OPTION(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, "as set, or the default"),
    READ_OPTION(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, "as set, or the default"),
    READ_OPTION(IPPROTO_IPV6, IPV6_MULTICAST_IF, "as set, or the default"),
    /* no source routes, and no SO_LINGER: with it the broker would wait when it closes its duplicate */
    OPTION(SOL_SOCKET, SO_REUSEADDR, "servers, time-outs, buffers"),
    OPTION(SOL_SOCKET, SO_REUSEPORT, "servers, time-outs, buffers"),
    OPTION(SOL_SOCKET, SO_KEEPALIVE, "servers, time-outs, buffers"),
    OPTION(SOL_SOCKET, SO_BROADCAST, "servers, time-outs, buffers"),
    OPTION(SOL_SOCKET, SO_OOBINLINE, "servers, time-outs, buffers"),
    ANSWER_OPTION(SOL_SOCKET, SO_RCVBUF, "buffers, up to a size: they are memory of the kernel's"),
    ANSWER_OPTION(SOL_SOCKET, SO_SNDBUF, "buffers, up to a size: they are memory of the kernel's"),
    OPTION(SOL_SOCKET, SO_RCVTIMEO, "servers, time-outs, buffers"),
    OPTION(SOL_SOCKET, SO_SNDTIMEO, "servers, time-outs, buffers"),
    OPTION(IPPROTO_TCP, TCP_NODELAY, "latency, dead peers"),
    OPTION(IPPROTO_TCP, TCP_CORK, "latency, dead peers"),
    OPTION(IPPROTO_TCP, TCP_QUICKACK, "latency, dead peers"),
    OPTION(IPPROTO_TCP, TCP_KEEPIDLE, "latency, dead peers"),
    OPTION(IPPROTO_TCP, TCP_KEEPINTVL, "latency, dead peers"),
    OPTION(IPPROTO_TCP, TCP_KEEPCNT, "latency, dead peers"),
    OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT, "latency, dead peers"),
    /* groups and interfaces are the host's: the gate asks the policy */
    OPTION(IPPROTO_IP, IP_TOS, "multicast"),
    OPTION(IPPROTO_IP, IP_TTL, "multicast"),
    OPTION(IPPROTO_IP, IP_MULTICAST_TTL, "multicast"),
    OPTION(IPPROTO_IP, IP_MULTICAST_LOOP, "multicast"),
    HOST_OPTION(IPPROTO_IP, IP_MULTICAST_IF, "multicast"),
    HOST_OPTION(IPPROTO_IP, IP_ADD_MEMBERSHIP, "multicast"),
    HOST_OPTION(IPPROTO_IP, IP_DROP_MEMBERSHIP, "multicast"),
    ANSWER_OPTION(IPPROTO_IPV6, IPV6_V6ONLY, "servers; the gate binds them"),
    OPTION(IPPROTO_IPV6, IPV6_TCLASS, "multicast"),
    OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS, "multicast"),
    OPTION(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, "multicast"),
    OPTION(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, "multicast"),
    HOST_OPTION(IPPROTO_IPV6, IPV6_MULTICAST_IF, "multicast"),
    HOST_OPTION(IPPROTO_IPV6, IPV6_JOIN_GROUP, "multicast"),
    HOST_OPTION(IPPROTO_IPV6, IPV6_LEAVE_GROUP, "multicast"),
    QUIET_OPTION(SOL_SOCKET, SO_LINGER, 0, "programs set it, and do not need it"),
    ALLOW("shutdown", "socket.shutdown()"),

    /* about itself */
    ALLOW("getrandom", "random, secrets, os.urandom()"),
    ANSWER("getuid", "os.getuid(), pathlib"),
    ANSWER("geteuid", "os.geteuid()"),
    ANSWER("getgid", "os.getgid()"),
    ANSWER("getegid", "os.getegid()"),
    ALLOW("uname", "platform, socket.gethostname()"),
    QUIET_IF("prctl", 0, SYSCALL_EQ, PR_SET_NAME, 0, "names of threads"),
    REPORT_IF("prctl", 0, SYSCALL_EQ, PR_SET_DUMPABLE, "hiding from the gate"),
    REPORT_IF("prctl", 0, SYSCALL_EQ, PR_SET_SECCOMP, "a further filter"),

    /* attacks: refused like everything else, and reported */
    REPORT("fork", "a new process"),
    REPORT("vfork", "a new process"),
    REPORT("execve", "a new program"),
    REPORT("execveat", "a new program, also from memory"),
    REPORT("unshare", "a new namespace"),
    REPORT("setns", "another's namespace"),
    REPORT("ptrace", "another's memory"),
    REPORT("process_vm_readv", "another's memory"),
    REPORT("process_vm_writev", "another's memory"),
    REPORT("pidfd_open", "another process"),
    REPORT("pidfd_getfd", "another's descriptors"),
    REPORT("pidfd_send_signal", "another process"),
    REPORT("tkill", "a signal to another's thread"),
    REPORT("mount", "the private root"),
    REPORT("umount2", "the private root"),
    REPORT("pivot_root", "the private root"),
    REPORT("chroot", "the private root"),
    REPORT("open_tree", "the private root"),
    REPORT("move_mount", "the private root"),
    REPORT("mount_setattr", "the private root"),
    REPORT("fsopen", "the private root"),
    REPORT("fsmount", "the private root"),
    REPORT("mknod", "devices"),
    REPORT("mknodat", "devices"),
    REPORT("open_by_handle_at", "files outside the private root"),
    REPORT("name_to_handle_at", "files outside the private root"),
    REPORT("bpf", "code in the kernel"),
    REPORT("perf_event_open", "code in the kernel"),
    REPORT("userfaultfd", "stopping the kernel in mid-copy"),
    REPORT("io_uring_setup", "calls that no filter sees"),
    REPORT("io_uring_enter", "calls that no filter sees"),
    REPORT("io_uring_register", "calls that no filter sees"),
    REPORT("keyctl", "storage shared between instances"),
    REPORT("add_key", "storage shared between instances"),
    REPORT("request_key", "storage shared between instances"),
    REPORT("shmget", "memory shared between instances"),
    REPORT("msgget", "queues shared between instances"),
    REPORT("semget", "semaphores shared between instances"),
    REPORT("mq_open", "queues shared between instances"),
    REPORT("seccomp", "a further filter"),
    REPORT("personality", "another kernel interface"),
    REPORT("modify_ldt", "another kernel interface"),
    REPORT("init_module", "the kernel itself"),
    REPORT("finit_module", "the kernel itself"),
    REPORT("kexec_load", "the kernel itself"),
    REPORT("reboot", "the machine"),
    REPORT("setuid", "another identity"),
    REPORT("setgid", "another identity"),
    REPORT("setresuid", "another identity"),
    REPORT("setresgid", "another identity"),
    REPORT("capset", "privileges"),
};

const size_t sandbox_n_syscalls = FC_ARRAY_SIZE(sandbox_syscalls);

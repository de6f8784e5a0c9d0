/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks connections to the control socket and what is read from them. libzmq may close a descriptor without
 * a last read, and its number is used again; so a connection is a number and the socket's inode, and when
 * another inode is found there, the old connection is forgotten.
 */
#include "broker/desk/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "broker/base/log.h"
#include "broker/base/rate.h"
#include "broker/desk/say.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"
#include "proto/codec_control.h"
#include "proto/desk_messages.h"
#include "proto/pass.h"
#include "proto/zmtp.h"

#define GUARD_KNOCKS   500
#define GUARD_PAUSE_NS (10 * (long)FC_NS_PER_MS)

struct guarded_stream {
    int fd;
    ino_t inode;
    uid_t uid;
    struct zmtp stream;
};

static struct {
    pthread_mutex_t lock;
    const struct admits *admits;
    struct rate knocks; /* connections a second that are admitted without a pause */
    struct guarded_stream streams[GUARD_CONNECTIONS];
    size_t n_streams;
    int refused_fd;
    uint64_t n_refused; /* since the last line in the log */
    uid_t refused_uid;
    const char *refused_why;
    struct loop_source *source;
    struct log_limit limit;
} guard = {.lock = PTHREAD_MUTEX_INITIALIZER, .refused_fd = -1};

static void guard_unlock(pthread_mutex_t **lock)
{
    pthread_mutex_unlock(*lock);
}

#define GUARD_LOCKED                                                                                         \
    pthread_mutex_t *locked __attribute__((cleanup(guard_unlock), unused)) = &guard.lock;                    \
    pthread_mutex_lock(locked)

static void guard_say_refused(void *userdata, uint32_t events)
{
    uint64_t count, n;
    uid_t uid;
    const char *why;

    (void)userdata, (void)events;
    if (read(guard.refused_fd, &count, sizeof(count)) < 0 || !log_limit_take(&guard.limit, fc_now_ns()))
        return;
    {
        GUARD_LOCKED;
        n = guard.n_refused;
        uid = guard.refused_uid;
        why = guard.refused_why;
        guard.n_refused = 0;
    }
    say_warning("control: refused %llu connections, the last one from uid %u: %s", (unsigned long long)n, uid,
                why);
}

static bool guard_is_still(const struct guarded_stream *stream)
{
    struct stat st;

    return fstat(stream->fd, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == stream->inode;
}

static void guard_forget(size_t index)
{
    guard.streams[index] = guard.streams[--guard.n_streams];
}

static bool guard_refuse(uid_t uid, const char *why)
{
    uint64_t one = 1;

    guard.n_refused++;
    guard.refused_uid = uid;
    guard.refused_why = why;
    if (write(guard.refused_fd, &one, sizeof(one)) < 0)
        return false; /* the counter is full, so the descriptor is readable anyway */
    return false;
}

/* Counts the connections of a uid, without those that have ended. */
static size_t guard_count(uid_t uid)
{
    size_t n = 0;

    for (size_t i = guard.n_streams; i-- > 0;) {
        if (!guard_is_still(&guard.streams[i]))
            guard_forget(i);
    }
    for (size_t i = 0; i < guard.n_streams; i++)
        n += guard.streams[i].uid == uid;
    return n;
}

/* Delays new connections when there are too many a second; existing ones are not affected. */
static void guard_pace(void)
{
    const struct timespec pause = {.tv_nsec = (long)(FC_NS_PER_S / GUARD_KNOCKS)};
    bool is_enough;

    {
        GUARD_LOCKED;
        is_enough = rate_allow(&guard.knocks, fc_now_ns());
    }
    if (!is_enough)
        nanosleep(&pause, NULL);
}

static bool guard_admit(int fd)
{
    struct ucred peer;
    socklen_t bytes = sizeof(peer);
    bool is_owner;
    struct stat st;

    GUARD_LOCKED;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0 || fstat(fd, &st) < 0)
        return false;
    if (!guard.admits || !admits_find(guard.admits, peer.uid, peer.gid))
        return guard_refuse(peer.uid, "it has no role (section [control]) and is not the uid of a user");
    is_owner = admits_is_owner(guard.admits, peer.uid);
    if (guard_count(peer.uid) >= GUARD_PER_UID * (is_owner ? 2u : 1u) ||
        guard.n_streams + (is_owner ? 0u : GUARD_KEPT) >= GUARD_CONNECTIONS)
        return guard_refuse(peer.uid, "too many connections");
    guard.streams[guard.n_streams++] = (struct guarded_stream){.fd = fd, .inode = st.st_ino, .uid = peer.uid};
    return true;
}

/*
 * Before Linux 6.16 whoever may connect can pass a socket that takes any time to close (SO_LINGER), and what
 * closes it is this process's closing or reading. So nothing with descriptors is read, and connections are
 * closed by a thread that may take that time.
 */
static struct {
    int pipe[2]; /* numbers of descriptors */
    atomic_uint n;
} guard_closing = {.pipe = {-1, -1}};

static bool guard_is_old(void)
{
    return guard_closing.pipe[0] >= 0;
}

static bool guard_is_client(int fd)
{
    int domain = 0, type = 0;
    socklen_t n = sizeof(domain);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && domain == AF_UNIX && type == SOCK_STREAM;
}

static void *guard_close_slowly(void *userdata)
{
    int fd;

    while (read(guard_closing.pipe[0], &fd, sizeof(fd)) == sizeof(fd)) {
        syscall(SYS_close, fd);
        atomic_fetch_sub(&guard_closing.n, 1);
    }
    return userdata;
}

int guard_close(int fd)
{
    if (!guard_is_old() || !guard_is_client(fd))
        return (int)syscall(SYS_close, fd);
    shutdown(fd, SHUT_RDWR); /* the client is told at once */
    /* a process that ends closes without waiting, and the broker starts another desk */
    if (atomic_fetch_add(&guard_closing.n, 1) >= GUARD_CONNECTIONS ||
        write(guard_closing.pipe[1], &fd, sizeof(fd)) != sizeof(fd))
        _exit(EX_TEMPFAIL);
    return 0;
}

static int guard_start_closing(void)
{
    pthread_t thread;

    if (pass_refuse_descriptors(DESK_LISTENER))
        return 0;
    if (pipe2(guard_closing.pipe, O_CLOEXEC) < 0)
        return -errno;
    return -pthread_create(&thread, NULL, guard_close_slowly, NULL);
}

/* Returns whether a connection to the control socket must end because of what was read. Runs in any thread.
 */
static bool guard_refuses(int fd, const void *bytes, ssize_t n)
{
    GUARD_LOCKED;
    for (size_t i = 0; i < guard.n_streams; i++) {
        struct guarded_stream *stream = &guard.streams[i];
        const char *wrong;
        uid_t uid = stream->uid;

        if (stream->fd != fd)
            continue;
        if (n > 0 && guard_is_still(stream)) {
            wrong = zmtp_check(&stream->stream, bytes, (size_t)n, CONTROL_MAX_REQUEST);
            if (!wrong)
                return false;
            guard_forget(i);
            guard_refuse(uid, wrong);
            return true;
        }
        guard_forget(i);
        return false;
    }
    return false;
}

/* Runs in a thread of libzmq that has nothing else to do, so it may sleep. */
static bool guard_lets_in(int fd)
{
    guard_pace();
    return guard_admit(fd);
}

/*
 * libzmq takes these errors for a connection that failed, and any other for the end of the world. What waits
 * for a descriptor stays readable: without a pause its thread would ask as fast as it can.
 */
int guard_accept(int fd, struct sockaddr *address, socklen_t *bytes, int flags)
{
    int accepted = (int)syscall(SYS_accept4, fd, address, bytes, flags);

    if (fd != DESK_LISTENER)
        return accepted; /* a browser's: http.c has limits of its own */
    if (accepted < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
        const struct timespec pause = {.tv_nsec = GUARD_PAUSE_NS};

        nanosleep(&pause, NULL);
        errno = ENFILE;
    }
    if (accepted < 0 || guard_lets_in(accepted))
        return accepted;
    guard_close(accepted);
    errno = ECONNABORTED;
    return -1;
}

ssize_t guard_receive(int fd, void *buffer, size_t bytes, int flags)
{
    bool is_tampered = !flags && guard_is_old() && guard_is_client(fd) && pass_brings_descriptors(fd);
    ssize_t n = is_tampered ? 0 : syscall(SYS_recvfrom, fd, buffer, bytes, flags, NULL, NULL);
    int error = errno;
    bool is_refused =
        !flags && !(n < 0 && (error == EAGAIN || error == EINTR)) && guard_refuses(fd, buffer, n);

    errno = is_refused ? ECONNRESET : error;
    return is_refused ? -1 : n;
}

int guard_start(struct loop *loop, const struct admits *admits)
{
    int r;

    guard.refused_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (guard.refused_fd < 0)
        return -errno;
    r = guard_start_closing();
    if (r < 0)
        return r;
    log_limit_init(&guard.limit, 5, 1);
    rate_init_burst(&guard.knocks, GUARD_KNOCKS, GUARD_KNOCKS);
    r = loop_add(loop, &guard.source, guard.refused_fd, EPOLLIN, "the control socket", guard_say_refused,
                 NULL);
    if (r < 0)
        return r;
    GUARD_LOCKED;
    guard.admits = admits;
    return 0;
}

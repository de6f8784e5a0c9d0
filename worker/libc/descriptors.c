/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for dup2() and dup3(), and for the calls that take several buffers: readv(), writev(), preadv(),
 * pwritev(), recvmsg() and sendfile(). They are made of the simpler calls that the filter allows.
 */
#include "worker/libc/names.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "worker/libc/libc.h"

#define DESCRIPTORS_AT_ONCE 65536 /* bytes of a file */

/* Closes `to` and takes its number. Where another thread was faster it fails as the kernel's may, with EBUSY.
 */
static int descriptors_move(int from, int to, bool closes_on_exec)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int got;

    if (fcntl(from, F_GETFD) < 0)
        return -1;
    if (to < 0 || to >= sysconf(_SC_OPEN_MAX)) {
        errno = EBADF;
        return -1;
    }
    pthread_mutex_lock(&lock);
    close(to);
    got = fcntl(from, closes_on_exec ? F_DUPFD_CLOEXEC : F_DUPFD, to);
    pthread_mutex_unlock(&lock);
    if (got < 0 || got == to)
        return got;
    close(got);
    errno = EBUSY;
    return -1;
}

int dup3(int from, int to, int flags)
{
    if (!libc_facts.is_confined)
        return LIBC_NEXT(dup3)(from, to, flags);
    if (from != to && !(flags & ~O_CLOEXEC))
        return descriptors_move(from, to, flags & O_CLOEXEC);
    errno = EINVAL;
    return -1;
}

int dup2(int from, int to)
{
    if (!libc_facts.is_confined)
        return LIBC_NEXT(dup2)(from, to);
    if (from == to)
        return fcntl(from, F_GETFD) < 0 ? -1 : to;
    return descriptors_move(from, to, false);
}

/* Returns the size of all parts, or -1 with errno. */
static ssize_t descriptors_size(const struct iovec *parts, int n)
{
    size_t bytes = 0;

    for (int i = 0; i < n; i++) {
        if (parts[i].iov_len > SSIZE_MAX - bytes)
            n = -1;
        else
            bytes += parts[i].iov_len;
    }
    if (n >= 0 && n <= IOV_MAX)
        return (ssize_t)bytes;
    errno = EINVAL;
    return -1;
}

static void descriptors_scatter(const struct iovec *parts, const char *bytes, ssize_t left)
{
    for (; left > 0; parts++) {
        size_t n = parts->iov_len < (size_t)left ? parts->iov_len : (size_t)left;

        memcpy(parts->iov_base, bytes, n);
        bytes += n;
        left -= (ssize_t)n;
    }
}

static void descriptors_gather(const struct iovec *parts, int n, char *bytes)
{
    for (int i = 0; i < n; i++) {
        memcpy(bytes, parts[i].iov_base, parts[i].iov_len);
        bytes += parts[i].iov_len;
    }
}

/* Reads at a place in the file, or where it is if that is -1. */
static ssize_t descriptors_read(int fd, const struct iovec *parts, int n, off64_t at)
{
    ssize_t size = descriptors_size(parts, n);
    FC_AUTO_FREE char *bytes = size < 0 ? NULL : malloc((size_t)size + 1);
    ssize_t got;

    if (!bytes)
        return -1;
    got = at < 0 ? read(fd, bytes, (size_t)size) : pread64(fd, bytes, (size_t)size, at);
    descriptors_scatter(parts, bytes, got);
    return got;
}

static ssize_t descriptors_write(int fd, const struct iovec *parts, int n, off64_t at)
{
    ssize_t size = descriptors_size(parts, n);
    FC_AUTO_FREE char *bytes = size < 0 ? NULL : malloc((size_t)size + 1);

    if (!bytes)
        return -1;
    descriptors_gather(parts, n, bytes);
    return at < 0 ? write(fd, bytes, (size_t)size) : pwrite64(fd, bytes, (size_t)size, at);
}

ssize_t readv(int fd, const struct iovec *parts, int n)
{
    return libc_facts.is_confined ? descriptors_read(fd, parts, n, -1) : LIBC_NEXT(readv)(fd, parts, n);
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    return libc_facts.is_confined ? descriptors_write(fd, parts, n, -1) : LIBC_NEXT(writev)(fd, parts, n);
}

ssize_t preadv64v2(int fd, const struct iovec *parts, int n, off64_t at, int flags)
{
    if (!libc_facts.is_confined)
        return LIBC_NEXT(preadv64v2)(fd, parts, n, at, flags);
    if (!flags)
        return descriptors_read(fd, parts, n, at);
    errno = EOPNOTSUPP;
    return -1;
}

ssize_t pwritev64v2(int fd, const struct iovec *parts, int n, off64_t at, int flags)
{
    if (!libc_facts.is_confined)
        return LIBC_NEXT(pwritev64v2)(fd, parts, n, at, flags);
    if (!flags)
        return descriptors_write(fd, parts, n, at);
    errno = EOPNOTSUPP;
    return -1;
}

/* Sends one buffer of a file, as the kernel may, too. Without an offset the file goes on behind what was
 * sent. */
ssize_t sendfile64(int out, int in, off64_t *offset, size_t count)
{
    off64_t at = offset ? *offset : lseek64(in, 0, SEEK_CUR);
    char bytes[DESCRIPTORS_AT_ONCE];
    ssize_t n;

    if (!libc_facts.is_confined)
        return LIBC_NEXT(sendfile64)(out, in, offset, count);
    n = at < 0 && !offset ? -1 : pread64(in, bytes, count < sizeof(bytes) ? count : sizeof(bytes), at);
    if (n > 0)
        n = write(out, bytes, (size_t)n);
    if (n > 0 && offset)
        *offset = at + n;
    else if (n > 0 && lseek64(in, at + n, SEEK_SET) < 0)
        return -1;
    return n;
}

/* No control messages come: what would ask for them is not among the socket options. */
ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    ssize_t size = descriptors_size(message->msg_iov, (int)message->msg_iovlen), got;
    FC_AUTO_FREE char *bytes = NULL;
    int type = 0;
    socklen_t n = sizeof(type);

    if (!libc_facts.is_confined)
        return LIBC_NEXT(recvmsg)(fd, message, flags);
    bytes = size < 0 ? NULL : malloc((size_t)size + 1);
    if (!bytes || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0)
        return -1;
    /* of a stream, MSG_TRUNC means to throw away; of a datagram, to tell its size */
    got = recvfrom(fd, bytes, (size_t)size, type == SOCK_STREAM ? flags : flags | MSG_TRUNC,
                   message->msg_name, message->msg_name ? &message->msg_namelen : NULL);
    if (got < 0)
        return -1;
    message->msg_controllen = 0;
    message->msg_flags = got > size ? MSG_TRUNC : 0;
    descriptors_scatter(message->msg_iov, bytes, got < size ? got : size);
    return got < size || (flags & MSG_TRUNC) ? got : size;
}

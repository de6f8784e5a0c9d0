/* SPDX-License-Identifier: BSD-2-Clause */
/* What runs in the scribe itself is called serve_…; the rest runs in the broker. */
#include "broker/os/scribe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/os/confine_scribe.h"
#include "firecurtain/cleanup.h"
#include "proto/kernel.h"

#define SCRIBE_END_MS 2000 /* to finish, when the broker ends */

enum { SERVE_SOCKET = STDERR_FILENO + 1, SERVE_FOLDER };

struct scribe {
    int socket; /* of messages: the content one way, a result the other */
    pid_t pid;
};

static int serve_write(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t written = write(fd, bytes, n);

        if (written < 0)
            return -errno;
        bytes += written;
        n -= (size_t)written;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

/* Writes another file, and gives it the name only when all of it is on the disk. */
static int serve_replace(const char *name, const char *bytes, size_t n)
{
    char other[NAME_MAX + 8];
    FC_AUTO_CLOSE int fd = -1;
    int r;

    snprintf(other, sizeof(other), "%s.new", name);
    fd = openat(SERVE_FOLDER, other, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    r = fd < 0 ? -errno : serve_write(fd, bytes, n);
    if (r == 0 && renameat(SERVE_FOLDER, other, SERVE_FOLDER, name) < 0)
        r = -errno;
    if (r < 0)
        unlinkat(SERVE_FOLDER, other, 0);
    return r < 0 ? r : fsync(SERVE_FOLDER) < 0 ? -errno : 0;
}

/* Keeps the log as stderr, the socket and the folder, and closes all else that the broker has. */
static bool serve_keep_descriptors(int socket, int folder)
{
    int own = fcntl(socket, F_DUPFD_CLOEXEC, SERVE_FOLDER + 1);
    int place = fcntl(folder, F_DUPFD_CLOEXEC, SERVE_FOLDER + 1);

    if (own < 0 || place < 0 || dup3(own, SERVE_SOCKET, O_CLOEXEC) < 0 ||
        dup3(place, SERVE_FOLDER, O_CLOEXEC) < 0)
        return false;
    kernel_close_from(SERVE_FOLDER + 1);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    return true;
}

/* Runs until the broker hangs up, or sends an empty message. */
static _Noreturn void serve(int socket, int folder, const char *name)
{
    static char bytes[SCRIBE_MOST];
    char own[NAME_MAX + 1];

    snprintf(own, sizeof(own), "%s", name);
    prctl(PR_SET_NAME, "fc-scribe");
    if (!serve_keep_descriptors(socket, folder) || confine_scribe(SERVE_FOLDER) < 0)
        _exit(1);
    for (;;) {
        ssize_t n = recv(SERVE_SOCKET, bytes, sizeof(bytes), 0);
        int r;

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            _exit(0);
        r = serve_replace(own, bytes, (size_t)n);
        send(SERVE_SOCKET, &r, sizeof(r), MSG_NOSIGNAL);
    }
}

int scribe_new(struct scribe **scribep, int folder, const char *name)
{
    struct scribe *scribe = calloc(1, sizeof(*scribe));
    int ends[2];

    if (!scribe)
        return -ENOMEM;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        free(scribe);
        return -errno;
    }
    scribe->socket = ends[0];
    scribe->pid = fork();
    if (scribe->pid == 0)
        serve(ends[1], folder, name);
    close(ends[1]);
    if (scribe->pid < 0) {
        scribe_free(scribe);
        return -EAGAIN;
    }
    *scribep = scribe;
    return 0;
}

struct scribe *scribe_free(struct scribe *scribe)
{
    int result;

    if (!scribe)
        return NULL;
    if (scribe->pid > 0 && send(scribe->socket, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) == 0) {
        while (scribe_take(scribe, SCRIBE_END_MS, &result) == 0)
            continue;
    }
    close(scribe->socket);
    if (scribe->pid > 0)
        waitpid(scribe->pid, NULL, WNOHANG); /* one that is stuck on a disk ends when it can */
    free(scribe);
    return NULL;
}

int scribe_fd(const struct scribe *scribe)
{
    return scribe->socket;
}

int scribe_write(struct scribe *scribe, const char *bytes, size_t n)
{
    if (!n || n > SCRIBE_MOST)
        return -EMSGSIZE;
    return send(scribe->socket, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n ? 0 : -errno;
}

int scribe_take(struct scribe *scribe, int ms, int *result)
{
    struct pollfd readable = {.fd = scribe->socket, .events = POLLIN};
    ssize_t n;

    if (ms && poll(&readable, 1, ms) <= 0)
        return -EAGAIN;
    n = recv(scribe->socket, result, sizeof(*result), MSG_DONTWAIT);
    if (n == sizeof(*result))
        return 0;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? -EAGAIN : -EPIPE;
}

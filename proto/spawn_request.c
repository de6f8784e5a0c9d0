/* SPDX-License-Identifier: BSD-2-Clause */
/* See spawn_request.h. */
#include "proto/spawn_request.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Those but the cgroup, which comes last. */
static unsigned spawn_n_plain(const struct spawn_request *request)
{
    return request->has_trees ? SPAWN_READ_TREES + request->n_reads : SPAWN_SCRIPT_TREE;
}

static unsigned spawn_n_descriptors(const struct spawn_request *request)
{
    return spawn_n_plain(request) + (request->flags & SPAWN_IN_CGROUP ? 1 : 0);
}

/* Room for the control message, aligned as the kernel wants it. */
union spawn_control {
    char bytes[CMSG_SPACE(sizeof(int) * SPAWN_DESCRIPTORS_)];
    struct cmsghdr align;
};

int spawn_send_request(int socket, const struct spawn_request *request, const int *descriptors)
{
    union spawn_control control = {.bytes = {0}};
    size_t bytes = sizeof(int) * spawn_n_descriptors(request);
    struct iovec iov = {.iov_base = (void *)request, .iov_len = sizeof(*request)};
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_SPACE(bytes),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(bytes);
    memcpy(CMSG_DATA(header), descriptors, sizeof(int) * spawn_n_plain(request));
    if (request->flags & SPAWN_IN_CGROUP)
        memcpy(CMSG_DATA(header) + bytes - sizeof(int), &descriptors[SPAWN_CGROUP], sizeof(int));
    return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static unsigned spawn_take_descriptors(struct msghdr *message, int descriptors[SPAWN_DESCRIPTORS_])
{
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);
    size_t bytes;

    for (unsigned i = 0; i < SPAWN_DESCRIPTORS_; i++)
        descriptors[i] = -1;
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        return 0;
    bytes = header->cmsg_len - CMSG_LEN(0);
    memcpy(descriptors, CMSG_DATA(header), bytes);
    return (unsigned)(bytes / sizeof(int));
}

static bool spawn_ends(const char *text, size_t room)
{
    return memchr(text, '\0', room) != NULL;
}

/* Whether a block has so many strings, all with their ends. */
static bool spawn_has_strings(const char *block, size_t room, uint32_t n)
{
    for (const char *end; n > 0; n--) {
        end = memchr(block, '\0', room);
        if (!end)
            return false;
        room -= (size_t)(end + 1 - block);
        block = end + 1;
    }
    return true;
}

bool spawn_is_sound(const struct spawn_request *request)
{
    return request->network <= SPAWN_NETWORK_HOST && request->n_reads <= SPAWN_MAX_READS &&
           spawn_ends(request->link, sizeof(request->link)) &&
           spawn_ends(request->script_folder, sizeof(request->script_folder)) &&
           spawn_ends(request->state_folder, sizeof(request->state_folder)) &&
           spawn_ends(request->hosts, sizeof(request->hosts)) &&
           spawn_has_strings(request->reads, sizeof(request->reads), request->n_reads) &&
           spawn_has_strings(request->environment, sizeof(request->environment), request->n_environment);
}

int spawn_receive_request(int socket, struct spawn_request *request, int descriptors[SPAWN_DESCRIPTORS_])
{
    union spawn_control control;
    struct iovec iov = {.iov_base = request, .iov_len = sizeof(*request)};
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_LEN(sizeof(int) * SPAWN_DESCRIPTORS_), /* no more, whatever alignment adds */
    };
    unsigned n_descriptors;
    ssize_t n;

    do
        n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    n_descriptors = spawn_take_descriptors(&message, descriptors);
    if (n == 0)
        return -EPIPE;
    if (n == sizeof(*request) && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && spawn_is_sound(request) &&
        n_descriptors == spawn_n_descriptors(request)) {
        if (request->flags & SPAWN_IN_CGROUP) {
            int fd = descriptors[n_descriptors - 1]; /* the slot may be the right one already */

            descriptors[n_descriptors - 1] = -1;
            descriptors[SPAWN_CGROUP] = fd;
        }
        return 0;
    }
    while (n_descriptors)
        close(descriptors[--n_descriptors]);
    return -EBADMSG;
}

int spawn_send_reply(int socket, const struct spawn_reply *reply)
{
    return send(socket, reply, sizeof(*reply), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int spawn_receive_reply(int socket, struct spawn_reply *reply)
{
    ssize_t n;

    do
        n = recv(socket, reply, sizeof(*reply), MSG_DONTWAIT | MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ECONNRESET ? -EPIPE : -errno;
    if (n == 0)
        return -EPIPE;
    return n == sizeof(*reply) ? 0 : -EBADMSG;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Passes descriptors with SCM_RIGHTS; see unix(7). Runs in the broker, the keeper, zygotes and gates. */
#include "proto/pass.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "firecurtain/socket_options.h"

/* Room for the control message, aligned as the kernel wants it. */
union pass_control {
    char bytes[CMSG_SPACE(sizeof(int) * PASS_MAX_DESCRIPTORS)];
    struct cmsghdr align;
};

int pass_send(int socket, const void *bytes, size_t n_bytes, const int *descriptors, size_t n_descriptors,
              int flags)
{
    union pass_control control = {.bytes = {0}};
    struct iovec iov = {.iov_base = (void *)bytes, .iov_len = n_bytes};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;

    assert(n_descriptors <= PASS_MAX_DESCRIPTORS);
    if (n_descriptors) {
        struct cmsghdr *header;

        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * n_descriptors);
        header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * n_descriptors);
        memcpy(CMSG_DATA(header), descriptors, sizeof(int) * n_descriptors);
    }
    do
        n = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

ssize_t pass_receive(int socket, void *bytes, size_t n_bytes, int *descriptors, size_t room, int *flags)
{
    union pass_control control;
    struct iovec iov = {.iov_base = bytes, .iov_len = n_bytes};
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_LEN(sizeof(int) * room), /* no more, whatever alignment adds */
    };
    const struct cmsghdr *header;
    ssize_t n;

    assert(room <= PASS_MAX_DESCRIPTORS);
    for (size_t i = 0; i < room; i++)
        descriptors[i] = -1;
    do
        n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(descriptors, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
    if (flags)
        *flags = message.msg_flags;
    return n;
}

bool pass_refuse_descriptors(int socket)
{
    static const int no = 0;

    return setsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof(no)) == 0;
}

bool pass_brings_descriptors(int socket)
{
    struct msghdr message = {0}; /* without room for them */

    return recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT) >= 0 && (message.msg_flags & MSG_CTRUNC);
}

bool pass_drain(int socket)
{
    static const int yes = 1;
    /* with credentials, an empty message is not the end: the kernel adds them to every message */
    union {
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr align;
    } control;
    struct msghdr message;

    if (shutdown(socket, SHUT_RD) < 0 || setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) < 0)
        return true; /* the other side has never been there */
    do {
        message = (struct msghdr){.msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
        if (recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT) < 0 && errno != ECONNRESET)
            return true;
        if (message.msg_flags & MSG_CTRUNC)
            return false;
    } while (message.msg_controllen && (recv(socket, NULL, 0, MSG_DONTWAIT) >= 0 || errno == ECONNRESET));
    return true;
}

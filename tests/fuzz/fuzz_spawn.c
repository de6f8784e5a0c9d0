/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends a request to the zygote over a real socket pair: a sound one with changes, of any length, with any
 * number of descriptors. An accepted request is as the zygote relies on, and in any case no descriptor is
 * left open. Then does the same with a reply.
 */
#include <errno.h>
#include <sys/socket.h>

#include "proto/spawn_request.h"
#include "tests/fuzz/fuzz.h"

#define MAX_PASSED 40

static struct spawn_request sent[2], received;

static void make_sound(struct spawn_request *request)
{
    *request = (struct spawn_request){.has_trees = 1, .n_reads = 2, .n_environment = 2, .threads = 64};
    strcpy(request->script_folder, "/srv/show");
    strcpy(request->state_folder, "/var/lib/firecurtain/show/py");
    memcpy(request->reads, "/opt/a\0/opt/b", 14);
    memcpy(request->environment, "TZ=UTC\0A=b", 11);
    strcpy(request->hosts, "127.0.0.1 localhost\n");
}

/* Overwrites bytes at any place, or a whole stretch with one byte, by which strings lose their end. */
static void change(struct spawn_request *request, struct input *input)
{
    while (input->left) {
        size_t offset = take_number(input, 2) % sizeof(*request), wanted = take_number(input, 1), n;
        bool stretch = wanted & 1;
        const uint8_t *at = take_bytes(input, stretch ? 1 : wanted / 2, &n);

        if (n && stretch)
            memset((uint8_t *)request + offset, *at,
                   wanted / 2 * 128 < sizeof(*request) - offset ? wanted / 2 * 128
                                                                : sizeof(*request) - offset);
        else if (n)
            memcpy((uint8_t *)request + offset, at,
                   n < sizeof(*request) - offset ? n : sizeof(*request) - offset);
    }
}

static void send_with(int socket, const void *bytes, size_t n_bytes, unsigned n_passed)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * MAX_PASSED)];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    struct iovec iov = {.iov_base = (void *)bytes, .iov_len = n_bytes};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

    if (n_passed) {
        struct cmsghdr *header = &control.align;

        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * n_passed);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * n_passed);
        for (unsigned i = 0; i < n_passed; i++)
            memcpy(CMSG_DATA(header) + i * sizeof(int), &socket, sizeof(int));
    }
    require(sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n_bytes);
}

/* Goes through `n` strings as the worker does, which must not lead beyond the block. */
static void walk(const char *block, size_t room, uint32_t n)
{
    const char *at = block;

    for (uint32_t i = 0; i < n; i++) {
        require(at < block + room);
        at += strnlen(at, (size_t)(block + room - at)) + 1;
        require(at <= block + room);
    }
}

static void check_taken(const int *descriptors, unsigned n_passed)
{
    unsigned expected = received.has_trees ? SPAWN_READ_TREES + received.n_reads : SPAWN_SCRIPT_TREE;
    bool in_cgroup = received.flags & SPAWN_IN_CGROUP; /* then there is one more, in its own slot */

    require(memcmp(&received, &sent[0], sizeof(received)) == 0 && n_passed == expected + in_cgroup);
    require(received.n_reads <= SPAWN_MAX_READS && received.network <= SPAWN_NETWORK_HOST);
    require(strnlen(received.script_folder, PATH_MAX) < PATH_MAX);
    require(strnlen(received.state_folder, PATH_MAX) < PATH_MAX);
    require(strnlen(received.hosts, sizeof(received.hosts)) < sizeof(received.hosts));
    walk(received.reads, sizeof(received.reads), received.n_reads);
    walk(received.environment, sizeof(received.environment), received.n_environment);
    for (unsigned i = 0; i < SPAWN_DESCRIPTORS_; i++) {
        bool is_there = i < expected || (in_cgroup && i == SPAWN_CGROUP);

        require((descriptors[i] >= 0) == is_there);
        if (is_there)
            require((fcntl(descriptors[i], F_GETFD) & FD_CLOEXEC) && close(descriptors[i]) == 0);
    }
}

static void check_request(const int pair[2], size_t n_bytes, unsigned n_passed)
{
    int descriptors[SPAWN_DESCRIPTORS_], r;

    send_with(pair[0], sent, n_bytes, n_passed);
    r = spawn_receive_request(pair[1], &received, descriptors);
    require(r == 0 || r == -EBADMSG || (r == -EPIPE && n_bytes == 0));
    require(r < 0 || n_bytes == sizeof(received));
    if (r == 0)
        check_taken(descriptors, n_passed);
}

static void check_reply(const int pair[2], size_t n_bytes)
{
    struct spawn_reply reply;
    int r;

    if (n_bytes)
        require(send(pair[1], sent, n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n_bytes);
    r = spawn_receive_reply(pair[0], &reply);
    require(r == (n_bytes == 0 ? -EAGAIN : n_bytes == sizeof(reply) ? 0 : -EBADMSG));
    require(r < 0 || memcmp(&reply, sent, sizeof(reply)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {data, bytes};
    unsigned n_passed = (unsigned)take_number(&input, 1) % (MAX_PASSED + 1);
    int16_t more = (int16_t)take_number(&input, 2); /* bytes than a request has */
    size_t n_bytes = sizeof(received) + (size_t)(more > 1000 ? 1000 : more);
    int pair[2];
    unsigned before = count_open();

    make_sound(&sent[0]);
    change(&sent[0], &input);
    require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    check_request(pair, n_bytes, n_passed);
    check_reply(pair, (size_t)(more & 15));
    close(pair[0]);
    close(pair[1]);
    require(count_open() == before);
    return 0;
}

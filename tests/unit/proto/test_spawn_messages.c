/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to a zygote and its replies over a real socket pair: descriptors arrive, and none is left open. */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "proto/spawn_request.h"
#include "tests/unit/check.h"

#define TOO_MANY (SPAWN_DESCRIPTORS_ + 1) /* descriptors: there is no room for them */

struct pair {
    int broker;
    int zygote;
    int files[SPAWN_DESCRIPTORS_]; /* what is passed on */
    unsigned n_open;
};

static int setup(void **state)
{
    struct pair *pair = calloc(1, sizeof(*pair));
    int ends[2];

    assert_non_null(pair);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    pair->broker = ends[0];
    pair->zygote = ends[1];
    for (unsigned i = 0; i < SPAWN_DESCRIPTORS_; i++) {
        pair->files[i] = open(i % 2 ? "/dev/zero" : "/dev/null", O_RDONLY); /* not close-on-exec */
        assert_true(pair->files[i] >= 0);
    }
    pair->n_open = count_descriptors();
    *state = pair;
    return 0;
}

static int teardown(void **state)
{
    struct pair *pair = *state;

    for (unsigned i = 0; i < SPAWN_DESCRIPTORS_; i++)
        close(pair->files[i]);
    close(pair->broker);
    close(pair->zygote);
    free(pair);
    return 0;
}

static struct spawn_request request_of(bool has_trees)
{
    struct spawn_request request = {.network = SPAWN_NETWORK_HOST, .has_trees = has_trees};

    memset(request.script_folder, 's', sizeof(request.script_folder) - 1);
    strcpy(request.state_folder, "/var/lib");
    return request;
}

static void assert_same_file(int a, int b)
{
    struct stat left, right;

    assert_int_equal(fstat(a, &left), 0);
    assert_int_equal(fstat(b, &right), 0);
    assert_int_equal(left.st_rdev, right.st_rdev);
}

static void pass(struct pair *pair, bool has_trees, unsigned n_expected)
{
    struct spawn_request sent = request_of(has_trees), received;
    int descriptors[SPAWN_DESCRIPTORS_];

    assert_int_equal(spawn_send_request(pair->broker, &sent, pair->files), 0);
    assert_int_equal(spawn_receive_request(pair->zygote, &received, descriptors), 0);
    assert_memory_equal(&received, &sent, sizeof(sent));
    for (unsigned i = 0; i < SPAWN_DESCRIPTORS_; i++) {
        if (i >= n_expected) {
            assert_int_equal(descriptors[i], -1);
            continue;
        }
        assert_same_file(descriptors[i], pair->files[i]);
        assert_true(fcntl(descriptors[i], F_GETFD) & FD_CLOEXEC);
        close(descriptors[i]);
    }
    assert_int_equal(count_descriptors(), pair->n_open);
}

static void test_with_trees(void **state)
{
    pass(*state, true, SPAWN_READ_TREES);
}

static void test_without_trees(void **state)
{
    pass(*state, false, SPAWN_SCRIPT_TREE);
}

/* The cgroup comes last and has its own slot, even if that is the next one anyway. */
static void pass_cgroup(struct pair *pair, bool has_trees, unsigned n_reads)
{
    struct spawn_request sent = request_of(has_trees), received;
    unsigned n_plain = has_trees ? SPAWN_READ_TREES + n_reads : SPAWN_SCRIPT_TREE;
    int descriptors[SPAWN_DESCRIPTORS_];

    sent.flags = SPAWN_IN_CGROUP;
    sent.n_reads = n_reads;
    assert_int_equal(spawn_send_request(pair->broker, &sent, pair->files), 0);
    assert_int_equal(spawn_receive_request(pair->zygote, &received, descriptors), 0);
    for (unsigned i = 0; i < SPAWN_DESCRIPTORS_; i++) {
        if (i >= n_plain && i != SPAWN_CGROUP) {
            assert_int_equal(descriptors[i], -1);
            continue;
        }
        assert_same_file(descriptors[i], pair->files[i]);
        close(descriptors[i]);
    }
    assert_int_equal(count_descriptors(), pair->n_open);
}

static void test_with_a_cgroup(void **state)
{
    pass_cgroup(*state, false, 0);
    pass_cgroup(*state, true, 0);
    pass_cgroup(*state, true, 1);
    pass_cgroup(*state, true, SPAWN_MAX_READS);
}

static void test_requests_stay_in_order(void **state)
{
    struct pair *pair = *state;
    struct spawn_request request = request_of(false);
    int descriptors[SPAWN_DESCRIPTORS_];

    for (unsigned i = 0; i < 4; i++) {
        snprintf(request.state_folder, sizeof(request.state_folder), "py%u", i);
        assert_int_equal(spawn_send_request(pair->broker, &request, pair->files), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        char name[8];

        snprintf(name, sizeof(name), "py%u", i);
        assert_int_equal(spawn_receive_request(pair->zygote, &request, descriptors), 0);
        assert_string_equal(request.state_folder, name);
        for (unsigned j = 0; j < SPAWN_SCRIPT_TREE; j++)
            close(descriptors[j]);
    }
}

static void test_sending_never_waits(void **state)
{
    struct pair *pair = *state;
    struct spawn_request request = request_of(false);
    unsigned n = 0;
    int r;

    while ((r = spawn_send_request(pair->broker, &request, pair->files)) == 0)
        n++;
    assert_int_equal(r, -EAGAIN);
    assert_true(n >= 4); /* as many as the broker sends at once */
}

static void test_the_broker_has_gone(void **state)
{
    struct pair *pair = *state;
    struct spawn_request request;
    int descriptors[SPAWN_DESCRIPTORS_];

    assert_int_equal(shutdown(pair->broker, SHUT_RDWR), 0);
    assert_int_equal(spawn_receive_request(pair->zygote, &request, descriptors), -EPIPE);
    assert_int_equal(spawn_send_reply(pair->zygote, &(struct spawn_reply){.pid = 1}), -EPIPE);
}

/* A truncated request is refused, and its descriptors are closed. */
static void send_raw(const struct pair *pair, const void *bytes, size_t n_bytes, unsigned n_descriptors)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * TOO_MANY)];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    struct iovec iov = {.iov_base = (void *)bytes, .iov_len = n_bytes};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    int files[TOO_MANY];

    for (unsigned i = 0; i < TOO_MANY; i++)
        files[i] = pair->files[i % SPAWN_DESCRIPTORS_];
    if (n_descriptors) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * n_descriptors);
        CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
        CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
        CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(sizeof(int) * n_descriptors);
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), files, sizeof(int) * n_descriptors);
    }
    assert_true(sendmsg(pair->broker, &message, MSG_NOSIGNAL) == (ssize_t)n_bytes);
}

static void assert_refused_without_leak(struct pair *pair)
{
    struct spawn_request request;
    int descriptors[SPAWN_DESCRIPTORS_];

    assert_int_equal(spawn_receive_request(pair->zygote, &request, descriptors), -EBADMSG);
    assert_int_equal(count_descriptors(), pair->n_open);
}

static void test_short_request(void **state)
{
    struct spawn_request request = request_of(false);

    send_raw(*state, &request, sizeof(request) - 1, 0);
    assert_refused_without_leak(*state);
}

static void test_short_request_with_descriptors(void **state)
{
    struct spawn_request request = request_of(false);

    send_raw(*state, &request, sizeof(request) - 1, SPAWN_SCRIPT_TREE);
    assert_refused_without_leak(*state);
}

static void test_long_request(void **state)
{
    static char bytes[sizeof(struct spawn_request) + 1];

    send_raw(*state, bytes, sizeof(bytes), SPAWN_SCRIPT_TREE);
    assert_refused_without_leak(*state);
}

static void test_missing_descriptors(void **state)
{
    struct spawn_request request = request_of(true);

    send_raw(*state, &request, sizeof(request), 0);
    assert_refused_without_leak(*state);
    send_raw(*state, &request, sizeof(request), SPAWN_SCRIPT_TREE);
    assert_refused_without_leak(*state);
    request.has_trees = false;
    send_raw(*state, &request, sizeof(request), SPAWN_PROGRESS); /* without the memory */
    assert_refused_without_leak(*state);
}

static void test_superfluous_descriptors(void **state)
{
    struct spawn_request request = request_of(false);

    send_raw(*state, &request, sizeof(request), SPAWN_READ_TREES);
    assert_refused_without_leak(*state);
    send_raw(*state, &request, sizeof(request), TOO_MANY);
    assert_refused_without_leak(*state);
}

/* Strings that are not terminated, and fewer of them than announced. */
static void test_strings_that_do_not_end(void **state)
{
    struct pair *pair = *state;

    for (unsigned i = 0; i < 7; i++) {
        struct spawn_request request = request_of(false);

        if (i == 0)
            memset(request.script_folder, 'x', sizeof(request.script_folder));
        else if (i == 1)
            memset(request.state_folder, 'x', sizeof(request.state_folder));
        else if (i == 2)
            memset(request.hosts, 'x', sizeof(request.hosts));
        else if (i == 3)
            memset(request.environment, 'x', sizeof(request.environment));
        else if (i == 4)
            memset(request.reads, 'x', sizeof(request.reads));
        request.n_environment = i == 3 ? 1 : i == 5 ? SPAWN_MAX_READ_BYTES + 1 : 0;
        request.n_reads = i == 4;
        request.network = i == 6 ? SPAWN_NETWORK_HOST + 1 : SPAWN_NETWORK_HOST;
        send_raw(pair, &request, sizeof(request), SPAWN_SCRIPT_TREE);
        assert_refused_without_leak(pair);
    }
}

static void test_replies(void **state)
{
    struct pair *pair = *state;
    struct spawn_reply reply = {.pid = 0};

    assert_int_equal(spawn_receive_reply(pair->broker, &reply), -EAGAIN);
    assert_int_equal(spawn_send_reply(pair->zygote, &(struct spawn_reply){.pid = 4711}), 0);
    assert_int_equal(spawn_send_reply(pair->zygote, &(struct spawn_reply){.pid = -ENOSPC}), 0);
    assert_int_equal(spawn_receive_reply(pair->broker, &reply), 0);
    assert_int_equal(reply.pid, 4711);
    assert_int_equal(spawn_receive_reply(pair->broker, &reply), 0);
    assert_int_equal(reply.pid, -ENOSPC);
    assert_int_equal(spawn_receive_reply(pair->broker, &reply), -EAGAIN);
}

static void test_malformed_replies(void **state)
{
    struct pair *pair = *state;
    struct spawn_reply reply = {.pid = 0};

    assert_int_equal(send(pair->zygote, "abc", 3, 0), 3);
    assert_int_equal(spawn_receive_reply(pair->broker, &reply), -EBADMSG);
    assert_int_equal(send(pair->zygote, "abcdefghijklmnop", 16, 0), 16);
    assert_int_equal(spawn_receive_reply(pair->broker, &reply), -EBADMSG);
}

/* A reply that was sent before the end is read first. */
static void test_the_zygote_has_gone(void **state)
{
    struct pair *pair = *state;
    struct spawn_reply reply = {.pid = 0};

    assert_int_equal(spawn_send_reply(pair->zygote, &(struct spawn_reply){.pid = 12}), 0);
    assert_int_equal(shutdown(pair->zygote, SHUT_RDWR), 0);
    assert_int_equal(spawn_receive_reply(pair->broker, &reply), 0);
    assert_int_equal(reply.pid, 12);
    assert_int_equal(spawn_receive_reply(pair->broker, &reply), -EPIPE);
}

/* With a request unread in its socket: the kernel says ECONNRESET then. */
static void test_the_zygote_has_gone_without_reading(void **state)
{
    struct pair *pair = *state;
    struct spawn_request request = request_of(false);
    struct spawn_reply reply = {.pid = 0};

    assert_int_equal(spawn_send_request(pair->broker, &request, pair->files), 0);
    close(pair->zygote);
    pair->zygote = open("/dev/null", O_RDONLY);
    assert_int_equal(spawn_receive_reply(pair->broker, &reply), -EPIPE);
    assert_int_equal(spawn_receive_reply(pair->broker, &reply), -EPIPE);
    assert_int_equal(spawn_send_request(pair->broker, &request, pair->files), -EPIPE);
}

int main(void)
{
#define pair_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        pair_test(test_with_trees),
        pair_test(test_without_trees),
        pair_test(test_with_a_cgroup),
        pair_test(test_requests_stay_in_order),
        pair_test(test_sending_never_waits),
        pair_test(test_the_broker_has_gone),
        pair_test(test_short_request),
        pair_test(test_short_request_with_descriptors),
        pair_test(test_long_request),
        pair_test(test_missing_descriptors),
        pair_test(test_superfluous_descriptors),
        pair_test(test_strings_that_do_not_end),
        pair_test(test_replies),
        pair_test(test_malformed_replies),
        pair_test(test_the_zygote_has_gone),
        pair_test(test_the_zygote_has_gone_without_reading),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

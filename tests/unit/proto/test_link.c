/* SPDX-License-Identifier: BSD-2-Clause */
/* Two ends of a link; where it matters, the other end is a process of its own. */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/link.h"
#include "tests/unit/check.h"

#define WAIT_MS 10000 /* for what will come; a test that waits as long has failed */

struct ends {
    struct link_buffers *buffers;
    struct link *broker;
    struct link *worker; /* NULL while its descriptor is still `other` */
    int other;
};

static int setup(void **state)
{
    struct ends *ends = calloc(1, sizeof(*ends));

    assert_non_null(ends);
    assert_int_equal(link_buffers_new(&ends->buffers), 0);
    assert_int_equal(link_pair(&ends->broker, ends->buffers, &ends->other), 0);
    *state = ends;
    return 0;
}

static void take_other(struct ends *ends)
{
    assert_int_equal(link_new(&ends->worker, ends->buffers, ends->other), 0);
    ends->other = -1;
}

static int setup_both(void **state)
{
    setup(state);
    take_other(*state);
    return 0;
}

static int teardown(void **state)
{
    struct ends *ends = *state;

    if (ends->other >= 0)
        close(ends->other);
    assert_null(link_free(ends->worker));
    assert_null(link_free(ends->broker));
    assert_null(link_buffers_free(ends->buffers));
    free(ends);
    return 0;
}

static int send_bytes(struct link *link, size_t n_bytes, const char *text)
{
    char *room = link_reserve(link, n_bytes);

    memset(room, 'x', n_bytes);
    memcpy(room, text, strlen(text));
    return link_commit(link);
}

static int send_text(struct link *link, const char *text)
{
    return send_bytes(link, strlen(text), text);
}

static void wait_readable(const struct link *link)
{
    struct pollfd fd = {.fd = link_fd(link), .events = POLLIN};

    assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
}

static void assert_receives(struct link *link, const char *text)
{
    const void *bytes;
    size_t n_bytes;

    wait_readable(link);
    assert_int_equal(link_receive(link, &bytes, &n_bytes), 0);
    assert_int_equal(n_bytes, strlen(text));
    assert_memory_equal(bytes, text, n_bytes);
}

static int receive(struct link *link)
{
    const void *bytes;
    size_t n_bytes;

    return link_receive(link, &bytes, &n_bytes);
}

static void test_both_directions_keep_order_and_bounds(void **state)
{
    struct ends *ends = *state;
    char text[16];

    for (int i = 0; i < 5; i++) {
        snprintf(text, sizeof(text), "down %d", i);
        assert_int_equal(send_text(ends->broker, text), 0);
        snprintf(text, sizeof(text), "up %d", i);
        assert_int_equal(send_text(ends->worker, text), 0);
    }
    for (int i = 0; i < 5; i++) {
        snprintf(text, sizeof(text), "down %d", i);
        assert_receives(ends->worker, text);
        snprintf(text, sizeof(text), "up %d", i);
        assert_receives(ends->broker, text);
    }
    assert_int_equal(receive(ends->broker), -EAGAIN);
    assert_int_equal(receive(ends->worker), -EAGAIN);
}

static void test_a_link_is_readable_until_all_is_received(void **state)
{
    struct ends *ends = *state;
    struct pollfd fd = {.fd = link_fd(ends->broker), .events = POLLIN};

    assert_int_equal(poll(&fd, 1, 0), 0);
    assert_int_equal(send_text(ends->worker, "one"), 0);
    assert_int_equal(send_text(ends->worker, "two"), 0);
    assert_receives(ends->broker, "one");
    assert_int_equal(poll(&fd, 1, 0), 1);
    assert_receives(ends->broker, "two");
    assert_int_equal(poll(&fd, 1, 0), 0);
}

static void test_the_largest_message_and_two_in_a_row(void **state)
{
    struct ends *ends = *state;
    const void *bytes;
    size_t n_bytes;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(send_bytes(ends->broker, LINK_MAX_MESSAGE, i ? "second" : "first"), 0);
        assert_int_equal(send_text(ends->broker, "small"), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(link_receive(ends->worker, &bytes, &n_bytes), 0);
        assert_int_equal(n_bytes, LINK_MAX_MESSAGE);
        assert_memory_equal(bytes, i ? "second" : "first", 5);
        assert_receives(ends->worker, "small");
    }
}

/* Past link_reserve(), as a hostile worker would. */
static void test_a_message_that_is_too_large_is_refused_and_the_next_one_is_not(void **state)
{
    struct ends *ends = *state;
    char *large = calloc(1, LINK_MAX_MESSAGE + 1);

    assert_int_equal(send(ends->other, large, LINK_MAX_MESSAGE + 1, 0), LINK_MAX_MESSAGE + 1);
    assert_int_equal(send(ends->other, "next", 4, 0), 4);
    assert_int_equal(receive(ends->broker), -EMSGSIZE);
    assert_receives(ends->broker, "next");
    free(large);
}

static void test_a_full_link_holds_back_its_sender_until_there_is_room(void **state)
{
    struct ends *ends = *state;
    struct pollfd fd = {.fd = link_fd(ends->worker), .events = POLLOUT};
    unsigned n_sent = 0, n_received = 0;
    int r;

    while ((r = send_bytes(ends->worker, 1000, "report")) == 0 && n_sent < 100000)
        n_sent++;
    assert_int_equal(r, -EAGAIN);
    assert_true(n_sent > 10);
    assert_int_equal(poll(&fd, 1, 0), 0);
    while (receive(ends->broker) == 0)
        n_received++;
    assert_int_equal(n_received, n_sent);
    assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
    assert_int_equal(send_text(ends->worker, "again"), 0);
    assert_receives(ends->broker, "again");
}

/* The broker's end of another worker shares nothing but the buffers. */
static void test_a_full_link_is_nobody_elses(void **state)
{
    struct ends *ends = *state;
    struct ends other;

    while (send_bytes(ends->broker, 1000, "batch") == 0)
        ;
    other.buffers = ends->buffers;
    assert_int_equal(link_pair(&other.broker, other.buffers, &other.other), 0);
    take_other(&other);
    assert_int_equal(send_text(other.broker, "batch"), 0);
    assert_receives(other.worker, "batch");
    link_free(other.broker);
    link_free(other.worker);
}

static void test_what_was_sent_outlives_its_sender(void **state)
{
    struct ends *ends = *state;
    pid_t child;
    int status;

    assert_int_equal(send_text(ends->broker, "never read"), 0);
    child = fork();
    assert_true(child >= 0);
    if (!child) {
        take_other(ends);
        if (send_text(ends->worker, "last") < 0 || send_text(ends->worker, "words") < 0)
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    close(ends->other);
    ends->other = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_receives(ends->broker, "last");
    assert_receives(ends->broker, "words");
    assert_int_equal(receive(ends->broker), -EPIPE);
    assert_int_equal(receive(ends->broker), -EPIPE);
    assert_int_equal(send_text(ends->broker, "too late"), -EPIPE);
}

static void test_an_end_that_goes_is_readable_and_breaks_the_link(void **state)
{
    struct ends *ends = *state;

    ends->worker = link_free(ends->worker);
    wait_readable(ends->broker);
    assert_int_equal(receive(ends->broker), -EPIPE);
    assert_int_equal(send_text(ends->broker, "batch"), -EPIPE);
}

static ssize_t send_descriptor(int socket, int fd)
{
    struct iovec part = {.iov_base = "x", .iov_len = 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};

    control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
                                      .cmsg_level = SOL_SOCKET,
                                      .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

/* The kernel refuses them to the sender, or drops them. */
static void test_descriptors_do_not_arrive(void **state)
{
    struct ends *ends = *state;
    unsigned before = count_descriptors();

    if (send_descriptor(ends->other, STDERR_FILENO) < 0)
        assert_int_equal(errno, EPERM);
    else
        assert_receives(ends->broker, "x");
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(send(ends->other, "fine", 4, 0), 4);
    assert_receives(ends->broker, "fine");
}

/* Control: between sockets that know nothing of links, the same descriptor does arrive. */
static void test_descriptors_arrive_elsewhere(void **state)
{
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    assert_int_equal(send_descriptor(fds[1], STDERR_FILENO), 1);
    assert_int_equal(recvmsg(fds[0], &message, MSG_CMSG_CLOEXEC), 1);
    assert_non_null(CMSG_FIRSTHDR(&message));
    close(*(int *)CMSG_DATA(CMSG_FIRSTHDR(&message)));
    close(fds[0]);
    close(fds[1]);
}

static void test_null_is_fine(void **state)
{
    assert_null(link_free(NULL));
    assert_null(link_buffers_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_both_directions_keep_order_and_bounds, setup_both, teardown),
        cmocka_unit_test_setup_teardown(test_a_link_is_readable_until_all_is_received, setup_both, teardown),
        cmocka_unit_test_setup_teardown(test_the_largest_message_and_two_in_a_row, setup_both, teardown),
        cmocka_unit_test_setup_teardown(test_a_message_that_is_too_large_is_refused_and_the_next_one_is_not,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_full_link_holds_back_its_sender_until_there_is_room,
                                        setup_both, teardown),
        cmocka_unit_test_setup_teardown(test_a_full_link_is_nobody_elses, setup_both, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_sent_outlives_its_sender, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_end_that_goes_is_readable_and_breaks_the_link, setup_both,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_descriptors_do_not_arrive, setup, teardown),
        cmocka_unit_test(test_descriptors_arrive_elsewhere),
        cmocka_unit_test(test_null_is_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Managed sockets: real ones of this process, or of a child through its pidfd. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "broker/base/loop.h"
#include "broker/guest/managed.h"
#include "firecurtain/time.h"
#include "tests/unit/stderr_pipe.h"

struct rig {
    struct loop *loop;
    struct managed_set *set;
    size_t n_changed;
    struct timer stop;
    int pidfd;
    int pair[2]; /* the script's end, the peer's */
    struct stderr_pipe caught;
};

static void changed(void *userdata)
{
    struct rig *rig = userdata;

    rig->n_changed++;
    loop_stop(rig->loop);
}

static void stop(void *userdata)
{
    loop_stop(((struct rig *)userdata)->loop);
}

static int take(void *userdata, int fd)
{
    int own = pidfd_getfd(((struct rig *)userdata)->pidfd, fd, 0);

    return own < 0 ? -errno : own;
}

static const struct managed_ops ops = {.changed = changed, .take = take};

static int setup(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    rig->stop = (struct timer){.fn = stop, .userdata = rig};
    rig->pidfd = pidfd_open(getpid(), 0);
    assert_true(rig->pidfd >= 0);
    assert_int_equal(loop_new(&rig->loop), 0);
    assert_int_equal(managed_set_new(&rig->set, rig->loop, "py", &ops, rig), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, rig->pair), 0);
    stderr_pipe_begin(&rig->caught);
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    stderr_pipe_end(&rig->caught);
    assert_null(managed_set_free(rig->set));
    assert_null(managed_set_free(NULL));
    loop_cancel_timer(rig->loop, &rig->stop);
    loop_free(rig->loop);
    close(rig->pidfd);
    close(rig->pair[0]);
    close(rig->pair[1]);
    free(rig);
    return 0;
}

/* Runs until something becomes ready, at most for so long. */
static size_t changes_within(struct rig *rig, uint64_t ms)
{
    rig->n_changed = 0;
    loop_set_timer(rig->loop, &rig->stop, fc_now_ns() + ms * FC_NS_PER_MS);
    assert_int_equal(loop_run(rig->loop), 0);
    return rig->n_changed;
}

static void assert_taken(struct rig *rig, size_t n, uint32_t id)
{
    uint32_t ids[MANAGED_MAX];

    assert_int_equal(managed_set_take(rig->set, ids), n);
    if (n)
        assert_int_equal(ids[0], id);
}

static int add(struct rig *rig, uint32_t id, int fd)
{
    return managed_set_change(rig->set, id, fd);
}

static void write_byte(int fd)
{
    assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), 1);
}

static void read_byte(int fd)
{
    char byte;

    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 1);
    assert_int_equal(byte, 'x'); /* polling took nothing away */
}

static void test_ready_once_until_handled(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(add(rig, 3, rig->pair[0]), 0);
    assert_int_equal(changes_within(rig, 20), 0);
    write_byte(rig->pair[1]);
    assert_int_equal(changes_within(rig, 5000), 1);
    assert_taken(rig, 1, 3);
    assert_taken(rig, 0, 0);
    write_byte(rig->pair[1]);
    assert_int_equal(changes_within(rig, 20), 0); /* the script is still handling it */
    read_byte(rig->pair[0]);
    managed_set_handled(rig->set);
    assert_int_equal(changes_within(rig, 5000), 1); /* there is a byte left */
    assert_taken(rig, 1, 3);
    read_byte(rig->pair[0]);
    managed_set_handled(rig->set);
    assert_int_equal(changes_within(rig, 20), 0);
}

/* Only what was reported counts as handled; what became ready since is neither polled twice nor forgotten. */
static void test_ready_but_not_told_stays(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(add(rig, 1, rig->pair[0]), 0);
    write_byte(rig->pair[1]);
    assert_int_equal(changes_within(rig, 5000), 1);
    managed_set_handled(rig->set);
    assert_int_equal(changes_within(rig, 20), 0);
    assert_taken(rig, 1, 1);
}

static void test_end_of_stream_is_told_once(void **state)
{
    struct rig *rig = *state;
    unsigned before = count_descriptors();

    assert_int_equal(add(rig, 4, rig->pair[0]), 0);
    assert_int_equal(count_descriptors(), before + 1);
    assert_int_equal(shutdown(rig->pair[1], SHUT_RDWR), 0);
    assert_int_equal(changes_within(rig, 5000), 1);
    assert_taken(rig, 1, 4);
    managed_set_handled(rig->set); /* and the script has not unregistered it */
    assert_int_equal(changes_within(rig, 50), 0);
    assert_taken(rig, 0, 0);
    assert_int_equal(count_descriptors(), before);
    assert_logged(
        stderr_pipe_take(&rig->caught),
        "warning py a managed socket was closed by its peer and is still registered; unregistered it: "
        "call midimonster.manage(None, socket)");
    assert_int_equal(add(rig, 4, rig->pair[0]), 0); /* its id is free */
}

static void test_data_before_the_end_is_no_end(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(add(rig, 4, rig->pair[0]), 0);
    write_byte(rig->pair[1]);
    write_byte(rig->pair[1]);
    assert_int_equal(shutdown(rig->pair[1], SHUT_RDWR), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(changes_within(rig, 5000), 1);
        assert_taken(rig, 1, 4);
        read_byte(rig->pair[0]);
        managed_set_handled(rig->set);
    }
    assert_int_equal(changes_within(rig, 5000), 1); /* now the end, once */
    assert_taken(rig, 1, 4);
    managed_set_handled(rig->set);
    assert_int_equal(changes_within(rig, 20), 0);
    assert_int_equal(count_of(stderr_pipe_take(&rig->caught), "\n"), 1);
}

/* A script that never unregisters a socket whose peer is gone gets a few reports at most. */
static void assert_does_not_spin(struct rig *rig, int type)
{
    int pair[2];
    size_t n = 0;

    assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(add(rig, 1, pair[0]), 0);
    assert_int_equal(shutdown(pair[1], SHUT_RDWR), 0);
    close(pair[1]);
    for (; n < 100 && changes_within(rig, 20); n++) {
        assert_taken(rig, 1, 1);
        managed_set_handled(rig->set);
    }
    assert_int_equal(n, 1);
    assert_int_equal(managed_set_change(rig->set, 1, -1), 0);
    close(pair[0]);
}

static void test_the_end_of_a_stream_does_not_spin(void **state)
{
    assert_does_not_spin(*state, SOCK_STREAM);
}

static void test_the_end_of_a_packet_stream_does_not_spin(void **state)
{
    assert_does_not_spin(*state, SOCK_SEQPACKET);
}

static void test_an_empty_datagram_is_no_end(void **state)
{
    struct rig *rig = *state;
    int pair[2];
    char byte;

    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(add(rig, 2, pair[0]), 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(send(pair[1], "", 0, 0), 0);
        assert_int_equal(changes_within(rig, 5000), 1);
        assert_taken(rig, 1, 2);
        assert_int_equal(recv(pair[0], &byte, 1, MSG_DONTWAIT), 0);
        managed_set_handled(rig->set);
    }
    assert_int_equal(changes_within(rig, 20), 0);
    assert_string_equal(stderr_pipe_take(&rig->caught), "");
    close(pair[0]);
    close(pair[1]);
}

/* A connection that was reset: the script must get the error, not an ordinary end. */
static void test_a_reset_is_left_to_the_script(void **state)
{
    struct rig *rig = *state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct linger at_once = {.l_onoff = 1};
    socklen_t bytes = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), own, peer;
    char byte;

    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &bytes), 0);
    own = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(own, (struct sockaddr *)&at, sizeof(at)), 0);
    peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    assert_int_equal(add(rig, 1, own), 0);
    close(peer);
    assert_int_equal(changes_within(rig, 5000), 1);
    assert_taken(rig, 1, 1);
    assert_int_equal(recv(own, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, ECONNRESET);
    close(own);
    close(listener);
}

static void test_only_sockets(void **state)
{
    struct rig *rig = *state;
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC), ends[2];
    unsigned before;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    before = count_descriptors();
    assert_int_equal(add(rig, 1, file), -EBADF);
    assert_int_equal(add(rig, 1, ends[0]), -EBADF);
    assert_int_equal(add(rig, 1, rig->pidfd), -EBADF);
    assert_int_equal(add(rig, 1, 99999), -EBADF);
    assert_int_equal(add(rig, 1, INT32_MAX), -EBADF);
    assert_int_equal(count_descriptors(), before);
    close(file);
    close(ends[0]);
    close(ends[1]);
}

static void test_unregistering(void **state)
{
    struct rig *rig = *state;
    unsigned before = count_descriptors();

    assert_int_equal(add(rig, 1, -1), 0); /* there is none */
    assert_int_equal(add(rig, 1, rig->pair[0]), 0);
    assert_int_equal(add(rig, 1, rig->pair[1]), -EEXIST);
    assert_int_equal(add(rig, 2, rig->pair[0]), 0); /* naming one twice is the script's business */
    write_byte(rig->pair[1]);
    assert_int_equal(changes_within(rig, 5000), 2);
    assert_int_equal(add(rig, 1, INT32_MIN), 0);
    assert_taken(rig, 1, 2);
    assert_int_equal(add(rig, 2, -1), 0); /* while it is handled */
    managed_set_handled(rig->set);
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(changes_within(rig, 20), 0);
}

/* Unregistering closes it here: the peer sees the end as soon as the script has closed it too. */
static void test_the_duplicate_does_not_keep_a_connection(void **state)
{
    struct rig *rig = *state;
    char byte;

    assert_int_equal(add(rig, 1, rig->pair[0]), 0);
    close(rig->pair[0]);
    rig->pair[0] = -1;
    assert_int_equal(recv(rig->pair[1], &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(add(rig, 1, -1), 0);
    assert_int_equal(recv(rig->pair[1], &byte, 1, MSG_DONTWAIT), 0);
}

static void test_limit(void **state)
{
    struct rig *rig = *state;
    unsigned before = count_descriptors();

    for (uint32_t i = 0; i < MANAGED_MAX; i++)
        assert_int_equal(add(rig, i, rig->pair[0]), 0);
    assert_int_equal(add(rig, MANAGED_MAX, rig->pair[0]), -ENOSPC);
    write_byte(rig->pair[1]);
    for (size_t n = 0; n < MANAGED_MAX; n += rig->n_changed)
        assert_true(changes_within(rig, 5000) > 0);
    assert_taken(rig, MANAGED_MAX, 0);
    rig->set = managed_set_free(rig->set);
    assert_int_equal(count_descriptors(), before);
}

/* A descriptor of the worker: a child that made its socket after the fork. */
static void test_of_another_process(void **state)
{
    struct rig *rig = *state;
    int told[2], fd = -1;
    pid_t pid;

    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        int own = fcntl(rig->pair[0], F_DUPFD, 200);

        if (write(told[1], &own, sizeof(own)) == sizeof(own))
            pause();
        _exit(1);
    }
    close(rig->pidfd);
    rig->pidfd = pidfd_open(pid, 0);
    assert_true(rig->pidfd >= 0);
    assert_int_equal(read(told[0], &fd, sizeof(fd)), sizeof(fd));
    assert_true(fd >= 200);
    assert_int_equal(managed_set_change(rig->set, 1, fd), 0);
    write_byte(rig->pair[1]);
    assert_int_equal(changes_within(rig, 5000), 1);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(managed_set_change(rig->set, 2, fd), -ESRCH);
    close(told[0]);
    close(told[1]);
}

int main(void)
{
#define managed_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        managed_test(test_ready_once_until_handled),
        managed_test(test_ready_but_not_told_stays),
        managed_test(test_end_of_stream_is_told_once),
        managed_test(test_data_before_the_end_is_no_end),
        managed_test(test_the_end_of_a_stream_does_not_spin),
        managed_test(test_the_end_of_a_packet_stream_does_not_spin),
        managed_test(test_an_empty_datagram_is_no_end),
        managed_test(test_a_reset_is_left_to_the_script),
        managed_test(test_only_sockets),
        managed_test(test_unregistering),
        managed_test(test_the_duplicate_does_not_keep_a_connection),
        managed_test(test_limit),
        managed_test(test_of_another_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

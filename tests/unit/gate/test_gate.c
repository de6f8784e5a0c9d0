/* SPDX-License-Identifier: BSD-2-Clause */
/* The descriptor that a worker names for notifications is checked before the loop waits for it. */
#include <fcntl.h>
#include <pthread.h>
#include <seccomp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "broker/base/loop.h"
#include "broker/gate/policy.h"
#include "broker/gate/worker.h"
#include "tests/unit/check.h"

static const struct policy closed;

static int open_gate(int fd)
{
    struct gate_worker *worker = NULL;
    struct gate_spec spec = {.policy = &closed};
    int r;

    assert_int_equal(loop_new(&spec.loop), 0);
    r = gate_worker_new(&worker, &spec, fd);
    assert_true((r == 0) == (worker != NULL));
    gate_worker_free(worker);
    assert_int_equal(fcntl(fd, F_GETFD), -1); /* was taken over in any case */
    loop_free(spec.loop);
    return r;
}

/* Found by fuzzing: the loop would never have slept again. */
static void test_other_descriptors_are_refused(void **state)
{
    unsigned before = count_descriptors();
    int ends[2], pair[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(open_gate(eventfd(1, 0)), -EBADF);
    assert_int_equal(open_gate(ends[0]), -EBADF);
    assert_int_equal(open_gate(ends[1]), -EBADF);
    assert_int_equal(open_gate(pair[0]), -EBADF);
    assert_int_equal(open_gate(socket(AF_INET, SOCK_DGRAM, 0)), -EBADF);
    assert_int_equal(open_gate(open("/dev/null", O_RDWR)), -EBADF);
    close(pair[1]);
    assert_int_equal(count_descriptors(), before);
}

static void *load_filter(void *fd)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    if (filter && seccomp_rule_add(filter, SCMP_ACT_NOTIFY, SCMP_SYS(acct), 0) == 0 &&
        seccomp_load(filter) == 0)
        *(int *)fd = fcntl(seccomp_notify_fd(filter), F_DUPFD_CLOEXEC, 0);
    seccomp_release(filter);
    return NULL;
}

static void test_a_real_one_is_taken(void **state)
{
    pthread_t thread;
    int fd = -1;

    assert_int_equal(pthread_create(&thread, NULL, load_filter, &fd), 0);
    pthread_join(thread, NULL);
    assert_true(fd >= 0);
    assert_int_equal(open_gate(fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_descriptors_are_refused),
        cmocka_unit_test(test_a_real_one_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A getpid() that asks the kernel once: it is right in every kind of child, and makes no system call, as a
 * filter that would refuse it shows.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/own_pid.h"
#include "tests/unit/check.h"

static bool is_right(void)
{
    pid_t pid = (pid_t)syscall(SYS_getpid), first = getpid(), kept = getpid();

    return first == pid && kept == pid;
}

static void assert_succeeds(pid_t child)
{
    int status;

    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static pid_t clone_by_hand(void)
{
    struct clone_args args = {.exit_signal = SIGCHLD};

    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static void test_children_know_their_own(void **state)
{
    pid_t child;

    assert_true(is_right());
    child = fork();
    if (child == 0)
        _exit(!is_right());
    assert_succeeds(child);
    child = clone_by_hand();
    if (child == 0) { /* and a child of it, whose parent has asked */
        pid_t grandchild = is_right() ? clone_by_hand() : -1;
        int status = 1;

        if (grandchild == 0)
            _exit(!is_right());
        _exit(grandchild < 0 || waitpid(grandchild, &status, 0) < 0 || status);
    }
    assert_succeeds(child);
    assert_true(is_right());
}

static void *ask(void *right)
{
    *(bool *)right = is_right();
    return NULL;
}

static void test_threads_share_it(void **state)
{
    pthread_t thread;
    bool right = false;

    assert_int_equal(pthread_create(&thread, NULL, ask, &right), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(right);
}

static int refuse_getpid(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void test_it_is_asked_for_once(void **state)
{
    pid_t child = fork();

    if (child == 0) {
        pid_t own = getpid();

        _exit(refuse_getpid() < 0 || syscall(SYS_getpid) >= 0 || getpid() != own);
    }
    assert_succeeds(child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_children_know_their_own),
        cmocka_unit_test(test_threads_share_it),
        cmocka_unit_test(test_it_is_asked_for_once),
    };

    own_pid_keep();
    own_pid_keep();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Children that end, and those that stand back meanwhile. The test plays the keeper: a child dies when the
 * test says so, as one does whose memory the kernel frees slowly.
 */
#include "broker/child/reaper.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "broker/base/loop.h"
#include "broker/keeper/client.h"
#include "tests/unit/check.h"
#include "tests/unit/turn.h"

static struct loop *loop;
static struct reaper *reaper;
static unsigned n_killed, n_removed, n_open;
static char removed[32];

int __wrap_keeper_open_process(struct keeper *keeper, pid_t pid);
int __wrap_keeper_signal(struct keeper *keeper, pid_t pid, int signal);
void __wrap_keeper_remove_cgroup(struct keeper *keeper, unsigned account, const char *instance);

int __wrap_keeper_open_process(struct keeper *keeper, pid_t pid)
{
    int fd = pidfd_open(pid, 0);

    (void)keeper;
    return fd < 0 ? -errno : fd;
}

int __wrap_keeper_signal(struct keeper *keeper, pid_t pid, int signal)
{
    assert_int_equal(signal, SIGKILL);
    n_killed++;
    return 0;
}

void __wrap_keeper_remove_cgroup(struct keeper *keeper, unsigned account, const char *instance)
{
    assert_int_equal(account, 3);
    n_removed++;
    snprintf(removed, sizeof(removed), "%s", instance);
}

static int setup(void **state)
{
    n_open = count_descriptors();
    n_killed = n_removed = 0;
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(reaper_new(&reaper, loop, NULL), 0);
    return 0;
}

static int teardown(void **state)
{
    reaper = reaper_free(reaper);
    loop = loop_free(loop);
    assert_int_equal(count_descriptors(), n_open);
    assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
    assert_int_equal(errno, ECHILD);
    return 0;
}

static pid_t child(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        for (;;)
            pause();
    }
    return pid;
}

/* Lets a child die, and waits until the broker can know it. */
static void die(pid_t pid)
{
    siginfo_t info;

    kill(pid, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void end_worker(pid_t pid, const char *instance, const char *cgroup)
{
    const struct reaper_worker worker = {.pid = pid, .account = 3, .instance = instance, .cgroup = cgroup};

    reaper_end_worker(reaper, &worker);
}

static void count(void *userdata)
{
    (*(unsigned *)userdata)++;
}

static void test_nobody_waits_for_it(void **state)
{
    pid_t pid = child();

    reaper_end(reaper, pid);
    assert_int_equal(n_killed, 1);
    turn_once(loop);
    turn_once(loop);
    assert_int_equal(kill(pid, 0), 0);
    die(pid);
    turn_once(loop);
    assert_int_equal(kill(pid, 0), -1); /* it has been waited for */
    assert_int_equal(n_removed, 0);     /* it had no cgroup */
}

static void test_the_cgroup_goes_with_it(void **state)
{
    pid_t pid = child();

    end_worker(pid, "py1", "py1.4");
    turn_once(loop);
    assert_int_equal(n_removed, 0);
    die(pid);
    turn_once(loop);
    assert_int_equal(n_removed, 1);
    assert_string_equal(removed, "py1.4");
}

static void test_the_next_one_stands_back(void **state)
{
    pid_t first = child(), second = child(), other = child(), spare = child();
    unsigned n_called = 0, n_forgotten = 0;
    struct reaper_turn next = {.fn = count, .userdata = &n_called};
    struct reaper_turn same = {.fn = count, .userdata = &n_called};
    struct reaper_turn given_up = {.fn = count, .userdata = &n_forgotten};

    assert_false(reaper_stand_back(reaper, "py1", &next));
    end_worker(first, "py1", "py1");
    end_worker(second, "py1", "py1.1");
    end_worker(other, "py2", "py2");
    reaper_end(reaper, spare);
    assert_false(reaper_stand_back(reaper, "py3", &next));
    assert_true(reaper_stand_back(reaper, "py1", &next));
    assert_true(reaper_stand_back(reaper, "py1", &given_up));
    assert_true(reaper_stand_back(reaper, "py1", &same));
    assert_true(reaper_forget(reaper, &given_up));
    assert_false(reaper_forget(reaper, &given_up));
    die(first);
    turn_once(loop);
    assert_int_equal(n_called, 0);
    die(second);
    turn_once(loop);
    assert_int_equal(n_called, 2);
    assert_false(reaper_forget(reaper, &next));
    assert_false(reaper_stand_back(reaper, "py1", &next));
    assert_true(reaper_stand_back(reaper, "py2", &next));
    assert_true(reaper_forget(reaper, &next));
    assert_int_equal(n_forgotten, 0);
    kill(other, SIGKILL);
    kill(spare, SIGKILL);
}

static void test_the_end_waits_for_all(void **state)
{
    pid_t pid = child();

    end_worker(pid, "py1", "py1");
    kill(pid, SIGKILL);
    reaper = reaper_free(reaper);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(n_removed, 1);
}

/* Somebody else has waited for it already. */
static void test_one_that_is_gone(void **state)
{
    pid_t pid = child();

    end_worker(pid, "py1", "");
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    turn_once(loop);
    assert_int_equal(n_removed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nobody_waits_for_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_cgroup_goes_with_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_next_one_stands_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_end_waits_for_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_that_is_gone, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

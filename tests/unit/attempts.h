/* SPDX-License-Identifier: BSD-2-Clause */
/* What a process tries that is confined, or not, for the tests of layers that a process puts on itself. */
#ifndef TESTS_UNIT_ATTEMPTS_H
#define TESTS_UNIT_ATTEMPTS_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "tests/unit/check.h"

static inline bool can_list(void)
{
    FC_AUTO_CLOSE int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0;
}

static inline bool can_signal(void)
{
    return kill(getppid(), 0) == 0;
}

static inline bool can_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static inline bool can_make_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

/* Has nothing done before an attempt. */
static inline int be_free(void)
{
    return 0;
}

/* Runs an attempt in a process of its own, after `confine`. */
static inline bool succeeds(int (*confine)(void), bool (*attempt)(void))
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(confine() < 0 ? 2 : !attempt());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_not_equal(WEXITSTATUS(status), 2);
    return WEXITSTATUS(status) == 0;
}

#endif

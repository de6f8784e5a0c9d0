/* SPDX-License-Identifier: BSD-2-Clause */
/* Landlock's rights by version, and what a process can still do that has restricted itself with them. */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "proto/landlock.h"
#include "tests/unit/check.h"

static void test_rights_by_version(void **state)
{
    (void)state;
    assert_int_equal(landlock_file_rights(1), 0x1fff);
    assert_int_equal(landlock_file_rights(2), 0x3fff);
    assert_int_equal(landlock_file_rights(3), 0x7fff);
    assert_int_equal(landlock_file_rights(4), 0x7fff);
    assert_int_equal(landlock_file_rights(5), 0xffff);
    assert_int_equal(landlock_file_rights(7), 0xffff);
    assert_int_equal(LANDLOCK_WRITE & ~landlock_file_rights(3), 0);
    assert_int_equal(LANDLOCK_WRITE & LANDLOCK_ACCESS_FS_EXECUTE, 0);
    assert_int_equal(LANDLOCK_READ & LANDLOCK_ACCESS_FS_WRITE_FILE, 0);
}

/* Restricts this process to reading `folder` and the file `file`. */
static int restrict_to(const char *folder, const char *file)
{
    FC_AUTO_CLOSE int ruleset = landlock_new(LANDLOCK_ABSTRACT_SOCKETS | LANDLOCK_SIGNALS | LANDLOCK_TCP);
    FC_AUTO_CLOSE int below = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    FC_AUTO_CLOSE int one = open(file, O_PATH | O_CLOEXEC);
    int r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;

    if (r == 0)
        r = landlock_allow(ruleset, below, LANDLOCK_READ);
    if (r == 0) /* also rights that only folders have: they are left out */
        r = landlock_allow(ruleset, one, LANDLOCK_WRITE);
    return r < 0 ? r : landlock_restrict(ruleset);
}

/* Returns the errno of opening a file, 0 if it can be opened. */
static int open_error(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/* In a process of its own: the number of the first step that went wrong, or 0. */
static int run_restricted(void)
{
    if (restrict_to("/etc", "/dev/null") < 0)
        return 1;
    if (open_error("/etc/passwd", O_RDONLY) != 0)
        return 2;
    if (open_error("/etc", O_RDONLY | O_DIRECTORY) != 0)
        return 3;
    if (open_error("/dev/null", O_RDWR) != 0)
        return 4;
    if (open_error("/dev/zero", O_RDONLY) != EACCES)
        return 5;
    if (open_error("/usr", O_RDONLY | O_DIRECTORY) != EACCES)
        return 6;
    if (open_error("/tmp/firecurtain-test-landlock", O_WRONLY | O_CREAT) != EACCES)
        return 7;
    return 0;
}

static void test_restricted_process(void **state)
{
    int status = -1;
    pid_t pid;

    (void)state;
    if (landlock_abi() < 0)
        skip();
    pid = fork();
    if (pid == 0)
        _exit(run_restricted());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_errors(void **state)
{
    int error;

    (void)state;
    assert_int_equal(landlock_allow(-1, -1, LANDLOCK_READ), -EBADF);
    error = landlock_restrict(-1);
    assert_true(error == -EBADF || error == -ENOSYS || error == -EOPNOTSUPP || error == -EPERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rights_by_version),
        cmocka_unit_test(test_restricted_process),
        cmocka_unit_test(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

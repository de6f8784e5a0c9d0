/* SPDX-License-Identifier: BSD-2-Clause */
/* Folders are removed with whatever a script has put there, and nothing else is. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/os/folder_remove.h"
#include "tests/unit/check.h"

static char top[64];
static int fd;

static int setup(void **state)
{
    snprintf(top, sizeof(top), "/tmp/fc-remove-XXXXXX");
    assert_non_null(mkdtemp(top));
    fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(mkdirat(fd, "other", 0700), 0);
    close(openat(fd, "other/kept", O_WRONLY | O_CREAT, 0600));
    assert_int_equal(mkdirat(fd, "gone", 0700), 0);
    return 0;
}

static int teardown(void **state)
{
    assert_int_equal(faccessat(fd, "other/kept", F_OK, 0), 0);
    assert_int_equal(folder_remove(fd, "other"), 0);
    assert_int_equal(rmdir(top), 0); /* nothing else is left */
    close(fd);
    return 0;
}

static void test_links_are_not_followed(void **state)
{
    assert_int_equal(symlinkat("../other", fd, "gone/link"), 0);
    assert_int_equal(symlinkat("../other/kept", fd, "gone/file"), 0);
    assert_int_equal(symlinkat("nowhere", fd, "gone/nowhere"), 0);
    assert_int_equal(linkat(fd, "other/kept", fd, "gone/hard", 0), 0);
    assert_int_equal(mkfifoat(fd, "gone/fifo", 0600), 0);
    assert_int_equal(folder_remove(fd, "gone"), 0);
    assert_int_equal(symlinkat("other", fd, "gone"), 0);
    assert_true(folder_remove(fd, "gone") < 0);
    assert_int_equal(unlinkat(fd, "gone", 0), 0);
    assert_int_equal(folder_remove(fd, "gone"), -ENOENT);
}

/* Many more folders than descriptors, and paths that are longer than any call takes. */
static void test_any_depth(void **state)
{
    int at = openat(fd, "gone", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (int i = 0; i < 3000; i++) {
        int next;

        assert_int_equal(mkdirat(at, "a-folder", 0700), 0);
        close(openat(at, "file", O_WRONLY | O_CREAT, 0600));
        next = openat(at, "a-folder", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(at);
        at = next;
    }
    close(at);
    assert_int_equal(folder_remove(fd, "gone"), 0);
}

static void test_many_files_and_shut_folders(void **state)
{
    char name[64];

    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof(name), "gone/%d", i);
        close(openat(fd, name, O_WRONLY | O_CREAT, 0));
    }
    assert_int_equal(mkdirat(fd, "gone/shut", 0700), 0);
    assert_int_equal(mkdirat(fd, "gone/shut/in", 0700), 0);
    assert_int_equal(fchmodat(fd, "gone/shut", 0, 0), 0);
    assert_int_equal(fchmodat(fd, "gone", 0, 0), 0);
    assert_int_equal(folder_remove(fd, "gone"), 0);
}

#define remove_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        remove_test(test_links_are_not_followed),
        remove_test(test_any_depth),
        remove_test(test_many_files_and_shut_folders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Deleted files among mappings: lines as the kernel writes them, those of this process too. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/gate/maps.h"
#include "firecurtain/cleanup.h"

#define LINE "7f3a3cfff000-7f3a3d000000 r--p 00000000 fe:01 1835020                    "

static void test_lines(void **state)
{
    static const char *others[] = {
        "",
        " (deleted)",
        "/state/a (deleted)",
        "7f3a3cfff000-7f3a3d000000 rw-p 00000000 00:00 0 ",
        "7ffc1a9a7000-7ffc1a9c8000 rw-p 00000000 00:00 0                          [stack]",
        LINE "/state/a",
        LINE "/state/a (deleted) ",
        LINE "/usr/lib/x86_64-linux-gnu/libc.so.6 (deleted)",
        LINE "/show/state/a (deleted)",
        LINE "/state (deleted)",
        LINE "/states/a (deleted)",
        "nonsense fe:01 12 /state/a (deleted)",
    };
    ino_t file = 7;

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_SIZE(others); i++)
        assert_false(maps_is_deleted(others[i], "/state", &file));
    assert_int_equal(file, 7);
    assert_true(maps_is_deleted(LINE "/state/a (deleted)", "/state", &file));
    assert_int_equal(file, 1835020);
    assert_true(maps_is_deleted(LINE "/state/deep/er/a b\\012c (deleted) (deleted)", "/state", &file));
    assert_true(
        maps_is_deleted("0-1000 r--p 0 0:1 18446744073709551615 /state/a (deleted)", "/state", &file));
    assert_true(file == (ino_t)UINT64_MAX);
}

/* Returns how often the file is a deleted one among this process's mappings. */
static unsigned count(const char *folder, ino_t file)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[8192];
    unsigned n = 0;
    ino_t found;

    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps)) {
        line[strcspn(line, "\n")] = '\0';
        n += maps_is_deleted(line, folder, &found) && found == file;
    }
    fclose(maps);
    return n;
}

static void test_mappings_of_this_process(void **state)
{
    char folder[] = "/tmp/fc-maps-XXXXXX", path[64];
    struct stat st;
    void *map;
    int fd;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/file", folder);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && ftruncate(fd, 8192) == 0 && fstat(fd, &st) == 0);
    map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_ptr_not_equal(map, MAP_FAILED);
    close(fd);
    assert_int_equal(count(folder, st.st_ino), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(count(folder, st.st_ino), 1);
    assert_int_equal(count("/elsewhere", st.st_ino), 0);
    assert_int_equal(munmap(map, 4096), 0);
    assert_int_equal(count(folder, st.st_ino), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_mappings_of_this_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

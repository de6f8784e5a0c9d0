/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a driver can still do: each attempt succeeds in a process that is not confined, and fails in one that
 * is, but for the paths that it was given; Landlock is tried alone, too, since the filter would hide that it
 * is missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/os/confine_driver.h"
#include "firecurtain/cleanup.h"
#include "proto/landlock.h"
#include "tests/unit/attempts.h"
#include "tests/unit/check.h"

#define GIVEN_FILE   "/etc/passwd"
#define GIVEN_DEVICE "/dev/zero"

static bool can_open(const char *path, int flags)
{
    FC_AUTO_CLOSE int fd = open(path, flags | O_CLOEXEC);

    return fd >= 0;
}

static bool can_read_another(void)
{
    return can_open("/etc/group", O_RDONLY);
}

static bool can_write_another_device(void)
{
    return can_open("/dev/null", O_RDWR);
}

static bool can_make_file(void)
{
    char path[] = "/tmp/firecurtain-test-driver-XXXXXX";
    int fd = mkstemp(path);

    if (fd < 0)
        return false;
    close(fd);
    unlink(path);
    return true;
}

static bool can_read_given(void)
{
    return can_open(GIVEN_FILE, O_RDONLY);
}

static bool can_write_given_device(void)
{
    return can_open(GIVEN_DEVICE, O_RDWR);
}

/* Landlock has no say in this: only a private root does not have it. */
static bool can_ask_about_another(void)
{
    struct stat st;

    return stat("/etc/group", &st) == 0;
}

static bool can_make_socket(void)
{
    FC_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd >= 0;
}

/* Succeeds by the status of the program that takes this process's place. */
static bool can_execute(void)
{
    char *argv[] = {(char *)"true", NULL};

    execv("/bin/true", argv);
    return false;
}

static bool can_fill_memory(void)
{
    return mmap(NULL, CONFINE_DRIVER_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
}

static int confine_with(int (*confine)(const struct confine_paths *paths))
{
    struct confine_path list[] = {{GIVEN_FILE, false}, {GIVEN_DEVICE, true}, {"/nothing/of/the/kind", true}};
    const struct confine_paths paths = {.list = list, .n = FC_ARRAY_SIZE(list)};

    return confine(&paths);
}

static int be_locked(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : confine_with(confine_driver_landlock);
}

static int confine_all(const struct confine_paths *paths)
{
    struct confine_found found;
    const struct confine_spec spec = {.is_root = geteuid() == 0, .uid = 65534, .gid = 65534};

    return confine_driver(&spec, paths, &found);
}

static int be_confined(void)
{
    return confine_with(confine_all);
}

static void test_a_confined_driver_has_what_it_was_given(void **state)
{
    static bool (*const attempts[])(void) = {
        can_read_another, can_list,        can_write_another_device,
        can_make_file,    can_make_socket, can_signal,
        can_fork,         can_execute,     can_make_code,
        can_fill_memory,
    };

    (void)state;
#ifdef FIRECURTAIN_SANITIZE
    skip(); /* the sanitizers need some of it themselves */
#endif
    for (size_t i = 0; i < FC_ARRAY_SIZE(attempts); i++) {
        assert_true(succeeds(be_free, attempts[i]));
        assert_false(succeeds(be_confined, attempts[i]));
    }
    assert_true(succeeds(be_confined, can_read_given));
    assert_true(succeeds(be_confined, can_write_given_device));
}

static bool has_namespaces(void)
{
    const struct confine_spec spec = {.is_root = geteuid() == 0, .uid = 65534, .gid = 65534};
    bool is_apart = false;

    return confine_driver_apart(&spec, &is_apart) == 0 && is_apart;
}

static void test_what_was_not_given_is_not_there(void **state)
{
    (void)state;
    if (!succeeds(be_free, has_namespaces))
        skip();
    assert_true(succeeds(be_free, can_ask_about_another));
    assert_false(succeeds(be_confined, can_ask_about_another));
    assert_true(succeeds(be_confined, can_read_given));
    assert_true(succeeds(be_confined, can_write_given_device));
}

static void test_landlock_alone_leaves_what_was_given(void **state)
{
    (void)state;
    if (landlock_abi() < 0)
        skip();
    assert_false(succeeds(be_locked, can_read_another));
    assert_false(succeeds(be_locked, can_list));
    assert_false(succeeds(be_locked, can_write_another_device));
    assert_false(succeeds(be_locked, can_execute));
    assert_true(succeeds(be_locked, can_read_given));
    assert_true(succeeds(be_locked, can_write_given_device));
    if (landlock_abi() >= 6)
        assert_false(succeeds(be_locked, can_signal));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_confined_driver_has_what_it_was_given),
        cmocka_unit_test(test_what_was_not_given_is_not_there),
        cmocka_unit_test(test_landlock_alone_leaves_what_was_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

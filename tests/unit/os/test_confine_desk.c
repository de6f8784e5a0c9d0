/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the desk can still do: each attempt succeeds in a process that is not confined, and fails in one that
 * is; Landlock is tried alone, too, since the filter would hide that it is missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/os/confine.h"
#include "broker/os/confine_desk.h"
#include "broker/os/confine_landlock.h"
#include "firecurtain/cleanup.h"
#include "proto/landlock.h"
#include "tests/unit/attempts.h"
#include "tests/unit/check.h"

static bool can_open(void)
{
    FC_AUTO_CLOSE int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

    return fd >= 0;
}

static bool can_make_socket(void)
{
    FC_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd >= 0;
}

static bool can_fill_memory(void)
{
    return mmap(NULL, CONFINE_DESK_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
}

static void *thread(void *nothing)
{
    return nothing;
}

/* libzmq needs it. */
static bool can_make_threads(void)
{
    pthread_t id;

    return pthread_create(&id, NULL, thread, NULL) == 0 && pthread_join(id, NULL) == 0;
}

static int be_locked(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : confine_landlock_nothing();
}

static int be_confined(void)
{
    return confine_desk(&(struct confine_spec){.is_root = geteuid() == 0, .uid = 65534, .gid = 65534});
}

static void test_a_confined_desk_can_do_next_to_nothing(void **state)
{
    static bool (*const attempts[])(void) = {
        can_open, can_list, can_make_socket, can_signal, can_fork, can_make_code, can_fill_memory,
    };

    (void)state;
#ifdef FIRECURTAIN_SANITIZE
    skip(); /* the sanitizers need some of it themselves */
#endif
    for (size_t i = 0; i < FC_ARRAY_SIZE(attempts); i++) {
        assert_true(succeeds(be_free, attempts[i]));
        assert_false(succeeds(be_confined, attempts[i]));
    }
    assert_true(succeeds(be_confined, can_make_threads));
}

static void test_landlock_alone_leaves_no_file(void **state)
{
    (void)state;
    if (landlock_abi() < 0)
        skip();
    assert_false(succeeds(be_locked, can_open));
    assert_false(succeeds(be_locked, can_list));
    if (landlock_abi() >= 6)
        assert_false(succeeds(be_locked, can_signal));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_confined_desk_can_do_next_to_nothing),
        cmocka_unit_test(test_landlock_alone_leaves_no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

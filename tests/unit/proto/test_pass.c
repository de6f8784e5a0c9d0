/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages with descriptors: they arrive, close-on-exec, and what does not fit is reported and not leaked. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/pass.h"
#include "tests/unit/check.h"

struct pair {
    int ends[2];
    unsigned n_open;
};

static int setup(void **state)
{
    struct pair *pair = calloc(1, sizeof(*pair));

    assert_non_null(pair);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair->ends), 0);
    pair->n_open = count_descriptors();
    *state = pair;
    return 0;
}

static int teardown(void **state)
{
    struct pair *pair = *state;

    assert_int_equal(count_descriptors(), pair->n_open);
    close(pair->ends[0]);
    close(pair->ends[1]);
    free(pair);
    return 0;
}

static void send_null(struct pair *pair, const char *text, size_t n_descriptors)
{
    int null = open("/dev/null", O_RDONLY), descriptors[PASS_MAX_DESCRIPTORS];

    for (size_t i = 0; i < PASS_MAX_DESCRIPTORS; i++)
        descriptors[i] = null;
    assert_int_equal(pass_send(pair->ends[0], text, strlen(text) + 1, descriptors, n_descriptors, 0), 0);
    close(null);
}

static void assert_null_device(int fd)
{
    struct stat st, null;

    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(stat("/dev/null", &null), 0);
    assert_int_equal(st.st_rdev, null.st_rdev);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static void receive(struct pair *pair, size_t n_descriptors, size_t room)
{
    int descriptors[PASS_MAX_DESCRIPTORS], flags = -1;
    char text[16];

    send_null(pair, "hello", n_descriptors);
    assert_int_equal(pass_receive(pair->ends[1], text, sizeof(text), descriptors, room, &flags), 6);
    assert_string_equal(text, "hello");
    assert_int_equal(flags & MSG_TRUNC, 0);
    assert_int_equal(!!(flags & MSG_CTRUNC), n_descriptors > room);
    for (size_t i = 0; i < room; i++) {
        if (i < n_descriptors) {
            assert_null_device(descriptors[i]);
            close(descriptors[i]);
        } else {
            assert_int_equal(descriptors[i], -1);
        }
    }
}

static void test_descriptors_arrive(void **state)
{
    receive(*state, 0, 2);
    receive(*state, 1, 2);
    receive(*state, 2, 2);
    receive(*state, PASS_MAX_DESCRIPTORS, PASS_MAX_DESCRIPTORS);
}

static void test_more_than_room(void **state)
{
    receive(*state, 3, 2);
    receive(*state, 2, 1);
}

static void test_long_message(void **state)
{
    struct pair *pair = *state;
    int descriptor, flags = 0;
    char text[4];

    send_null(pair, "too long", 0);
    assert_int_equal(pass_receive(pair->ends[1], text, sizeof(text), &descriptor, 1, &flags), sizeof(text));
    assert_true(flags & MSG_TRUNC);
    assert_int_equal(descriptor, -1);
}

static void test_other_side_has_gone(void **state)
{
    struct pair *pair = *state;
    int descriptor = 0;
    char text[4];

    assert_int_equal(shutdown(pair->ends[0], SHUT_RDWR), 0);
    assert_int_equal(pass_receive(pair->ends[1], text, sizeof(text), &descriptor, 1, NULL), 0);
    assert_int_equal(descriptor, -1);
    assert_int_equal(pass_send(pair->ends[1], "x", 1, NULL, 0, 0), -EPIPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_descriptors_arrive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more_than_room, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_message, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_side_has_gone, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The guard with the real libzmq behind it: a worker's end by libzmq, and one that speaks by hand. */
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "broker/guest/link_guard.h"
#include "firecurtain/time.h"
#include "proto/link.h"
#include "tests/programs/zmtp_opening.h"
#include "tests/unit/check.h"
#include "tests/unit/link_fixture.h"

#define WAIT_MS 10000 /* for what will come; a test that waits as long has failed */

struct rig {
    char folder[64];
    char path[96];
    struct loop *loop;
    struct link_context *context;
    struct link *link;
    struct guarded_link guarded;
    unsigned n_ended;
    const char *wrong;
    struct timer patience;
};

static void on_ended(void *userdata, const char *wrong)
{
    struct rig *rig = userdata;

    rig->n_ended++;
    rig->wrong = wrong;
    loop_stop(rig->loop);
}

static void out_of_patience(void *userdata)
{
    loop_stop(((struct rig *)userdata)->loop);
}

static int setup(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    strcpy(rig->folder, "/tmp/firecurtain-guard-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    snprintf(rig->path, sizeof(rig->path), "%s/end", rig->folder);
    assert_int_equal(loop_new(&rig->loop), 0);
    assert_int_equal(link_guard_start(rig->loop), 0);
    assert_int_equal(link_context_new(&rig->context, 64), 0);
    rig->guarded = (struct guarded_link){.ended = on_ended, .userdata = rig};
    rig->patience = (struct timer){.fn = out_of_patience, .userdata = rig};
    assert_int_equal(link_guard_add(&rig->guarded, "end"), 0);
    assert_int_equal(fixture_bind(&rig->link, rig->context, rig->path), 0);
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    link_free(rig->link);
    link_guard_remove(&rig->guarded);
    link_context_free(rig->context);
    link_guard_stop();
    loop_cancel_timer(rig->loop, &rig->patience);
    loop_free(rig->loop);
    unlink(rig->path);
    rmdir(rig->folder);
    free(rig);
    return 0;
}

static int connect_by_hand(const struct rig *rig)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", rig->path);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void say(int fd, const void *bytes, size_t n_bytes)
{
    assert_int_equal(send(fd, bytes, n_bytes, MSG_NOSIGNAL), n_bytes);
}

/* libzmq takes no message before both have said READY. */
static void shake_hands(int fd)
{
    uint8_t answer[sizeof(zmtp_opening)];

    say(fd, &zmtp_opening, sizeof(zmtp_opening));
    assert_int_equal(recv(fd, answer, sizeof(answer), MSG_WAITALL), sizeof(answer));
}

static void run_until_ended(struct rig *rig)
{
    loop_set_timer(rig->loop, &rig->patience, fc_now_ns() + WAIT_MS * FC_NS_PER_MS);
    if (!rig->n_ended)
        loop_run(rig->loop);
    loop_cancel_timer(rig->loop, &rig->patience);
}

static bool receives(struct link *link, const char *text)
{
    uint64_t end_ns = fc_now_ns() + WAIT_MS * FC_NS_PER_MS;
    const void *bytes;
    size_t n_bytes;

    while (link_receive(link, &bytes, &n_bytes) == -EAGAIN) {
        struct pollfd fd = {.fd = link_fd(link), .events = POLLIN};

        if (fc_now_ns() > end_ns)
            return false;
        poll(&fd, 1, 100);
    }
    return n_bytes == strlen(text) && !memcmp(bytes, text, n_bytes);
}

static void assert_hung_up_upon(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char byte;

    do
        assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
    while (recv(fd, &byte, 1, MSG_DONTWAIT) > 0); /* its own greeting */
}

static void test_libzmq_passes(void **state)
{
    struct rig *rig = *state;
    struct link *worker;

    assert_int_equal(link_connect(&worker, rig->context, rig->path), 0);
    memcpy(link_reserve(worker, 5), "hello", 5);
    assert_int_equal(link_commit(worker), 0);
    assert_true(receives(rig->link, "hello"));
    assert_true(link_guard_has_seen(&rig->guarded));
    assert_int_equal(rig->n_ended, 0);
    link_free(worker);
    run_until_ended(rig);
    assert_int_equal(rig->n_ended, 1);
    assert_null(rig->wrong);
}

static void test_a_message_by_hand_passes_too(void **state)
{
    struct rig *rig = *state;
    int fd = connect_by_hand(rig);

    shake_hands(fd);
    say(fd, "\0\2hi", 4);
    assert_true(receives(rig->link, "hi"));
    close(fd);
    run_until_ended(rig);
    assert_null(rig->wrong);
}

static void test_a_message_in_parts_ends_the_stream(void **state)
{
    struct rig *rig = *state;
    int fd = connect_by_hand(rig);

    shake_hands(fd);
    say(fd, "\1\2hi", 4);
    run_until_ended(rig);
    assert_int_equal(rig->n_ended, 1);
    assert_string_equal(rig->wrong, "a message in parts");
    assert_hung_up_upon(fd);
    close(fd);
}

static void test_there_is_one_connection(void **state)
{
    struct rig *rig = *state;
    int first = connect_by_hand(rig), second;

    shake_hands(first);
    say(first, "\0\2hi", 4);
    assert_true(receives(rig->link, "hi"));
    second = connect_by_hand(rig);
    assert_hung_up_upon(second);
    say(first, "\0\2ho", 4);
    assert_true(receives(rig->link, "ho"));
    assert_int_equal(rig->n_ended, 0);
    close(second);
    close(first);
}

static uint64_t processor_ns(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * FC_NS_PER_S + (uint64_t)used.tv_nsec;
}

static void test_no_descriptors_left_is_not_the_end(void **state)
{
    struct rig *rig = *state;
    struct rlimit before, none;
    uint64_t used_ns;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", rig->path);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    used_ns = processor_ns();
    usleep(200000); /* libzmq tries, and is told ENFILE for EMFILE, which it would abort on */
    used_ns = processor_ns() - used_ns;
    assert_true(used_ns < 100 * FC_NS_PER_MS); /* now and then, not as fast as it can */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    shake_hands(fd);
    say(fd, "\0\2hi", 4);
    assert_true(receives(rig->link, "hi"));
    close(fd);
}

static void test_many_links_leave_nothing(void **state)
{
    struct rig *rig = *state;
    unsigned descriptors = count_descriptors();

    for (int i = 0; i < 50; i++) {
        struct guarded_link guarded = {.ended = on_ended, .userdata = rig};
        struct link *broker, *worker;
        char path[128];

        snprintf(path, sizeof(path), "%s/%d", rig->folder, i);
        assert_int_equal(link_guard_add(&guarded, strrchr(path, '/') + 1), 0);
        assert_int_equal(fixture_bind(&broker, rig->context, path), 0);
        assert_int_equal(link_connect(&worker, rig->context, path), 0);
        memcpy(link_reserve(worker, 1), "x", 1);
        assert_int_equal(link_commit(worker), 0);
        assert_true(receives(broker, "x"));
        link_free(worker);
        link_free(broker);
        link_guard_remove(&guarded);
        unlink(path);
    }
    for (int i = 0; i < 100 && count_descriptors() > descriptors; i++)
        usleep(20000); /* libzmq closes in its own time */
    assert_int_equal(count_descriptors(), descriptors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_libzmq_passes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_message_by_hand_passes_too, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_message_in_parts_ends_the_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(test_there_is_one_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_descriptors_left_is_not_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_links_leave_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

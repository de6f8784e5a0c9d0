/* SPDX-License-Identifier: BSD-2-Clause */
/* Two ends of a link over a real endpoint in a folder of its own; where it matters the other end is a real
 * process. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "firecurtain/time.h"
#include "proto/codec.h"
#include "proto/link.h"
#include "tests/unit/check.h"
#include "tests/unit/link_fixture.h"

#define WAIT_MS 10000 /* for what will come; a test that waits as long has failed */

struct ends {
    char folder[64];
    char path[96];
    struct link_context *context;
    struct link *broker;
    struct link *worker;
};

static int setup(void **state)
{
    struct ends *ends = calloc(1, sizeof(*ends));

    assert_non_null(ends);
    strcpy(ends->folder, "/tmp/firecurtain-link-XXXXXX");
    assert_non_null(mkdtemp(ends->folder));
    snprintf(ends->path, sizeof(ends->path), "%s/end", ends->folder);
    assert_int_equal(link_context_new(&ends->context, 16), 0);
    assert_int_equal(fixture_bind(&ends->broker, ends->context, ends->path), 0);
    *state = ends;
    return 0;
}

static int teardown(void **state)
{
    struct ends *ends = *state;

    assert_null(link_free(ends->worker));
    assert_null(link_free(ends->broker));
    assert_null(link_context_free(ends->context));
    unlink(ends->path);
    rmdir(ends->folder);
    free(ends);
    return 0;
}

static void connect_here(struct ends *ends)
{
    assert_int_equal(link_connect(&ends->worker, ends->context, ends->path), 0);
}

/* Waits on the descriptor as the header says: look first, then sleep until it tells of a change. */
static int receive_within(struct link *link, const void **bytes, size_t *n_bytes, int ms)
{
    uint64_t end_ns = fc_now_ns() + (uint64_t)ms * FC_NS_PER_MS;
    int r;

    while ((r = link_receive(link, bytes, n_bytes)) == -EAGAIN) {
        struct pollfd fd = {.fd = link_fd(link), .events = POLLIN};
        uint64_t now_ns = fc_now_ns();

        if (now_ns >= end_ns || poll(&fd, 1, (int)((end_ns - now_ns) / FC_NS_PER_MS) + 1) == 0)
            return -ETIMEDOUT;
    }
    return r;
}

static void assert_receives(struct link *link, const char *text)
{
    const void *bytes;
    size_t n_bytes;

    assert_int_equal(receive_within(link, &bytes, &n_bytes, WAIT_MS), 0);
    assert_int_equal(n_bytes, strlen(text));
    assert_memory_equal(bytes, text, n_bytes);
}

static int send_bytes(struct link *link, size_t n_bytes, const char *text)
{
    char *room = link_reserve(link, n_bytes);
    int r;

    if (!room)
        return -ENOMEM;
    memset(room, 'x', n_bytes);
    memcpy(room, text, strlen(text));
    r = link_commit(link);
    link_readable(link); /* after each send, as the header says: it also learns what the peer has taken */
    return r;
}

static int send_text(struct link *link, const char *text)
{
    return send_bytes(link, strlen(text), text);
}

static void test_both_directions_in_order(void **state)
{
    struct ends *ends = *state;
    char text[16];

    connect_here(ends);
    assert_int_equal(send_text(ends->worker, "hello"), 0);
    assert_receives(ends->broker, "hello");
    for (int i = 0; i < 5; i++) {
        snprintf(text, sizeof(text), "down %d", i);
        assert_int_equal(send_text(ends->broker, text), 0);
        snprintf(text, sizeof(text), "up %d", i);
        assert_int_equal(send_text(ends->worker, text), 0);
    }
    for (int i = 0; i < 5; i++) {
        snprintf(text, sizeof(text), "down %d", i);
        assert_receives(ends->worker, text);
        snprintf(text, sizeof(text), "up %d", i);
        assert_receives(ends->broker, text);
    }
}

static void test_an_empty_message(void **state)
{
    struct ends *ends = *state;

    connect_here(ends);
    assert_int_equal(send_text(ends->worker, ""), 0);
    assert_receives(ends->broker, "");
}

static void test_nothing_there_is_eagain(void **state)
{
    struct ends *ends = *state;
    const void *bytes;
    size_t n_bytes;

    assert_int_equal(link_receive(ends->broker, &bytes, &n_bytes), -EAGAIN);
    assert_false(link_readable(ends->broker));
    connect_here(ends);
    assert_int_equal(link_receive(ends->broker, &bytes, &n_bytes), -EAGAIN);
    assert_int_equal(send_text(ends->worker, "a"), 0);
    assert_receives(ends->broker, "a");
    assert_int_equal(link_receive(ends->broker, &bytes, &n_bytes), -EAGAIN);
    assert_false(link_readable(ends->broker));
}

static void test_sending_to_nobody_is_eagain(void **state)
{
    struct ends *ends = *state;

    assert_int_equal(send_text(ends->broker, "early"), -EAGAIN);
    connect_here(ends);
    assert_int_equal(send_text(ends->worker, "hello"), 0);
    assert_receives(ends->broker, "hello");
    assert_int_equal(send_text(ends->broker, "later"), 0);
    assert_receives(ends->worker, "later"); /* and "early" never */
}

/* Sends numbered messages, large ones so that the kernel's buffers fill up too, until one is refused: its
 * number. */
static uint32_t fill(struct link *link)
{
    for (uint32_t n = 0;; n++) {
        char *room = link_reserve(link, 100000);
        int r;

        assert_non_null(room);
        assert_true(n < 1000);
        memcpy(room, &n, sizeof(n));
        r = link_commit(link);
        if (r == -EAGAIN)
            return n;
        assert_int_equal(r, 0);
    }
}

static void wait_for_either(struct ends *ends)
{
    struct pollfd fds[] = {{.fd = link_fd(ends->broker), .events = POLLIN},
                           {.fd = link_fd(ends->worker), .events = POLLIN}};

    assert_true(poll(fds, 2, WAIT_MS) > 0);
}

/* The message waits in the link: link_commit() may be called again, as a worker does while the broker is
 * behind. */
static void test_a_full_link_is_eagain_and_the_message_is_kept(void **state)
{
    struct ends *ends = *state;
    uint32_t refused, received = 0, number;
    const void *bytes;
    size_t n_bytes;
    int r = -EAGAIN;

    connect_here(ends);
    refused = fill(ends->worker);
    while (received <= refused) {
        if (r == -EAGAIN)
            r = link_commit(ends->worker);
        if (link_receive(ends->broker, &bytes, &n_bytes) < 0) {
            wait_for_either(ends);
            continue;
        }
        assert_int_equal(n_bytes, 100000);
        memcpy(&number, bytes, sizeof(number));
        assert_int_equal(number, received++);
    }
    assert_int_equal(r, 0);
}

static void test_unlinking_the_endpoint_keeps_the_link(void **state)
{
    struct ends *ends = *state;

    connect_here(ends);
    assert_int_equal(send_text(ends->worker, "hello"), 0);
    assert_receives(ends->broker, "hello");
    assert_int_equal(unlink(ends->path), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(send_text(ends->worker, "up"), 0);
        assert_receives(ends->broker, "up");
        assert_int_equal(send_text(ends->broker, "down"), 0);
        assert_receives(ends->worker, "down");
    }
}

/* Runs `child` in a process of its own, which has no threads of ours: the contexts are made after the fork.
 */
static pid_t start(struct ends *ends, int (*child)(const char *path))
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(child(ends->path));
    return pid;
}

static void assert_ends(pid_t pid, int expected)
{
    int status = -1;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), expected);
}

static int child_open(const char *path, struct link_context **context, struct link **link)
{
    alarm(30);
    return link_context_new(context, 16) < 0 || link_connect(link, *context, path) < 0 ? -1 : 0;
}

/* Says hello, then waits for an answer. */
static int child_greets(const char *path)
{
    struct link_context *context;
    struct link *link;
    const void *bytes;
    size_t n_bytes;

    if (child_open(path, &context, &link) < 0 || send_text(link, "hello") < 0)
        return 1;
    return receive_within(link, &bytes, &n_bytes, WAIT_MS) == 0 && n_bytes == 2 ? 0 : 2;
}

static void test_the_peer_is_the_process_that_sent(void **state)
{
    struct ends *ends = *state;
    pid_t pid = start(ends, child_greets);

    assert_int_equal(link_peer(ends->broker), -1);
    assert_receives(ends->broker, "hello");
    assert_int_equal(link_peer(ends->broker), pid);
    assert_int_not_equal(pid, getpid());
    assert_int_equal(send_text(ends->broker, "ok"), 0);
    assert_ends(pid, 0);
}

/* Leaves at once; what it has sent must arrive all the same, as link_linger() promises. */
static int child_lingers(const char *path)
{
    struct link_context *context;
    struct link *link;

    if (child_open(path, &context, &link) < 0 || send_text(link, "last words") < 0)
        return 1;
    link_linger(link, 5000);
    link_free(link);
    link_context_free(context);
    return 0;
}

static void test_last_words_arrive(void **state)
{
    struct ends *ends = *state;
    pid_t pid = start(ends, child_lingers);

    assert_ends(pid, 0);
    assert_receives(ends->broker, "last words");
    assert_int_equal(link_peer(ends->broker), pid);
}

static void test_a_context_has_room_for_so_many(void **state)
{
    struct ends *ends = *state;
    struct link_context *context;
    struct link *first, *second;

    assert_int_equal(link_context_new(&context, 1), 0);
    assert_int_equal(link_connect(&first, context, ends->path), 0);
    assert_int_equal(link_connect(&second, context, ends->path), -EMFILE);
    assert_null(link_free(first));
    assert_null(link_context_free(context));
}

/* The largest that is allowed, then one byte more, then an honest one. */
static int child_oversizes(const char *path)
{
    struct link_context *context;
    struct link *link;
    struct pollfd fd = {.events = POLLIN};

    if (child_open(path, &context, &link) < 0 || send_bytes(link, CODEC_MAX_FROM_WORKER, "large") < 0 ||
        send_bytes(link, CODEC_MAX_FROM_WORKER + 1, "too large") < 0)
        return 1;
    send_text(link, "after"); /* refused already, if the broker's end was quick to hang up */
    fd.fd = link_fd(link);
    link_linger(link, 300);
    poll(&fd, 1, 1000); /* until the broker's end has hung up */
    link_free(link);
    link_context_free(context);
    return 0;
}

static void test_an_oversize_message_never_arrives(void **state)
{
    struct ends *ends = *state;
    pid_t pid = start(ends, child_oversizes);
    const void *bytes;
    size_t n_bytes;

    assert_int_equal(receive_within(ends->broker, &bytes, &n_bytes, WAIT_MS), 0);
    assert_int_equal(n_bytes, CODEC_MAX_FROM_WORKER);
    assert_memory_equal(bytes, "large", 5);
    assert_ends(pid, 0);
    assert_int_equal(receive_within(ends->broker, &bytes, &n_bytes, 200), -ETIMEDOUT);
}

/* One worker at a time: a second process that finds the endpoint is not heard. */
static void test_a_second_process_is_not_heard(void **state)
{
    struct ends *ends = *state;
    const void *bytes;
    size_t n_bytes;
    pid_t pid;

    connect_here(ends);
    assert_int_equal(send_text(ends->worker, "hello"), 0);
    assert_receives(ends->broker, "hello");
    pid = start(ends, child_lingers);
    assert_int_equal(receive_within(ends->broker, &bytes, &n_bytes, 200), -ETIMEDOUT);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(send_text(ends->broker, "still here"), 0);
    assert_receives(ends->worker, "still here");
}

static void test_paths_that_are_not_possible(void **state)
{
    struct ends *ends = *state;
    struct link *link = NULL;
    char path[400] = "", other[128];
    int listener;

    snprintf(other, sizeof(other), "%s/other", ends->folder);
    listener = fixture_listen(other);
    assert_true(listener >= 0);
    memset(path, 'p', 399);
    assert_int_equal(link_adopt(&link, ends->context, path, listener), -ENAMETOOLONG);
    assert_int_equal(link_connect(&link, ends->context, path), -ENAMETOOLONG);
    path[150] = '\0';
    assert_int_equal(link_adopt(&link, ends->context, path, listener), -ENAMETOOLONG);
    assert_int_equal(link_connect(&link, ends->context, path), -ENAMETOOLONG);
    assert_null(link);
    assert_int_equal(close(listener), 0); /* a failure leaves it to the caller */
    unlink(other);
}

int main(void)
{
#define link_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        link_test(test_both_directions_in_order),
        link_test(test_an_empty_message),
        link_test(test_nothing_there_is_eagain),
        link_test(test_sending_to_nobody_is_eagain),
        link_test(test_a_full_link_is_eagain_and_the_message_is_kept),
        link_test(test_unlinking_the_endpoint_keeps_the_link),
        link_test(test_the_peer_is_the_process_that_sent),
        link_test(test_last_words_arrive),
        link_test(test_a_context_has_room_for_so_many),
        link_test(test_an_oversize_message_never_arrives),
        link_test(test_a_second_process_is_not_heard),
        link_test(test_paths_that_are_not_possible),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

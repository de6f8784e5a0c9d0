/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker program that is hostile from its first instruction: before the script of tests/escape/hostile
 * could be, it speaks the link by hand. Which play it gives is told by the instance's environment, PLAY=NAME;
 * without it, it is the worker that it is linked from.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/codec.h"
#include "proto/progress.h"
#include "proto/spawn_request.h"
#include "worker/worker.h"

_Noreturn __typeof__(worker_run) __real_worker_run;
_Noreturn __typeof__(worker_run) __wrap_worker_run;

#define PUT(literal) put(literal, sizeof(literal) - 1)

/* Messages of worker.proto. */
#define HELLO          "\x0a\2\x08\5"
#define HELLO_99       "\x0a\2\x08\x63"
#define LOCKED(fd)     "\x12\2\x08" fd
#define LOCKED_WITHOUT "\x12\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"
#define REPORT         "\x1a\0"
#define REPORT_DONE    "\x1a\2\x08\1"
#define READY          "\x22\0"
#define STOPPED        "\x2a\0"

#define MANY_DESCRIPTORS 100
#define SURVIVE_S        5 /* the test has seen it by then */

static const int *given; /* the descriptors of the request */
static int link_fd;
static struct progress *progress;

static void put(const char *bytes, size_t n_bytes)
{
    if (send(link_fd, bytes, n_bytes, MSG_NOSIGNAL) < 0)
        pause(); /* cut off: the broker ends us */
}

static void put_locked_with(int fd)
{
    char message[] = LOCKED("\0");

    message[sizeof(message) - 2] = (char)fd;
    PUT(message);
}

static void wait_for_setup(void)
{
    static char setup[CODEC_MAX_MESSAGE];

    PUT(HELLO);
    if (recv(link_fd, setup, sizeof(setup), 0) <= 0)
        pause();
}

/* The lines of the table: what is said at which moment. Afterwards they wait. */

static void play_silence(void)
{
    pause();
}

static void play_garbage(void)
{
    PUT("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

static void play_empty_message(void)
{
    PUT("");
}

static void play_too_large(void)
{
    static char bytes[CODEC_MAX_MESSAGE + 1];

    put(bytes, sizeof(bytes));
}

static void play_largest_garbage(void)
{
    static char bytes[CODEC_MAX_MESSAGE];

    for (int i = 0; i < 100; i++)
        put(bytes, sizeof(bytes));
}

static void play_truncated(void)
{
    PUT("\x0a\5\x08\4");
}

static void play_wrong_version(void)
{
    PUT(HELLO_99);
}

static void play_hello_twice(void)
{
    PUT(HELLO);
    PUT(HELLO);
}

static void play_no_hello(void)
{
    PUT(LOCKED("\5"));
}

static void play_ready_at_once(void)
{
    PUT(HELLO);
    PUT(READY);
}

static void play_report_at_once(void)
{
    PUT(HELLO);
    PUT(REPORT);
}

static void play_stopped_at_once(void)
{
    PUT(HELLO);
    PUT(STOPPED);
}

static void play_quiet_after_hello(void)
{
    PUT(HELLO);
}

static void play_locked_with_a_pipe(void)
{
    wait_for_setup();
    put_locked_with(STDOUT_FILENO);
}

static void play_locked_with_nothing(void)
{
    wait_for_setup();
    put_locked_with(0x7f);
}

static void play_locked_with_an_eventfd(void)
{
    wait_for_setup();
    put_locked_with(eventfd(0, 0));
}

static void play_locked_with_the_link(void)
{
    wait_for_setup();
    put_locked_with(link_fd);
}

static void play_locked_with_the_progress(void)
{
    wait_for_setup();
    put_locked_with(given[SPAWN_PROGRESS]);
}

static void play_locked_without_a_filter(void)
{
    wait_for_setup();
    PUT(LOCKED_WITHOUT);
}

static void play_done_before_locked(void)
{
    wait_for_setup();
    PUT(REPORT_DONE);
}

static void play_a_million_reports(void)
{
    PUT(HELLO);
    for (int i = 0; i < 1000000; i++)
        PUT(REPORT);
}

static void play_exit_after_hello(void)
{
    PUT(HELLO);
    _exit(0);
}

static void play_exit_after_setup(void)
{
    wait_for_setup();
    _exit(3);
}

static void play_hang_up(void)
{
    PUT(HELLO);
    close(link_fd);
}

static void play_half_closed_for_writing(void)
{
    PUT(HELLO);
    shutdown(link_fd, SHUT_WR);
}

static void play_half_closed_for_reading(void)
{
    PUT(HELLO);
    shutdown(link_fd, SHUT_RD);
}

/* Descriptors in a message: refused, or closed where they arrive. The message itself is a good one. */
static void give_away(int fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * MANY_DESCRIPTORS)];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    struct iovec iov = {.iov_base = (void *)HELLO, .iov_len = sizeof(HELLO) - 1};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    int *fds = (int *)CMSG_DATA(CMSG_FIRSTHDR(&message));

    CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
    CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
    CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(sizeof(int) * MANY_DESCRIPTORS);
    for (int i = 0; i < MANY_DESCRIPTORS; i++)
        fds[i] = fd;
    if (sendmsg(link_fd, &message, MSG_NOSIGNAL) < 0) {
        dprintf(given[SPAWN_STDERR], "descriptors: %s\n", strerrorname_np(errno));
        PUT(HELLO);
    } else {
        dprintf(given[SPAWN_STDERR], "descriptors: sent\n");
    }
    if (recv(link_fd, &control, sizeof(control), 0) <= 0)
        pause();
    _exit(0);
}

static void play_gives_a_memory_away(void)
{
    give_away(memfd_create("smuggled", 0));
}

static void play_gives_a_pipe_away(void)
{
    int ends[2];

    give_away(pipe(ends) < 0 ? -1 : ends[0]);
}

static void play_gives_a_socket_away(void)
{
    int ends[2];

    give_away(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ? -1 : ends[0]);
}

static void play_gives_its_link_away(void)
{
    give_away(link_fd);
}

/* Another process speaks in this one's place, which is nobody's affair: what it must keep to is the same. */
static void play_substitute(void)
{
    pid_t parent = getpid();

    if (fork() > 0)
        for (;;)
            pause();
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* without a pid namespace nothing else would end it */
    if (getppid() != parent && parent != 1)
        _exit(0);
    wait_for_setup();
}

/* A process that has the link, too, outlives the worker where there is no pid namespace. */
static void play_survivor(void)
{
    if (fork() > 0)
        _exit(0);
    for (int n = 0; n < 100 * SURVIVE_S; n++) { /* not put(), which waits for the broker to end it */
        send(link_fd, HELLO, sizeof(HELLO) - 1, MSG_NOSIGNAL);
        usleep(10000);
    }
    _exit(0);
}

/* Lies in the memory that tells how far it is, read at its end. */
static void lie(uint64_t base, uint64_t outputs, uint32_t channel, double value)
{
    atomic_store(&progress->base, base);
    atomic_store(&progress->outputs, outputs);
    for (size_t i = 0; i < PROGRESS_OUTPUTS; i++) {
        progress->channels[i] = channel;
        progress->values[i] = value;
    }
    wait_for_setup();
    _exit(0);
}

static void play_progress_jumps(void)
{
    atomic_store(&progress->calls, UINT64_MAX);
    atomic_store(&progress->begun, UINT64_MAX);
    atomic_store(&progress->done, UINT64_MAX);
    lie(0, UINT64_MAX, 0, 0.5);
}

static void play_progress_wraps(void)
{
    lie(UINT64_MAX - 1, 5, 0, 0.5);
}

static void play_progress_ends_before_it_begins(void)
{
    lie(10, 5, 0, 0.5);
}

static void play_progress_one_too_many(void)
{
    lie(0, PROGRESS_OUTPUTS + 1, 0, 0.5);
}

static void play_progress_unknown_channels(void)
{
    lie(0, PROGRESS_OUTPUTS, UINT32_MAX, 0.5);
}

static void play_progress_no_numbers(void)
{
    lie(0, 2, 0, (double)NAN);
}

/* Nothing that could be wrong, were there a script. */
static void play_progress_without_a_script(void)
{
    lie(0, 2, 0, 0.5);
}

static const struct {
    const char *name;
    void (*play)(void);
} plays[] = {
    {"silence", play_silence},
    {"garbage", play_garbage},
    {"empty_message", play_empty_message},
    {"too_large", play_too_large},
    {"largest_garbage", play_largest_garbage},
    {"truncated", play_truncated},
    {"wrong_version", play_wrong_version},
    {"hello_twice", play_hello_twice},
    {"no_hello", play_no_hello},
    {"ready_at_once", play_ready_at_once},
    {"report_at_once", play_report_at_once},
    {"stopped_at_once", play_stopped_at_once},
    {"quiet_after_hello", play_quiet_after_hello},
    {"locked_with_a_pipe", play_locked_with_a_pipe},
    {"locked_with_nothing", play_locked_with_nothing},
    {"locked_with_an_eventfd", play_locked_with_an_eventfd},
    {"locked_with_the_link", play_locked_with_the_link},
    {"locked_with_the_progress", play_locked_with_the_progress},
    {"locked_without_a_filter", play_locked_without_a_filter},
    {"done_before_locked", play_done_before_locked},
    {"a_million_reports", play_a_million_reports},
    {"exit_after_hello", play_exit_after_hello},
    {"exit_after_setup", play_exit_after_setup},
    {"hang_up", play_hang_up},
    {"half_closed_for_writing", play_half_closed_for_writing},
    {"half_closed_for_reading", play_half_closed_for_reading},
    {"gives_a_memory_away", play_gives_a_memory_away},
    {"gives_a_pipe_away", play_gives_a_pipe_away},
    {"gives_a_socket_away", play_gives_a_socket_away},
    {"gives_its_link_away", play_gives_its_link_away},
    {"substitute", play_substitute},
    {"survivor", play_survivor},
    {"progress_jumps", play_progress_jumps},
    {"progress_wraps", play_progress_wraps},
    {"progress_ends_before_it_begins", play_progress_ends_before_it_begins},
    {"progress_one_too_many", play_progress_one_too_many},
    {"progress_unknown_channels", play_progress_unknown_channels},
    {"progress_no_numbers", play_progress_no_numbers},
    {"progress_without_a_script", play_progress_without_a_script},
};

static void (*find_play(const struct spawn_request *request))(void)
{
    const char *variable = request->environment;

    for (uint32_t n = 0; n < request->n_environment; n++, variable += strlen(variable) + 1) {
        for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++) {
            if (strncmp(variable, "PLAY=", 5) == 0 && strcmp(variable + 5, plays[i].name) == 0)
                return plays[i].play;
        }
    }
    return NULL;
}

_Noreturn void __wrap_worker_run(const struct spawn_request *request, int descriptors[SPAWN_DESCRIPTORS_],
                                 const struct worker_birth *birth)
{
    void (*play)(void) = find_play(request);

    if (!play)
        __real_worker_run(request, descriptors, birth);
    given = descriptors;
    link_fd = descriptors[SPAWN_LINK];
    if (progress_map(&progress, descriptors[SPAWN_PROGRESS]) < 0)
        _exit(1);
    fcntl(link_fd, F_SETFL, 0); /* made for somebody who polls */
    play();
    for (;;)
        pause();
}

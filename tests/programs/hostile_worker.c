/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker program that is hostile from its first instruction: before the script of tests/escape/hostile
 * could be, it speaks the link by hand. Which play it gives is told by the instance's environment, PLAY=NAME;
 * without it, it is the worker that it is linked from.
 */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/spawn_request.h"
#include "tests/programs/zmtp_opening.h"
#include "worker/worker.h"

_Noreturn __typeof__(worker_run) __real_worker_run;
_Noreturn __typeof__(worker_run) __wrap_worker_run;

#define BYTES(text) (text), sizeof(text) - 1

/* Messages of worker.proto, as frames. */
#define HELLO       "\0\4\x0a\2\x08\3"
#define HELLO_99    "\0\4\x0a\2\x08\x63"
#define LOCKED(fd)  "\0\4\x12\2\x08" fd
#define REPORT      "\0\2\x1a\0"
#define REPORT_DONE "\0\4\x1a\2\x08\1"
#define READY       "\0\2\x22\0"
#define STOPPED     "\0\2\x2a\0"

static int link_fd;

static void put(const char *bytes, size_t n_bytes)
{
    while (n_bytes) {
        ssize_t n = send(link_fd, bytes, n_bytes, MSG_NOSIGNAL);

        if (n <= 0)
            pause(); /* cut off: the broker ends us */
        bytes += n;
        n_bytes -= (size_t)n;
    }
}

static void take(size_t n_bytes)
{
    char bytes[4096];

    while (n_bytes) {
        ssize_t n = recv(link_fd, bytes, n_bytes < sizeof(bytes) ? n_bytes : sizeof(bytes), 0);

        if (n <= 0)
            pause();
        n_bytes -= (size_t)n;
    }
}

static void connect_link(const struct spawn_request *request, int folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    link_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", request->link);
    if (fchdir(folder) < 0 || connect(link_fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        _exit(1);
}

/* libzmq takes no message before it has said READY itself. */
static void shake_hands(void)
{
    put((const char *)&zmtp_opening, sizeof(zmtp_opening));
    take(sizeof(zmtp_opening));
}

static void say_hello(void)
{
    shake_hands();
    put(BYTES(HELLO));
}

static void wait_for_setup(void)
{
    char byte;

    say_hello();
    if (recv(link_fd, &byte, 1, 0) <= 0)
        pause();
}

/* The lines of the table: what is said at which moment. Afterwards they wait. */

static void play_silence(void)
{
    pause();
}

static void play_garbage(void)
{
    put(BYTES("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
}

static void play_half_a_greeting(void)
{
    put((const char *)&zmtp_opening, 11);
}

static void play_parts(void)
{
    shake_hands();
    put(BYTES("\1\1a\1\1b"));
}

static void play_large_ready(void)
{
    put((const char *)&zmtp_opening, offsetof(struct zmtp_opening, ready));
    put(BYTES("\6\0\0\0\1\0\0\0\0"));
}

static void play_wrong_version(void)
{
    shake_hands();
    put(BYTES(HELLO_99));
}

static void play_hello_twice(void)
{
    say_hello();
    put(BYTES(HELLO));
}

static void play_no_hello(void)
{
    shake_hands();
    put(BYTES(LOCKED("\5")));
}

static void play_ready_at_once(void)
{
    say_hello();
    put(BYTES(READY));
}

static void play_report_at_once(void)
{
    say_hello();
    put(BYTES(REPORT));
}

static void play_stopped_at_once(void)
{
    say_hello();
    put(BYTES(STOPPED));
}

static void play_locked_with_a_pipe(void)
{
    wait_for_setup();
    put(BYTES(LOCKED("\1")));
}

static void play_locked_with_nothing(void)
{
    wait_for_setup();
    put(BYTES(LOCKED("\x7f")));
}

static void play_locked_with_an_eventfd(void)
{
    char frame[] = LOCKED("\0");

    wait_for_setup();
    frame[sizeof(frame) - 2] = (char)eventfd(0, 0);
    put(BYTES(frame));
}

static void play_locked_with_the_link(void)
{
    char frame[] = LOCKED("\0");

    wait_for_setup();
    frame[sizeof(frame) - 2] = (char)link_fd;
    put(BYTES(frame));
}

static void play_done_before_locked(void)
{
    wait_for_setup();
    put(BYTES(REPORT_DONE));
}

static void play_a_million_reports(void)
{
    static char reports[65536];

    for (size_t i = 0; i + sizeof(REPORT) - 1 <= sizeof(reports); i += sizeof(REPORT) - 1)
        memcpy(reports + i, REPORT, sizeof(REPORT) - 1);
    say_hello();
    for (size_t sent = 0; sent < 4000000; sent += sizeof(reports))
        put(reports, sizeof(reports));
}

static void play_exit_after_hello(void)
{
    say_hello();
    _exit(0);
}

static void play_exit_after_setup(void)
{
    wait_for_setup();
    _exit(3);
}

static void play_hang_up(void)
{
    say_hello();
    close(link_fd);
}

/* Connected by another process, in this one's place: __wrap_worker_run() sees to that. */
static void play_substitute(void)
{
    say_hello();
}

static const struct {
    const char *name;
    void (*play)(void);
} plays[] = {
    {"silence", play_silence},
    {"garbage", play_garbage},
    {"half_a_greeting", play_half_a_greeting},
    {"parts", play_parts},
    {"large_ready", play_large_ready},
    {"wrong_version", play_wrong_version},
    {"hello_twice", play_hello_twice},
    {"no_hello", play_no_hello},
    {"ready_at_once", play_ready_at_once},
    {"report_at_once", play_report_at_once},
    {"stopped_at_once", play_stopped_at_once},
    {"locked_with_a_pipe", play_locked_with_a_pipe},
    {"locked_with_nothing", play_locked_with_nothing},
    {"locked_with_an_eventfd", play_locked_with_an_eventfd},
    {"locked_with_the_link", play_locked_with_the_link},
    {"done_before_locked", play_done_before_locked},
    {"a_million_reports", play_a_million_reports},
    {"exit_after_hello", play_exit_after_hello},
    {"exit_after_setup", play_exit_after_setup},
    {"hang_up", play_hang_up},
    {"substitute", play_substitute},
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
    if (play == play_substitute) {
        if (fork() > 0)
            for (;;)
                pause();
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* without a pid namespace nothing else would end it */
    }
    connect_link(request, descriptors[SPAWN_LINK_FOLDER]);
    play();
    for (;;)
        pause();
}

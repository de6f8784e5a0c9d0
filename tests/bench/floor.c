/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What no product can be faster than, made of the same parts and nothing else:
 *
 *   bench-floor echo PORT             answers datagrams
 *   bench-floor chain PORT            the same, with a ping-pong before the answer
 *   bench-floor relay PORT            the same, but a third process answers the datagrams of the second
 *   bench-floor pingpong COUNT        a message to a second process and back, by a SOCK_SEQPACKET pair;
 *                                     prints nanoseconds
 *   bench-floor timer PERIOD-US COUNT how late a timerfd is; prints nanoseconds
 *   bench-floor spin                  keeps a processor busy
 *
 * Servers say "ready". All end with their parent.
 */
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bench.h"
#include "firecurtain/cleanup.h"

#define FLOOR_MESSAGE_BYTES 24 /* as much as a batch of one event */
#define FLOOR_WARM_UP       100

static void floor_say_ready(void)
{
    printf("ready\n");
    fflush(stdout);
}

static void floor_answer(int pair, int none)
{
    char message[FLOOR_MESSAGE_BYTES];
    ssize_t n;

    (void)none;
    while ((n = recv(pair, message, sizeof(message), 0)) > 0 &&
           send(pair, message, (size_t)n, MSG_NOSIGNAL) >= 0)
        ;
}

/* A socket to a new process, which runs `serve` with the other end, and with `fd`. */
static int floor_fork(void (*serve)(int pair, int fd), int fd)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        err(1, "socketpair");
    switch (fork()) {
    case -1:
        err(1, "fork");
    case 0:
        close(pair[0]);
        bench_end_with_parent();
        serve(pair[1], fd);
        _exit(0); /* the other process has gone */
    }
    close(pair[1]);
    return pair[0];
}

/* A socket to a process that sends back what it gets. */
static int floor_pair(void)
{
    return floor_fork(floor_answer, -1);
}

/* What a datagram needs to be answered by another process. */
struct floor_datagram {
    struct sockaddr_in from;
    uint32_t n_bytes;
    unsigned char bytes[BENCH_MAX_PACKET];
};

static void floor_relay_answer(int pair, int fd)
{
    struct floor_datagram datagram;

    while (recv(pair, &datagram, sizeof(datagram), 0) == sizeof(datagram)) {
        sendto(fd, datagram.bytes, datagram.n_bytes, 0, (const struct sockaddr *)&datagram.from,
               sizeof(datagram.from));
        if (send(pair, "", 1, MSG_NOSIGNAL) < 0)
            break;
    }
}

/* Reads a datagram when it is told, and hands it to a third process, as a script does with sendto(). */
static void floor_relay_read(int pair, int fd)
{
    struct floor_datagram datagram = {.n_bytes = 0};
    char message[FLOOR_MESSAGE_BYTES];
    int third = floor_fork(floor_relay_answer, fd);

    while (recv(pair, message, sizeof(message), 0) > 0) {
        socklen_t bytes = sizeof(datagram.from);
        ssize_t n = recvfrom(fd, datagram.bytes, sizeof(datagram.bytes), MSG_DONTWAIT,
                             (struct sockaddr *)&datagram.from, &bytes);

        datagram.n_bytes = n > 0 ? (uint32_t)n : 0;
        if (n > 0 &&
            (send(third, &datagram, sizeof(datagram), MSG_NOSIGNAL) < 0 || recv(third, message, 1, 0) <= 0))
            break;
        if (send(pair, message, sizeof(message), MSG_NOSIGNAL) < 0)
            break;
    }
}

/* Waits for datagrams, and has others read and answer them. */
static _Noreturn void floor_relay(unsigned long port)
{
    int fd = bench_bind(port), pair = floor_fork(floor_relay_read, fd);

    floor_say_ready();
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        char message[FLOOR_MESSAGE_BYTES] = {0};

        if (poll(&ready, 1, -1) < 0)
            err(1, "poll");
        if (send(pair, message, sizeof(message), MSG_NOSIGNAL) < 0 ||
            recv(pair, message, sizeof(message), 0) <= 0)
            err(1, "relay");
    }
}

static void floor_bounce(int pair, void *bytes)
{
    if (send(pair, bytes, FLOOR_MESSAGE_BYTES, MSG_NOSIGNAL) < 0 ||
        recv(pair, bytes, FLOOR_MESSAGE_BYTES, 0) != FLOOR_MESSAGE_BYTES)
        err(1, "ping-pong");
}

/* `pair` is -1 for an echo. */
static _Noreturn void floor_serve(unsigned long port, int pair)
{
    int fd = bench_bind(port);

    floor_say_ready();
    for (;;) {
        unsigned char packet[BENCH_MAX_PACKET] = {0};
        struct sockaddr_in from;
        socklen_t bytes = sizeof(from);
        ssize_t n = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &bytes);

        if (n < 0)
            continue; /* an ICMP error: a client has gone */
        if (pair >= 0)
            floor_bounce(pair, packet);
        sendto(fd, packet, (size_t)n, 0, (const struct sockaddr *)&from, bytes);
    }
}

static void floor_pingpong(uint64_t *samples, unsigned long count)
{
    unsigned char bytes[FLOOR_MESSAGE_BYTES] = {0};
    int pair = floor_pair();

    for (unsigned long i = 0; i < FLOOR_WARM_UP + count; i++) {
        uint64_t from_ns = fc_now_ns();

        floor_bounce(pair, bytes);
        if (i >= FLOOR_WARM_UP)
            samples[i - FLOOR_WARM_UP] = fc_now_ns() - from_ns;
    }
}

/* How late a tick is, for the first time of the grid that none has come for, or else for the latest one. */
static uint64_t floor_lateness(uint64_t passed_ns, uint64_t period_ns, uint64_t *number)
{
    uint64_t latest = passed_ns / period_ns;
    uint64_t meant = *number + 1 < latest ? *number + 1 : latest;

    *number = latest;
    return passed_ns - meant * period_ns;
}

static void floor_timer(uint64_t *samples, unsigned long count, uint64_t period_ns)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct timespec period = {.tv_sec = (time_t)(period_ns / FC_NS_PER_S),
                              .tv_nsec = (long)(period_ns % FC_NS_PER_S)};
    struct itimerspec spec = {.it_interval = period, .it_value = period};
    uint64_t from_ns = fc_now_ns(), number = 0;

    if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL) < 0)
        err(1, "timerfd");
    for (unsigned long i = 0; i < count; i++) {
        uint64_t n;

        if (read(fd, &n, sizeof(n)) < 0)
            err(1, "timerfd");
        samples[i] = floor_lateness(fc_now_ns() - from_ns, period_ns, &number);
    }
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    unsigned long count = argc > 2 ? bench_number(argv[argc - 1], BENCH_MAX_SAMPLES) : 0;
    FC_AUTO_FREE uint64_t *samples = calloc(count + 1, sizeof(*samples));

    if (!samples)
        err(1, "samples");
    bench_end_with_parent();
    if (strcmp(what, "echo") == 0 && argc == 3)
        floor_serve(count, -1);
    if (strcmp(what, "chain") == 0 && argc == 3)
        floor_serve(count, floor_pair());
    if (strcmp(what, "relay") == 0 && argc == 3)
        floor_relay(count);
    if (strcmp(what, "spin") == 0)
        for (;;)
            __asm__ volatile("");
    if (strcmp(what, "pingpong") == 0 && argc == 3)
        floor_pingpong(samples, count);
    else if (strcmp(what, "timer") == 0 && argc == 4)
        floor_timer(samples, count, bench_number(argv[2], 10000000) * 1000);
    else
        errx(64, "echo PORT | chain PORT | relay PORT | pingpong COUNT | timer PERIOD-US COUNT | spin");
    bench_print(samples, count);
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lower bounds for the product, made of the same parts and nothing else:
 *
 *   bench-floor echo PORT              answers datagrams
 *   bench-floor chain PORT             the same, after a ZeroMQ PAIR ping-pong with a second process
 *   bench-floor pingpong COUNT         that ping-pong alone; prints nanoseconds
 *   bench-floor timer PERIOD-US COUNT  how late a timerfd is; prints nanoseconds
 *   bench-floor spin                   keeps a processor busy
 *
 * Servers print "ready". All end with their parent.
 */
#include <sys/timerfd.h>
#include <unistd.h>
#include <zmq.h>

#include "bench.h"
#include "firecurtain/cleanup.h"

#define FLOOR_MESSAGE_BYTES 24 /* as in a batch of one event */
#define FLOOR_WARM_UP       100

static void floor_say_ready(void)
{
    printf("ready\n");
    fflush(stdout);
}

static void *floor_socket(char *endpoint, int (*attach)(void *socket, const char *endpoint))
{
    void *context = zmq_ctx_new();
    void *socket = context ? zmq_socket(context, ZMQ_PAIR) : NULL;

    if (!socket || attach(socket, endpoint) < 0)
        errx(1, "%s: %s", endpoint, zmq_strerror(zmq_errno()));
    return socket;
}

static _Noreturn void floor_answer(char *endpoint)
{
    void *socket = floor_socket(endpoint, zmq_connect);
    char message[FLOOR_MESSAGE_BYTES];

    bench_end_with_parent();
    for (;;) {
        int n = zmq_recv(socket, message, sizeof(message), 0);

        if (n >= 0)
            zmq_send(socket, message, (size_t)n, 0);
    }
}

/* Makes a socket to a process that sends back what it receives. */
static void *floor_pair(void)
{
    char folder[] = "/tmp/fc-floor-XXXXXX", endpoint[64], byte[FLOOR_MESSAGE_BYTES] = {0};
    void *socket;

    if (!mkdtemp(folder))
        err(1, "%s", folder);
    snprintf(endpoint, sizeof(endpoint), "ipc://%s/link", folder);
    switch (fork()) {
    case -1:
        err(1, "fork");
    case 0:
        floor_answer(endpoint);
    }
    socket = floor_socket(endpoint, zmq_bind);
    zmq_send(socket, byte, sizeof(byte), 0);
    zmq_recv(socket, byte, sizeof(byte), 0);
    /* connected: the names are no longer needed */
    unlink(endpoint + sizeof("ipc://") - 1);
    rmdir(folder);
    return socket;
}

static void floor_bounce(void *pair, void *bytes)
{
    if (zmq_send(pair, bytes, FLOOR_MESSAGE_BYTES, 0) < 0 ||
        zmq_recv(pair, bytes, FLOOR_MESSAGE_BYTES, 0) < 0)
        errx(1, "ping-pong: %s", zmq_strerror(zmq_errno()));
}

/* Serves as echo or, with a `pair`, as chain. */
static _Noreturn void floor_serve(unsigned long port, void *pair)
{
    int fd = bench_bind(port);

    floor_say_ready();
    for (;;) {
        unsigned char packet[BENCH_MAX_PACKET] = {0};
        struct sockaddr_in from;
        socklen_t bytes = sizeof(from);
        ssize_t n = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &bytes);

        if (n < 0)
            continue; /* an ICMP error: a client is gone */
        if (pair)
            floor_bounce(pair, packet);
        sendto(fd, packet, (size_t)n, 0, (const struct sockaddr *)&from, bytes);
    }
}

static void floor_pingpong(uint64_t *samples, unsigned long count)
{
    unsigned char bytes[FLOOR_MESSAGE_BYTES] = {0};
    void *pair = floor_pair();

    for (unsigned long i = 0; i < FLOOR_WARM_UP + count; i++) {
        uint64_t from_ns = fc_now_ns();

        floor_bounce(pair, bytes);
        if (i >= FLOOR_WARM_UP)
            samples[i - FLOOR_WARM_UP] = fc_now_ns() - from_ns;
    }
}

/* Returns how late a tick is: for the earliest due time that has had none yet, at most the latest due time.
 */
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
        floor_serve(count, NULL);
    if (strcmp(what, "chain") == 0 && argc == 3)
        floor_serve(count, floor_pair());
    if (strcmp(what, "spin") == 0)
        for (;;)
            __asm__ volatile("");
    if (strcmp(what, "pingpong") == 0 && argc == 3)
        floor_pingpong(samples, count);
    else if (strcmp(what, "timer") == 0 && argc == 4)
        floor_timer(samples, count, bench_number(argv[2], 10000000) * 1000);
    else
        errx(64, "echo PORT | chain PORT | pingpong COUNT | timer PERIOD-US COUNT | spin");
    bench_print(samples, count);
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared by the programs of the benchmark: UDP on 127.0.0.1, and samples in nanoseconds of CLOCK_MONOTONIC,
 * printed as one JSON array. Any failure ends the process; its parent, the benchmark, reports it.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "firecurtain/time.h"

#define BENCH_MAX_SAMPLES 1000000ul
#define BENCH_MAX_PACKET  2048
#define BENCH_BUFFER      (4 << 20) /* a socket's input buffer: hundreds of answers may arrive at once */

/* Reads a number from the command line. */
static inline unsigned long bench_number(const char *text, unsigned long max)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*end || end == text || value > max)
        errx(64, "not a number up to %lu: %s", max, text);
    return value;
}

static inline struct sockaddr_in bench_address(unsigned long port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Makes a socket bound to the port. */
static inline int bench_bind(unsigned long port)
{
    struct sockaddr_in address = bench_address(port);
    int bytes = BENCH_BUFFER, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        err(1, "port %lu", port);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0) /* works for root only */
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    return fd;
}

/* Appends a text, padded to a multiple of four as OSC demands. Returns the number of bytes written. */
static inline size_t bench_put_text(unsigned char *packet, const char *text)
{
    size_t n = strlen(text) + 1;

    memcpy(packet, text, n);
    while (n % 4)
        packet[n++] = '\0';
    return n;
}

/* Makes an OSC message of one float, or without a path just its four bytes; either ends with them. */
static inline size_t bench_packet(unsigned char packet[BENCH_MAX_PACKET], const char *path, float value)
{
    uint32_t bits;
    size_t n = 0;

    if (path[0] && strlen(path) < 256) {
        n = bench_put_text(packet, path);
        n += bench_put_text(packet + n, ",f");
    }
    memcpy(&bits, &value, sizeof(bits));
    bits = htonl(bits);
    memcpy(packet + n, &bits, sizeof(bits));
    return n + sizeof(bits);
}

static inline void bench_print(const uint64_t *samples, size_t n)
{
    printf("[");
    for (size_t i = 0; i < n; i++)
        printf("%s%llu", i ? "," : "", (unsigned long long)samples[i]);
    printf("]\n");
}

/* Makes the process end with the benchmark, however that ends. */
static inline void bench_end_with_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Repeatedly sends a packet, waits for its answer, and measures the time:
 *
 *   bench-client PORT OWN-PORT PATH COUNT WARM-UP [ANSWERS [PAUSE-US]]
 *
 * PATH is an OSC address, or "" for a datagram of four bytes. An answer is a packet that ends with the same
 * bytes as the question; with ANSWERS, the last of so many counts. Prints the nanoseconds of COUNT questions.
 * The exit status is 2 if one is not answered within two seconds.
 */
#include <poll.h>
#include <unistd.h>

#include "bench.h"
#include "firecurtain/cleanup.h"

#define CLIENT_PATIENCE_MS 2000
#define CLIENT_VALUES      65536ul /* floats from 0 to 1 that no conversion on the way rounds */

struct client {
    int socket;
    struct sockaddr_in to;
    const char *path;
    unsigned long answers;
};

/* Waits for a packet that ends with these four bytes; others are late answers to earlier questions. */
static void client_wait(const struct client *client, const unsigned char *ending)
{
    unsigned char answer[BENCH_MAX_PACKET];
    struct pollfd fd = {.fd = client->socket, .events = POLLIN};

    for (;;) {
        ssize_t n = recv(client->socket, answer, sizeof(answer), MSG_DONTWAIT);

        if (n >= 4 && memcmp(answer + n - 4, ending, 4) == 0)
            return;
        if (n < 0 && poll(&fd, 1, CLIENT_PATIENCE_MS) <= 0)
            errx(2, "no answer");
    }
}

static uint64_t client_ask(const struct client *client, unsigned long number)
{
    unsigned char packet[BENCH_MAX_PACKET];
    size_t n = bench_packet(packet, client->path, (float)(number % CLIENT_VALUES) / (float)CLIENT_VALUES);
    uint64_t from_ns = fc_now_ns();

    if (sendto(client->socket, packet, n, 0, (const struct sockaddr *)&client->to, sizeof(client->to)) < 0)
        err(1, "send");
    for (unsigned long i = 0; i < client->answers; i++)
        client_wait(client, packet + n - 4);
    return fc_now_ns() - from_ns;
}

int main(int argc, char **argv)
{
    FC_AUTO_FREE uint64_t *samples = NULL;
    struct client client = {.answers = 1};
    unsigned long count, warm_up, pause_us;

    if (argc < 6)
        errx(64, "PORT OWN-PORT PATH COUNT WARM-UP [ANSWERS [PAUSE-US]]");
    bench_end_with_parent();
    client.to = bench_address(bench_number(argv[1], UINT16_MAX));
    client.socket = bench_bind(bench_number(argv[2], UINT16_MAX));
    client.path = argv[3];
    count = bench_number(argv[4], BENCH_MAX_SAMPLES);
    warm_up = bench_number(argv[5], BENCH_MAX_SAMPLES);
    client.answers = argc > 6 ? bench_number(argv[6], 10000) : 1;
    pause_us = argc > 7 ? bench_number(argv[7], 1000000) : 0;
    samples = calloc(count + 1, sizeof(*samples));
    if (!samples)
        err(1, "samples");
    for (unsigned long i = 0; i < warm_up + count; i++) {
        uint64_t ns = client_ask(&client, i + 1);

        if (i >= warm_up)
            samples[i - warm_up] = ns;
        if (pause_us)
            usleep((useconds_t)pause_us);
    }
    bench_print(samples, count);
    return 0;
}

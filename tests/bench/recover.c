/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measures how long it takes until a new worker answers:
 *
 *   bench-recover PORT OWN-PORT PATH VALUE kill PID         its worker is killed
 *   bench-recover PORT OWN-PORT PATH VALUE rename NEW PLACE its module is replaced
 *
 * Right afterwards it sets PATH to VALUE, again every RECOVER_AGAIN_MS, until VALUE comes back. Prints the
 * nanoseconds since before the kill or rename, and the number of attempts, as [ns,attempts].
 */
#include <poll.h>
#include <stdbool.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "bench.h"
#include "firecurtain/cleanup.h"

#define RECOVER_AGAIN_MS   2
#define RECOVER_PATIENCE_S 20

/* Kills a process and waits for its end: what is sent to a dying one is lost. */
static void recover_kill(const char *text)
{
    pid_t pid = (pid_t)bench_number(text, INT32_MAX);
    FC_AUTO_CLOSE int fd = pidfd_open(pid, 0);
    struct pollfd gone = {.fd = fd, .events = POLLIN};

    if (fd < 0 || kill(pid, SIGKILL) < 0 || poll(&gone, 1, -1) < 0)
        err(1, "process %d", pid);
}

/* Tells whether the packet arrives before the next attempt is due. */
static bool recover_wait(int fd, const unsigned char *ending)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    uint64_t until_ns = fc_now_ns() + RECOVER_AGAIN_MS * FC_NS_PER_MS;
    unsigned char answer[BENCH_MAX_PACKET];

    do {
        ssize_t n = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);

        if (n >= 4 && memcmp(answer + n - 4, ending, 4) == 0)
            return true;
        if (n < 0)
            poll(&readable, 1, RECOVER_AGAIN_MS);
    } while (fc_now_ns() < until_ns);
    return false;
}

int main(int argc, char **argv)
{
    unsigned char packet[BENCH_MAX_PACKET];
    uint64_t samples[2] = {0};
    struct sockaddr_in to;
    uint64_t from_ns;
    size_t n;
    int fd;

    if (argc < 7 || (strcmp(argv[5], "rename") == 0 && argc < 8))
        errx(64, "PORT OWN-PORT PATH VALUE kill PID | rename NEW PLACE");
    bench_end_with_parent();
    to = bench_address(bench_number(argv[1], UINT16_MAX));
    fd = bench_bind(bench_number(argv[2], UINT16_MAX));
    n = bench_packet(packet, argv[3], strtof(argv[4], NULL));
    from_ns = fc_now_ns();
    if (strcmp(argv[5], "kill") == 0)
        recover_kill(argv[6]);
    else if (rename(argv[6], argv[7]) < 0)
        err(1, "%s", argv[7]);
    do {
        if (fc_now_ns() - from_ns > RECOVER_PATIENCE_S * FC_NS_PER_S)
            errx(2, "no answer");
        if (sendto(fd, packet, n, 0, (const struct sockaddr *)&to, sizeof(to)) < 0)
            err(1, "send");
        samples[1]++;
    } while (!recover_wait(fd, packet + n - 4));
    samples[0] = fc_now_ns() - from_ns;
    bench_print(samples, 2);
    return 0;
}

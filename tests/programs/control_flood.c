/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile client of the control socket, with a given rate:
 *
 *   control-flood SOCKET KIND RATE SECONDS CONNECTIONS
 *
 * It speaks ZMTP by hand, never waits, and replaces a connection that accepts nothing for a while. Prints the
 * number of requests: messages that the kernel accepted whole; or of the kinds "open" and "half", where each
 * is a connection, attempts to connect, also those for which the socket's queue had no room. Sends in steps
 * of some milliseconds, which leaves most of the processor to others.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <signal.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define FLOOD_STEP_NS    (2 * FC_NS_PER_MS)
#define FLOOD_PATIENCE   50 /* steps in which a connection may accept nothing */
#define FLOOD_MOST       256
#define FLOOD_BATCH      64 /* requests in one write */
#define FLOOD_HUGE_EVERY 50

#define BYTES(text) (text), sizeof(text) - 1

/* What a DEALER of libzmq sends first. */
#define OPENING_SIGNATURE "\377\0\0\0\0\0\0\0\1\177\3\0NULL"
#define OPENING_READY     "\4\45\5READY\13Socket-Type\0\0\0\6DEALER\10Identity\0\0\0\0"

/* Frames of requests: version 1, an id, a verb, and what that needs. */
#define FRAME_STATUS "\0\6\010\1\020\1\030\1"
#define FRAME_USAGE  "\0\10\010\1\020\1\030\1\100\1"
#define FRAME_WATCH  "\0\13\010\1\020\1\030\11\"\1*\110\1"
#define FRAME_WRONG  "\0\12\377\377\377\377\377\377\377\377\377\377"

static const struct flood_kind {
    const char *name;
    const char *frame; /* NULL: only connects */
    size_t bytes;
    bool reads; /* the replies */
    bool greets;
    bool is_huge; /* sometimes one of 64 KiB, the most that is allowed */
} flood_kinds[] = {
    {"status", BYTES(FRAME_STATUS), .reads = true, .greets = true},
    {"usage", BYTES(FRAME_USAGE), .reads = true, .greets = true},
    {"unread", BYTES(FRAME_STATUS), .greets = true},
    {"watch", BYTES(FRAME_WATCH), .greets = true},
    {"malformed", BYTES(FRAME_WRONG), .greets = true},
    {"huge", BYTES(FRAME_WRONG), .greets = true, .is_huge = true},
    {.name = "open", .greets = true},
    {.name = "half"},
};

struct flood {
    const struct flood_kind *kind;
    struct sockaddr_un to;
    struct {
        int fd;
        unsigned stuck;
    } connections[FLOOD_MOST];
    size_t n_connections;
    uint64_t n_sent;
};

static void flood_greet(int fd, bool whole)
{
    char opening[64 + sizeof(OPENING_READY) - 1] = OPENING_SIGNATURE;

    memcpy(opening + 64, OPENING_READY, sizeof(OPENING_READY) - 1);
    send(fd, opening, whole ? sizeof(opening) : 11, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int flood_connect(struct flood *flood)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&flood->to, sizeof(flood->to)) < 0) {
        fc_closep(&fd);
        return -1;
    }
    flood_greet(fd, flood->kind->greets);
    return fd;
}

/* Sends `n` messages in one write. Returns how many of them the kernel accepted whole. */
static size_t flood_write(const struct flood *flood, int fd, size_t n)
{
    static char bytes[FLOOD_BATCH * 64];
    const struct flood_kind *kind = flood->kind;
    ssize_t sent;

    for (size_t i = 0; i < n; i++)
        memcpy(bytes + i * kind->bytes, kind->frame, kind->bytes);
    sent = send(fd, bytes, n * kind->bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? 0 : (size_t)sent / kind->bytes;
}

static size_t flood_write_huge(int fd)
{
    static char bytes[9 + 65536] = "\2\0\0\0\0\0\1\0\0";

    return send(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(bytes);
}

/*
 * Sends up to `n` messages on a connection. A write that was accepted in part breaks the stream, which to the
 * broker is one more malformed message.
 */
static void flood_use(struct flood *flood, size_t index, size_t n)
{
    int *fd = &flood->connections[index].fd;
    size_t n_sent = 0;
    char answers[65536];

    if (*fd < 0)
        *fd = flood_connect(flood);
    if (!flood->kind->frame)
        flood->n_sent++;
    if (*fd < 0)
        return;
    while (flood->kind->reads && recv(*fd, answers, sizeof(answers), MSG_DONTWAIT) > 0)
        continue;
    if (!flood->kind->frame) {
        fc_closep(fd);
        *fd = -1;
        return;
    }
    if (flood->kind->is_huge && flood->n_sent % FLOOD_HUGE_EVERY < n)
        n_sent += flood_write_huge(*fd);
    n_sent += flood_write(flood, *fd, n);
    flood->n_sent += n_sent;
    flood->connections[index].stuck = n_sent ? 0 : flood->connections[index].stuck + 1;
    if (flood->connections[index].stuck == FLOOD_PATIENCE) {
        fc_closep(fd);
        *fd = -1;
        flood->connections[index].stuck = 0;
    }
}

static void flood_step(struct flood *flood, uint64_t wanted)
{
    for (size_t i = 0; flood->n_sent < wanted && i < 4 * flood->n_connections; i++) {
        uint64_t left = wanted - flood->n_sent;

        flood_use(flood, i % flood->n_connections, left < FLOOD_BATCH ? (size_t)left : FLOOD_BATCH);
    }
}

static void flood_run(struct flood *flood, uint64_t rate, uint64_t seconds)
{
    uint64_t begun_ns = fc_now_ns(), passed_ns = 0;

    while (passed_ns < seconds * FC_NS_PER_S) {
        flood_step(flood, passed_ns / FC_NS_PER_MS * rate / 1000);
        usleep(FLOOD_STEP_NS / 1000);
        passed_ns = fc_now_ns() - begun_ns;
    }
}

int main(int argc, char **argv)
{
    static struct flood flood;

    if (argc != 6)
        errx(64, "SOCKET KIND RATE SECONDS CONNECTIONS");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    flood.to.sun_family = AF_UNIX;
    snprintf(flood.to.sun_path, sizeof(flood.to.sun_path), "%s", argv[1]);
    for (size_t i = 0; i < FC_ARRAY_SIZE(flood_kinds); i++) {
        if (strcmp(flood_kinds[i].name, argv[2]) == 0)
            flood.kind = &flood_kinds[i];
    }
    flood.n_connections = strtoul(argv[5], NULL, 10);
    if (!flood.kind || !flood.n_connections || flood.n_connections > FLOOD_MOST)
        errx(64, "no such kind, or number of connections");
    for (size_t i = 0; i < flood.n_connections; i++)
        flood.connections[i].fd = -1;
    flood_run(&flood, strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
    printf("%llu\n", (unsigned long long)flood.n_sent);
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends arbitrary messages over the link between the broker and a gate, with descriptors of all kinds: as the
 * broker to a gate's workers, whose answers must be sound; and as a gate to the broker, which may believe
 * nothing of it but what concerns the one worker that there is, and starts another gate when it is sent
 * nonsense. No descriptor is left open.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "broker/base/log.h"
#include "broker/base/loop.h"
#include "broker/gate/client.h"
#include "broker/gate/flight.h"
#include "broker/gate/link.h"
#include "broker/gate/served.h"
#include "firecurtain/cleanup.h"
#include "proto/pass.h"
#include "tests/fuzz/filter.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/turn.h"

#define MAX_MESSAGES 24
#define WATCHED      7 /* the worker's descriptor that the broker polls */

static struct loop *loop;
static struct flight flight;
static int listener, memory, maps, pidfd, datagram, counter;
static int gate_end = -1; /* of the broker's link */
static struct gate_client *client;
static struct gate_link *link_to_gate;

static int start_gate(void *userdata, unsigned account, int socket, int memory_of_calls)
{
    (void)userdata, (void)account;
    require(fcntl(memory_of_calls, F_GETFD) >= 0);
    if (gate_end >= 0)
        close(gate_end);
    gate_end = fcntl(socket, F_DUPFD_CLOEXEC, 0);
    return gate_end < 0 ? -errno : 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct rlimit files = {256, 256}; /* a leak of descriptors ends the fuzzer */

    (void)argc, (void)argv;
    setrlimit(RLIMIT_NOFILE, &files);
    listener = filter_listener();
    memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    pidfd = pidfd_open(getpid(), 0);
    datagram = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    counter = eventfd(0, EFD_CLOEXEC);
    require(memory >= 0 && maps >= 0 && pidfd >= 0 && datagram >= 0 && counter >= 0 && loop_new(&loop) == 0);
    return 0;
}

/* As the broker, to a gate. */

static void told(void *userdata, const struct gate_notice *notice, int fd)
{
    (void)userdata;
    require(gate_notice_is_sound(notice, sizeof(*notice), fd >= 0));
}

/* Makes a request that is sound in most of its parts. */
static size_t make_request(struct input *input, struct gate_add *request)
{
    uint8_t wanted = (uint8_t)take_number(input, 1);
    size_t n;
    const uint8_t *at;

    memset(request, 0, sizeof(*request));
    request->head.kind = wanted % 8;
    request->head.id = take_number(input, 1) % 4;
    request->head.fd = (int32_t)take_number(input, 2) - 2;
    request->head.cookie = take_number(input, 8);
    if (request->head.kind != GATE_ADD)
        return wanted & 0x80 ? take_number(input, 2) % sizeof(*request) : sizeof(request->head);
    request->connections = take_number(input, 2);
    request->files = (uint32_t)take_number(input, 3);
    request->log_rate = (uint32_t)take_number(input, 1);
    at = take_bytes(input, sizeof(request->instance), &n);
    memcpy(request->instance, at ? at : (const uint8_t *)"", at ? n : 1);
    request->n_rules = (uint32_t)take_number(input, wanted & 0x40 ? 4 : 1);
    n = request->n_rules < GATE_MAX_RULES ? request->n_rules : GATE_MAX_RULES;
    at = take_bytes(input, n * sizeof(request->rules[0]), &n);
    if (at)
        memcpy(request->rules, at, n);
    return wanted & 0x80 ? take_number(input, 3) % sizeof(*request)
                         : gate_add_bytes(request) % (sizeof(*request) + 1);
}

static void take_descriptors(struct input *input, int *descriptors)
{
    const int kinds[] = {listener, memory, maps, pidfd, datagram, counter, -1};
    uint8_t how = (uint8_t)take_number(input, 1);

    for (size_t i = 0; i < GATE_DESCRIPTORS_; i++) {
        int kind = how & 1 ? kinds[take_number(input, 1) % 7] : kinds[i];

        descriptors[i] = kind < 0 ? -1 : fcntl(kind, F_DUPFD_CLOEXEC, 0);
    }
    if (how & 2) {
        fc_closep(&descriptors[0]);
        descriptors[0] = -1;
    }
}

static void be_the_broker(struct input *input)
{
    static struct gate_add request;
    struct served_set set = {.loop = loop, .flight = &flight, .tell = told};

    for (int i = 0; i < MAX_MESSAGES && input->left; i++) {
        size_t bytes = make_request(input, &request);
        int descriptors[GATE_DESCRIPTORS_];

        take_descriptors(input, descriptors);
        served_handle(&set, &request, bytes, descriptors);
        turn_once(loop);
    }
    served_free_all(&set);
}

/* As a gate, to the broker. */

static int open_memory(void *userdata)
{
    (void)userdata;
    return fcntl(memory, F_DUPFD_CLOEXEC, 0);
}

static int open_maps(void *userdata)
{
    (void)userdata;
    return fcntl(maps, F_DUPFD_CLOEXEC, 0);
}

static void placed(void *userdata, int fd, int own)
{
    (void)userdata;
    require(fd == WATCHED && own > -4096);
    if (own < 0)
        return;
    require(fcntl(own, F_GETFD) == FD_CLOEXEC);
    close(own);
}

static void failed(void *userdata, int error)
{
    (void)userdata;
    require(error <= 0); /* the broker ends the worker */
}

static void offends(void *userdata, uint64_t waited_ns)
{
    (void)userdata, (void)waited_ns;
}

static void deleted(void *userdata, uint64_t bytes)
{
    (void)userdata, (void)bytes;
}

static void send_notice(struct input *input)
{
    struct gate_notice notice = {.kind = (uint32_t)take_number(input, 1) % 6,
                                 .fd = (int32_t)take_number(input, 1),
                                 .error = -(int32_t)take_number(input, 1)};
    const int kinds[] = {datagram, memory, counter};
    uint8_t how = (uint8_t)take_number(input, 1);
    size_t n, bytes = how & 1 ? take_number(input, 2) % sizeof(notice) : sizeof(notice);
    const uint8_t *text = take_bytes(input, take_number(input, 2) % sizeof(notice.text), &n);

    notice.id = take_number(input, 1) % 4;
    notice.waited_ns = take_number(input, 8);
    if (text)
        memcpy(notice.text, text, n);
    if (how & 2)
        memset(notice.text, 'x', sizeof(notice.text)); /* without an end */
    pass_send(gate_end, &notice, bytes, &kinds[how % 3], how >> 4 & 1, MSG_DONTWAIT);
}

/* Empties what the broker says, as a gate does. */
static void hear(void)
{
    static struct gate_add request;
    int descriptors[GATE_DESCRIPTORS_];
    ssize_t n;

    fcntl(gate_end, F_SETFL, O_NONBLOCK);
    while ((n = pass_receive(gate_end, &request, sizeof(request), descriptors, GATE_DESCRIPTORS_, NULL)) >
           0) {
        size_t k = 0;

        while (k < GATE_DESCRIPTORS_ && descriptors[k] >= 0)
            close(descriptors[k++]);
        require(gate_request_is_sound(&request, (size_t)n, k));
    }
}

static void be_the_gate(struct input *input)
{
    static const struct gate_link_ops ops = {.open_memory = open_memory,
                                             .open_maps = open_maps,
                                             .placed = placed,
                                             .failed = failed,
                                             .offends = offends,
                                             .deleted = deleted};
    static const struct policy closed;
    struct gate_link_spec spec = {.instance = "py", .policy = &closed, .pidfd = pidfd, .files = 64};

    require(gate_client_new(&client, &(struct gate_client_spec){.loop = loop, .start = start_gate}) == 0);
    require(gate_link_new(&link_to_gate, client, &spec, fcntl(listener, F_DUPFD_CLOEXEC, 0), &ops, NULL) ==
            0);
    for (int i = 0; i < MAX_MESSAGES && input->left; i++) {
        uint8_t what = (uint8_t)take_number(input, 1);

        if (what & 1)
            gate_link_watch(link_to_gate, WATCHED, take_number(input, 8));
        if (what & 2)
            gate_link_interrupt(link_to_gate);
        if (what & 4)
            gate_link_forget(link_to_gate, WATCHED);
        if (what & 8)
            hear();
        send_notice(input);
        turn_once(loop);
    }
    hear();
    gate_link_free(link_to_gate);
    gate_client_free(client);
    close(gate_end);
    gate_end = -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {data, bytes};
    unsigned before = count_open();

    log_init(FC_LOG_ERROR);
    if (take_number(&input, 1) & 1)
        be_the_broker(&input);
    else
        be_the_gate(&input);
    require(count_open() == before);
    return 0;
}

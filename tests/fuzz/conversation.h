/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker of fuzz_conversation.c: a show with a Python instance and loopback, and the broker's side of a
 * worker (struct guest) without a process, at one end of a real link; the other end is the fuzzer's.
 */
#ifndef TESTS_FUZZ_CONVERSATION_H
#define TESTS_FUZZ_CONVERSATION_H

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "broker/build/build.h"
#include "broker/guest/link.h"
#include "broker/guest/private.h"
#include "broker/python/backend.h"
#include "broker/python/private.h"
#include "broker/python/run.h"
#include "broker/runtime/runtime.h"
#include "broker/show/show.h"
#include "tests/fuzz/filter.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/link_fixture.h"

/* Descriptors that a worker may name; what it should not name is around them. */
#define FD_LISTENER 100
#define FD_STREAM   101
#define FD_PEER     102
#define FD_DATAGRAM 103
#define FD_PIPE     104

static const char file[] =
    "[python py]\nmodule = m\nrate = 40\n[loopback l]\n[map]\nl.in{1..4} > py.m.fader{1..4}\n"
    "py.out{1..4} > l.back{1..4}\npy.cycle <> l.cycle\n";
static char folder[] = "/tmp/firecurtain-fuzz-XXXXXX";

static struct runtime runtime;
static struct config *config;

static struct show *show;
static struct python *python;
static struct link *broker, *worker; /* the two ends */
static char path[32];

static void stop(void *userdata)
{
    (void)userdata;
    loop_stop(runtime.loop);
}

static void turn(void)
{
    struct loop_task task = {.fn = stop};

    loop_defer(runtime.loop, &task);
    require(loop_run(runtime.loop) == 0);
}

static void route(void *userdata)
{
    (void)userdata;
    if (show)
        show_route(show);
}

static void nothing(void *userdata)
{
    (void)userdata;
}

static void finish(void *userdata)
{
    struct guest *guest = userdata;

    guest_set_life(guest, GUEST_EXITED_CLEANLY);
    guest->ops->ended(guest->userdata, "it said so", true, true);
}

static void remove_folder(void)
{
    unlink(path);
    unlink("show.cfg");
    if (chdir("/") == 0)
        rmdir(folder);
}

static void *listen_behind_filter(void *fd)
{
    static const char *const calls[] = {"acct"};

    *(int *)fd = filter_load(calls, 1);
    return NULL;
}

static void make_descriptors(void)
{
    int listener = -1, pair[2], ends[2], datagram = socket(AF_INET, SOCK_DGRAM, 0);
    pthread_t thread;

    require(pthread_create(&thread, NULL, listen_behind_filter, &listener) == 0);
    pthread_join(thread, NULL);
    if (listener < 0)
        fuzz_skip("this kernel lets no filter have a listener");
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(ends) == 0);
    require(dup2(listener, FD_LISTENER) >= 0 && dup2(pair[0], FD_STREAM) >= 0 && dup2(pair[1], FD_PEER) >= 0);
    require(dup2(datagram, FD_DATAGRAM) >= 0 && dup2(ends[1], FD_PIPE) >= 0);
    close(listener);
    close(pair[0]);
    close(pair[1]);
}

static void make_runtime(void)
{
    struct rlimit files = {1024, 1024}; /* a leak of descriptors ends the fuzzer */
    int fd;

    setrlimit(RLIMIT_NOFILE, &files);
    require(mkdtemp(folder) && chdir(folder) == 0);
    atexit(remove_folder);
    fd = open("show.cfg", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    require(fd >= 0 && write(fd, file, sizeof(file) - 1) == (ssize_t)(sizeof(file) - 1) && close(fd) == 0);
    require(config_load(&config, "show.cfg", NULL, 0) == 0 && config->n_errors == 0);
    require(loop_new(&runtime.loop) == 0 && codec_new(&runtime.codec) == 0);
    require(link_context_new(&runtime.links, 64) == 0);
    loop_set_after(runtime.loop, route, NULL);
    make_descriptors();
}

/* What the keeper does for a broker, of this process itself. */

int __wrap_keeper_take_descriptor(struct keeper *keeper, pid_t pid, int fd);
int __wrap_keeper_take_descriptor(struct keeper *keeper, pid_t pid, int fd)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    (void)keeper, (void)pid;
    return own < 0 ? -errno : own;
}

int __wrap_keeper_open_memory(struct keeper *keeper, pid_t pid);
int __wrap_keeper_open_memory(struct keeper *keeper, pid_t pid)
{
    int own = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

    (void)keeper, (void)pid;
    return own < 0 ? -errno : own;
}

void __wrap_keeper_open_gate(struct keeper *keeper, pid_t pid, int notify_fd, int *filter, int *memory);
void __wrap_keeper_open_gate(struct keeper *keeper, pid_t pid, int notify_fd, int *filter, int *memory)
{
    *filter = __wrap_keeper_take_descriptor(keeper, pid, notify_fd);
    *memory = __wrap_keeper_open_memory(keeper, pid);
}

/* What puts out more than it may is not heard until time has passed: as much as it takes. */
static void wait_for_allowance(void)
{
    struct python_outflow *outflow = &python->outflow;

    require(queue_length(&outflow->held) <= 2 * (size_t)python->instance->n_channels);
    require(outflow->is_used_up || !queue_length(&outflow->held));
    while (outflow->is_used_up) {
        size_t held = queue_length(&outflow->held);

        loop_cancel_timer(runtime.loop, &outflow->timer);
        outflow->rate.filled_ns = 0;
        outflow->timer.fn(python);
        require(queue_length(&outflow->held) < held || !outflow->is_used_up);
    }
}

static void receive(void *guest)
{
    guest_link_receive(guest, false);
}

static void wanted(void *guest)
{
    ((struct guest *)guest)->ops->wanted(((struct guest *)guest)->userdata);
}

static int take(void *userdata, int fd)
{
    (void)userdata;
    return __wrap_keeper_take_descriptor(NULL, 0, fd);
}

static const struct managed_ops managed_ops = {.changed = wanted, .take = take};

/* Both ends stay for many inputs: making them takes longest. */
static void make_links(void)
{
    static unsigned n;

    if (broker)
        return;
    snprintf(path, sizeof(path), "link%u", n++); /* libzmq may still be about to remove the one before */
    require(fixture_bind(&broker, runtime.links, path) == 0 &&
            link_connect(&worker, runtime.links, path) == 0);
}

/* What guest_new() makes, without a process: nothing can be killed. */
static struct guest *make_guest(void)
{
    struct guest *guest = calloc(1, sizeof(*guest));

    require(guest != NULL);
    *guest = (struct guest){
        .runtime = &runtime,
        .spec = {.instance = "py", .policy = &python->policy},
        .ops = &python_guest_ops,
        .userdata = python,
        .pid = getpid(),
        .life = GUEST_ALIVE,
        .pidfd = -1,
        .memory = -1,
        .memory_events = -1,
        .deadline = {.fn = nothing},
        .finish = {.fn = finish, .userdata = guest},
        .receive = {.fn = receive, .userdata = guest},
        .link = broker,
        .guarded = {.fd = -1, .is_accepted = true}, /* the link is many guests' */
    };
    require(tick_set_new(&guest->ticks, runtime.loop, wanted, guest) == 0);
    require(managed_set_new(&guest->sockets, runtime.loop, "py", &managed_ops, guest) == 0);
    return guest;
}

static void begin(void)
{
    const void *bytes;
    size_t n;

    make_links();
    require(link_receive(worker, &bytes, &n) == -EAGAIN && link_receive(broker, &bytes, &n) == -EAGAIN);
    require(build_show(&show, config, "show.cfg", false, NULL) == 0);
    show->runtime = &runtime;
    python = show->instances[0]->self;
    python->restart_timer = (struct timer){.fn = nothing};
    python->guest = make_guest();
}

/* What the worker was told and has not heard, up to a message of our own: ticks come when they come. */
static void empty_link(void)
{
    struct message message = {.type = MESSAGE_STOP};
    ptrdiff_t size = codec_prepare(runtime.codec, &message);
    const void *bytes;
    void *room = link_reserve(broker, (size_t)size);
    size_t n;

    require(room != NULL);
    codec_encode(runtime.codec, room);
    if (link_commit(broker) < 0)
        return; /* the two ends have not met yet: nothing was told */
    do {
        struct pollfd ready = {.fd = link_fd(worker), .events = POLLIN};

        while (!link_readable(worker))
            poll(&ready, 1, -1);
        require(link_receive(worker, &bytes, &n) == 0 &&
                codec_decode(runtime.codec, CODEC_TO_WORKER, bytes, n, &message) == 0);
    } while (message.type != MESSAGE_STOP);
}

static void end(void)
{
    char byte[64];

    if (python->guest) {
        python->guest->link = NULL;
        empty_link();
    } else { /* stopped, and gone with its link */
        broker = NULL;
        worker = link_free(worker);
    }
    show = show_free(show);
    while (recv(FD_STREAM, byte, sizeof(byte), MSG_DONTWAIT) > 0)
        ;
}

#endif

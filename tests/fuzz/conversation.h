/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker of fuzz_conversation.c: a show with a Python instance and loopback, and a worker as the broker
 * sees it (struct guest), without a process, at one end of a real link. The fuzzer has the other end.
 */
#ifndef TESTS_FUZZ_CONVERSATION_H
#define TESTS_FUZZ_CONVERSATION_H

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "broker/base/runtime.h"
#include "broker/build/build.h"
#include "broker/child/reaper.h"
#include "broker/config/load.h"
#include "broker/gate/client.h"
#include "broker/guest/link.h"
#include "broker/guest/private.h"
#include "broker/guest/spawn.h"
#include "broker/os/seccomp_notify.h"
#include "broker/python/backend.h"
#include "broker/python/private.h"
#include "broker/python/run.h"
#include "broker/show/show.h"
#include "tests/fuzz/filter.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/keeper.h"
#include "tests/fuzz/turn.h"

/* Descriptors that a worker may name; others that it must not name are around them. */
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
static struct runtime_account account;
static struct config *config;

static struct show *show;
static struct python *python;
static struct link *broker, *worker; /* the two ends */
static struct link_buffers *worker_buffers;
static struct progress_reader shared; /* what they share, and */
static struct progress *progress;     /* the worker's view of it */

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
    unlink("show.cfg");
    if (chdir("/") == 0)
        rmdir(folder);
}

static void make_descriptors(void)
{
    int listener = filter_listener(), pair[2], ends[2], datagram = socket(AF_INET, SOCK_DGRAM, 0);

    require(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(ends) == 0);
    require(dup2(listener, FD_LISTENER) >= 0 && dup2(pair[0], FD_STREAM) >= 0 && dup2(pair[1], FD_PEER) >= 0);
    require(dup2(datagram, FD_DATAGRAM) >= 0 && dup2(ends[1], FD_PIPE) >= 0);
    close(listener);
    close(pair[0]);
    close(pair[1]);
}

/* Does what the keeper does for a broker, with descriptors of this process. */

int __wrap_keeper_take_descriptor(struct keeper *keeper, pid_t pid, int fd);
int __wrap_keeper_take_descriptor(struct keeper *keeper, pid_t pid, int fd)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    (void)keeper, (void)pid;
    return own < 0 ? -errno : own;
}

/* No zygote has made this worker. */
__typeof__(spawner_has_namespaces) __wrap_spawner_has_namespaces;
bool __wrap_spawner_has_namespaces(const struct spawner *spawner)
{
    (void)spawner;
    return false;
}

int __wrap_keeper_take_listener(struct keeper *keeper, pid_t pid, int fd);
int __wrap_keeper_take_listener(struct keeper *keeper, pid_t pid, int fd)
{
    int own = __wrap_keeper_take_descriptor(keeper, pid, fd);

    if (own < 0 || seccomp_notify_is(own))
        return own;
    close(own);
    return -EBADF;
}

/* Starts a gate that says nothing; it is told nothing either, since the guest has no pidfd. */
static int start_gate(void *userdata, unsigned number, int socket, int flight)
{
    int own = fcntl(socket, F_DUPFD_CLOEXEC, 0);

    (void)userdata, (void)number, (void)flight;
    return own < 0 ? -errno : 0;
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
    require(reaper_new(&runtime.reaper, runtime.loop, NULL) == 0);
    require(link_buffers_new(&runtime.link_buffers) == 0 && link_buffers_new(&worker_buffers) == 0);
    loop_set_after(runtime.loop, route, NULL);
    make_descriptors();
    require(gate_client_new(&account.gate,
                            &(struct gate_client_spec){.loop = runtime.loop, .start = start_gate}) == 0);
    runtime.accounts = &account;
}

/* Lets time pass: an instance that has put out too much is not heard before. */
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

/* Both ends stay for many inputs, and so does the memory. */
static void make_links(void)
{
    int fd;

    if (broker)
        return;
    require(link_pair(&broker, runtime.link_buffers, &fd) == 0 && link_new(&worker, worker_buffers, fd) == 0);
    if (progress)
        return;
    require(progress_new(&shared, &fd) == 0 && progress_map(&progress, fd) == 0);
    close(fd);
}

/* What guest_new() makes, without a process: nothing can be killed. */
static struct guest *make_guest(void)
{
    struct guest *guest = calloc(1, sizeof(*guest));

    require(guest != NULL);
    log_source_init(&python->lines, "py", 100);
    *guest = (struct guest){
        .runtime = &runtime,
        .spec = {.instance = "py", .policy = &python->policy, .lines = &python->lines},
        .ops = &python_guest_ops,
        .userdata = python,
        .pid = getpid(),
        .life = GUEST_ALIVE,
        .pidfd = -1,
        .memory_events = -1,
        .deadline = {.fn = nothing},
        .finish = {.fn = finish, .userdata = guest},
        .link = {.link = broker},
        .progress = shared,
    };
    require(tick_set_new(&guest->ticks, runtime.loop, wanted, guest) == 0);
    require(managed_set_new(&guest->sockets, runtime.loop, "py", &managed_ops, guest) == 0);
    return guest;
}

/* What one end was told and has not heard. */
static void empty_link(struct link *link)
{
    const void *bytes;
    size_t n;

    while (link_receive(link, &bytes, &n) != -EAGAIN)
        ;
}

static void begin(void)
{
    make_links();
    memset(progress, 0, sizeof(*progress));
    require(build_show(&show, config, "show.cfg", false, NULL) == 0);
    show->runtime = &runtime;
    python = show->instances[0]->self;
    python->restart_timer = (struct timer){.fn = nothing};
    python_set_state(python, PYTHON_ACTIVE);
    python->guest = make_guest();
}

static void end(void)
{
    char byte[64];

    if (python->guest) {
        python->guest->link.link = NULL;
        python->guest->progress.shared = NULL;
        empty_link(worker);
        empty_link(broker);
    } else { /* stopped, and gone with its link and its memory */
        broker = NULL;
        worker = link_free(worker);
        munmap(progress, sizeof(*progress));
        progress = NULL;
    }
    show = show_free(show);
    while (recv(FD_STREAM, byte, sizeof(byte), MSG_DONTWAIT) > 0)
        ;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile driver: sends messages, well-formed or not, over a real link to the broker's side of it
 * (broker/proxy), of an instance that connects to a host or of one that does not, in a show with routes,
 * while there are events for it. Only the process is missing. Whatever it sends, what is out of order, or
 * names what it has no business with, ends it, once; what it receives is well-formed, in order, and one batch
 * at a time; it sets no channel but its instance's; and its words for `status` can be shown.
 */
#include <errno.h>
#include <math.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "broker/base/log.h"
#include "broker/base/runtime.h"
#include "broker/build/build.h"
#include "broker/child/reaper.h"
#include "broker/config/load.h"
#include "broker/gate/client.h"
#include "broker/keeper/client.h"
#include "broker/proxy/end.h"
#include "broker/proxy/link.h"
#include "broker/proxy/network.h"
#include "broker/proxy/private.h"
#include "broker/show/show.h"
#include "proto/codec_driver.h"
#include "proto/codec_name.h"
#include "proto/link.h"
#include "tests/fuzz/filter.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/keeper.h"
#include "tests/fuzz/turn.h"

#define MAX_STEPS   24
#define FD_LISTENER 100 /* that a driver may name which connects */
#define FD_PIPE     101

static const char file[] =
    "[loopback-driver alone]\n[mqtt connected]\nhost = 127.0.0.1\n[loopback near]\n[map]\n"
    "near.in{1..4} > alone.out{1..4}\nalone.in{1..4} > near.back{1..4}\nalone.both <> near.both\n"
    "near.in{1..4} > connected.out{1..4}\nconnected.in{1..4} > near.from{1..4}\n";
static char folder[] = "/tmp/firecurtain-fuzz-XXXXXX";

static struct runtime runtime;
static struct runtime_account account;
static struct config *config;
static struct codec *codec; /* the driver's */
static struct link_buffers *driver_buffers;

static struct show *show;
static struct proxy *proxy;
static struct link *driver;
static unsigned n_killed;
static bool told_setup, told_proceed;
static bool is_busy; /* it has a batch */

static void route(void *userdata)
{
    (void)userdata;
    if (show)
        show_route(show);
}

static void remove_folder(void)
{
    unlink("show.cfg");
    if (chdir("/") == 0)
        rmdir(folder);
}

/* What the keeper does for a broker, with descriptors of this process, which nobody kills. */

__typeof__(keeper_signal) __wrap_keeper_signal;
int __wrap_keeper_signal(struct keeper *keeper, pid_t pid, int signal)
{
    (void)keeper, (void)signal;
    require(pid == getpid());
    n_killed++;
    return 0;
}

__typeof__(keeper_take_listener) __wrap_keeper_take_listener;
int __wrap_keeper_take_listener(struct keeper *keeper, pid_t pid, int fd)
{
    (void)keeper, (void)pid;
    return fd == FD_LISTENER ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -EBADF;
}

/* Starts a gate that says nothing. */
static int start_gate(void *userdata, unsigned number, int socket, int flight)
{
    int own = fcntl(socket, F_DUPFD_CLOEXEC, 0);

    (void)userdata, (void)number, (void)flight;
    return own < 0 ? -errno : 0;
}

static void make_descriptors(void)
{
    int listener = filter_listener(), ends[2];

    require(pipe(ends) == 0);
    require(dup2(listener, FD_LISTENER) >= 0 && dup2(ends[1], FD_PIPE) >= 0);
    close(listener);
}

static void make_runtime(void)
{
    struct rlimit files = {1024, 1024}; /* a leak of descriptors ends the fuzzer */
    int fd;

    setrlimit(RLIMIT_NOFILE, &files);
    log_init(FC_LOG_ERROR);
    require(mkdtemp(folder) && chdir(folder) == 0);
    atexit(remove_folder);
    fd = open("show.cfg", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    require(fd >= 0 && write(fd, file, sizeof(file) - 1) == (ssize_t)(sizeof(file) - 1) && close(fd) == 0);
    require(config_load(&config, "show.cfg", NULL, 0) == 0 && config->n_errors == 0);
    require(loop_new(&runtime.loop) == 0 && codec_new(&runtime.codec) == 0 && codec_new(&codec) == 0);
    require(reaper_new(&runtime.reaper, runtime.loop, NULL) == 0);
    require(link_buffers_new(&runtime.link_buffers) == 0 && link_buffers_new(&driver_buffers) == 0);
    loop_set_after(runtime.loop, route, NULL);
    make_descriptors();
    require(gate_client_new(&account.gate,
                            &(struct gate_client_spec){.loop = runtime.loop, .start = start_gate}) == 0);
    runtime.accounts = &account;
}

/* The show, with a driver of one of its instances that has just been born. */
static void begin(bool connects)
{
    int fd;

    require(build_show(&show, config, "show.cfg", false, NULL) == 0);
    show->runtime = &runtime;
    proxy = show->instances[connects]->self;
    require(network_resolve(proxy) == 0);
    require(link_pair(&proxy->link.link, runtime.link_buffers, &fd) == 0);
    require(link_new(&driver, driver_buffers, fd) == 0);
    proxy->pid = getpid();
    proxy->began_ns = 1;
    require(proxy_link_begin(proxy) == 0);
    n_killed = 0;
    told_setup = told_proceed = is_busy = false;
}

static void end(void)
{
    proxy_end_link(proxy);
    proxy->pid = 0;
    link_free(driver);
    show = show_free(show);
    turn_once(runtime.loop);
}

static void hear_channels(const struct message_channels *channels, uint32_t *n)
{
    require(channels->first == *n && channels->n > 0 && channels->values);
    for (size_t i = 0; i < channels->n; i++, ++*n)
        require(instance_find_channel(proxy->instance, channels->list[i].name) == (int64_t)*n);
}

static void hear_batch(const struct message_batch *batch)
{
    require(told_proceed && !is_busy && !batch->n_ready);
    for (size_t i = 0; i < batch->n_events; i++)
        require(batch->channels[i] < proxy->n_channels && batch->values[i] >= 0 && batch->values[i] <= 1);
    is_busy = true;
}

/* Everything that the broker has said, which must be in order. */
static void hear(void)
{
    uint32_t n_channels = told_setup ? proxy->n_channels : 0;
    struct message message;
    const void *bytes;
    size_t n;

    while (link_receive(driver, &bytes, &n) == 0) {
        require(codec_decode(codec, CODEC_TO_WORKER, bytes, n, &message) == 0);
        if (message.type == MESSAGE_SETUP) {
            require(!told_setup && message.setup.n_options == proxy->n_options && !message.setup.failed[0]);
            told_setup = true;
        } else if (message.type == MESSAGE_CHANNELS) {
            require(told_setup && !told_proceed);
            hear_channels(&message.channels, &n_channels);
        } else if (message.type == MESSAGE_PROCEED) {
            require(told_setup && !told_proceed && n_channels == proxy->n_channels);
            told_proceed = true;
        } else {
            require(message.type == MESSAGE_BATCH);
            hear_batch(&message.batch);
        }
    }
}

static bool is_sound_report(const struct message_report *report, enum order_state state)
{
    for (size_t i = 0; i < report->n_events; i++) {
        if (report->channels[i] >= proxy->n_channels || !isfinite(report->values[i]))
            return false;
    }
    return codec_report_fits_driver(report) && (!report->done || state == ORDER_BUSY) &&
           state >= ORDER_IMPORTING;
}

/* Returns whether the driver may say that, in this state. */
static bool is_right(enum order_state state, const struct message *message)
{
    bool connects = proxy->policy.n_rules > 0;

    switch (message->type) {
    case MESSAGE_HELLO:
        return state == ORDER_CONNECTING && message->hello_version == CODEC_VERSION;
    case MESSAGE_LOCKED:
        return state == ORDER_LOCKING &&
               (connects ? message->notify_fd == FD_LISTENER : message->notify_fd < 0);
    case MESSAGE_READY:
        return state == ORDER_IMPORTING;
    case MESSAGE_REPORT:
        return is_sound_report(&message->report, state);
    default:
        return false;
    }
}

static void check_instances(void)
{
    require(!proxy->status[0] || codec_is_name(proxy->status));
    require(n_killed <= 1 && (n_killed == 0 || proxy->state == ORDER_CLOSED));
    require(queue_length(&proxy->queue) <= proxy->n_channels + PROXY_QUEUE_EVENTS);
    for (uint32_t id = 0; id < proxy->n_channels; id++) {
        double value = proxy->channels[id].value;

        require(isnan(value) || (value >= 0 && value <= 1));
        require(isnan(value) || (proxy->channels[id].directions & FC_TARGET));
    }
}

static void say(const void *bytes, size_t n)
{
    enum order_state before = proxy->state;
    struct message message;
    bool is_right_now = codec_decode(codec, CODEC_FROM_WORKER, bytes, n, &message) == 0;

    if (before == ORDER_CLOSED || !n)
        return;
    is_right_now = is_right_now && is_right(before, &message);
    if (is_right_now && message.type == MESSAGE_REPORT && message.report.done)
        is_busy = false;
    memcpy(link_reserve(driver, n), bytes, n);
    require(link_commit(driver) == 0);
    turn_once(runtime.loop);
    require(is_right_now ? n_killed == 0 : n_killed == 1 && proxy->state == ORDER_CLOSED);
}

static void say_message(const struct message *message)
{
    static uint8_t bytes[CODEC_MAX_MESSAGE];
    ptrdiff_t n = codec_prepare(codec, message);

    require(n > 0 && (size_t)n <= sizeof(bytes));
    codec_encode(codec, bytes);
    say(bytes, (size_t)n);
}

static void say_report(struct input *input)
{
    uint8_t kind = (uint8_t)take_number(input, 1), counts = (uint8_t)take_number(input, 1);
    uint32_t channels[16];
    double values[16];
    char status[64];
    struct message_interval interval = {.id = 1, .period_ms = 1};
    struct message_device device = {.is_up = kind & 2, .status = status};
    struct message message = {.type = MESSAGE_REPORT,
                              .report = {.done = kind & 1,
                                         .channels = channels,
                                         .values = values,
                                         .n_events = counts & 15,
                                         .heard = kind & 4,
                                         .device = kind & 8 ? &device : NULL,
                                         .intervals = &interval,
                                         .n_intervals = kind >> 6 & 1}};

    for (size_t i = 0; i < message.report.n_events; i++) {
        channels[i] = (uint32_t)take_number(input, 1) % (kind & 16 ? 256 : 9);
        values[i] = (double)take_number(input, 1) / 200;
        if (kind & 32)
            values[i] = channels[i] ? -values[i] / 0.0 : -values[i];
    }
    device.malformed = (uint32_t)take_number(input, 4);
    take_line(input, status, sizeof(status));
    say_message(&message);
}

static void say_raw(struct input *input)
{
    size_t n;
    const uint8_t *bytes = take_bytes(input, take_number(input, 2), &n);

    say(bytes, n);
}

/* Goes as far as any sound driver does, which saves inputs from describing it. */
static void say_opening(struct input *input)
{
    uint8_t wrong = (uint8_t)take_number(input, 1);
    int fd = proxy->policy.n_rules ? FD_LISTENER : -1;

    say_message(&(struct message){.type = MESSAGE_HELLO, .hello_version = CODEC_VERSION + (wrong == 1)});
    hear();
    say_message(&(struct message){.type = MESSAGE_LOCKED,
                                  .notify_fd = wrong == 2   ? FD_PIPE
                                               : wrong == 3 ? -1
                                                            : fd});
    hear();
    say_message(&(struct message){.type = MESSAGE_READY});
}

static void emit(struct input *input)
{
    struct fc_instance *near = show->instances[2];

    for (size_t n = take_number(input, 1) % 32; n; n--)
        fc_emit(near, (uint32_t)take_number(input, 1) % near->n_channels,
                (double)take_number(input, 1) / 200);
    turn_once(runtime.loop);
}

static void step(struct input *input)
{
    switch (take_number(input, 1) % 6) {
    case 0:
        say_raw(input);
        break;
    case 1:
        say_report(input);
        break;
    case 2:
        emit(input);
        break;
    case 3:
        say_opening(input);
        break;
    case 4:
        if (proxy->state != ORDER_CLOSED && proxy->deadline.fn) /* as if it had not answered in time */
            proxy->deadline.fn(proxy);
        break;
    default:
        turn_once(runtime.loop);
        break;
    }
    hear();
    check_instances();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {data, bytes};

    if (!codec)
        make_runtime();
    begin(take_number(&input, 1) & 1);
    for (int i = 0; i < MAX_STEPS && input.left && proxy->state != ORDER_CLOSED; i++)
        step(&input);
    end();
    return 0;
}

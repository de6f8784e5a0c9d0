/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver program that is hostile: once it knows its instance, it speaks the link by hand. Which play it
 * gives is told by the instance's option `play`; without it, it is the driver that it is linked from.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/host/host.h"
#include "broker/host/setup.h"
#include "firecurtain/cleanup.h"
#include "proto/link.h"

#define PUT(literal) put(literal, sizeof(literal) - 1)

__typeof__(setup_instance) __real_setup_instance, __wrap_setup_instance;

static struct codec *codec;

static void put(const void *bytes, size_t n_bytes)
{
    if (send(HOST_LINK, bytes, n_bytes, MSG_NOSIGNAL) < 0)
        pause(); /* cut off: the broker ends us */
}

static void say(const struct message *message)
{
    static char bytes[CODEC_MAX_MESSAGE];
    ptrdiff_t size = codec_prepare(codec, message);

    if (size <= 0)
        abort();
    codec_encode(codec, bytes);
    put(bytes, (size_t)size);
}

/* Waits for the broker's next message of a kind. */
static void hear(enum message_type type)
{
    static char bytes[CODEC_MAX_MESSAGE];
    struct message message;

    do {
        ssize_t n = recv(HOST_LINK, bytes, sizeof(bytes), 0);

        if (n <= 0)
            pause();
        if (codec_decode(codec, CODEC_TO_WORKER, bytes, (size_t)n, &message) < 0)
            abort();
    } while (message.type != type);
}

static void become_ready(void)
{
    say(&(struct message){.type = MESSAGE_LOCKED, .notify_fd = -1});
    hear(MESSAGE_PROCEED);
    say(&(struct message){.type = MESSAGE_READY});
    say(&(struct message){.type = MESSAGE_REPORT,
                          .report = {.device = &(struct message_device){.is_up = true}}});
}

static void report(uint32_t channel, double value)
{
    say(&(struct message){.type = MESSAGE_REPORT,
                          .report = {.channels = &channel, .values = &value, .n_events = 1}});
}

static void play_garbage(void)
{
    become_ready();
    PUT("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

static void play_too_large(void)
{
    static char bytes[CODEC_MAX_MESSAGE + 1];

    become_ready();
    put(bytes, sizeof(bytes));
}

static void play_too_early(void)
{
    say(&(struct message){.type = MESSAGE_READY});
}

static void play_locked_with(void)
{
    say(&(struct message){.type = MESSAGE_LOCKED, .notify_fd = HOST_LINK}); /* no instance of it connects */
}

static void play_failed(void)
{
    say(&(struct message){.type = MESSAGE_LOCKED, .notify_fd = -1});
    hear(MESSAGE_PROCEED);
    say(&(struct message){.type = MESSAGE_FAILED, .failure = {.text = "only scripts fail like this"}});
}

static void play_unknown_channel(void)
{
    become_ready();
    report(4711, 0.5);
}

static void play_no_number(void)
{
    become_ready();
    report(0, NAN);
}

static void play_done_unasked(void)
{
    become_ready();
    say(&(struct message){.type = MESSAGE_REPORT, .report = {.done = true}});
}

static void play_new_channel(void)
{
    become_ready();
    say(&(struct message){.type = MESSAGE_REPORT,
                          .report = {.new_channels = (const char *const[]){"x"}, .n_new_channels = 1}});
}

static void play_interval(void)
{
    static const struct message_interval interval = {.id = 1, .period_ms = 1};

    become_ready();
    say(&(struct message){.type = MESSAGE_REPORT, .report = {.intervals = &interval, .n_intervals = 1}});
}

static void play_escape_in_status(void)
{
    static const struct message_device device = {.is_up = true, .status = "\x1b[2J"};

    become_ready();
    say(&(struct message){.type = MESSAGE_REPORT, .report = {.device = &device}});
}

static void play_close(void)
{
    become_ready();
    close(HOST_LINK);
}

static void play_crash(void)
{
    become_ready();
    hear(MESSAGE_BATCH);
    abort();
}

static void play_exit(void)
{
    become_ready();
    _exit(7);
}

static void play_hang(void)
{
    become_ready();
    hear(MESSAGE_BATCH);
}

/* As many events as the link takes, all of them sound. */
static void play_flood(void)
{
    static uint32_t channels[CODEC_MAX_BATCH_EVENTS];
    static double values[CODEC_MAX_BATCH_EVENTS];

    become_ready();
    for (uint64_t n = 0;; n++) {
        for (size_t i = 0; i < CODEC_MAX_BATCH_EVENTS; i++)
            values[i] = (double)((n + i) % 1000) / 1000;
        say(&(struct message){
            .type = MESSAGE_REPORT,
            .report = {.channels = channels, .values = values, .n_events = CODEC_MAX_BATCH_EVENTS}});
    }
}

/* As many reports as the link takes, each of which says that the device has changed. */
static void play_flicker(void)
{
    become_ready();
    for (unsigned n = 0;; n++) {
        char status[32];
        const struct message_device device = {.is_up = n % 2, .status = status, .malformed = UINT32_MAX};

        snprintf(status, sizeof(status), "for the %uth time", n);
        say(&(struct message){.type = MESSAGE_REPORT, .report = {.device = &device, .heard = true}});
    }
}

static void play_chatter(void)
{
    become_ready();
    for (unsigned n = 0;; n++)
        fprintf(stderr, "<3>line %u\x1b[2J\n", n);
}

static const struct {
    const char *name;
    void (*play)(void);
} plays[] = {
    {"garbage", play_garbage},
    {"too-large", play_too_large},
    {"too-early", play_too_early},
    {"locked-with", play_locked_with},
    {"failed", play_failed},
    {"unknown-channel", play_unknown_channel},
    {"no-number", play_no_number},
    {"done-unasked", play_done_unasked},
    {"new-channel", play_new_channel},
    {"interval", play_interval},
    {"escape-in-status", play_escape_in_status},
    {"close", play_close},
    {"crash", play_crash},
    {"exit", play_exit},
    {"hang", play_hang},
    {"flood", play_flood},
    {"flicker", play_flicker},
    {"chatter", play_chatter},
};

static void try_connect(const char *what, int family, int type, uint16_t port)
{
    const struct sockaddr_in v4 = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    FC_AUTO_CLOSE int fd = socket(family, type | SOCK_CLOEXEC, 0);
    int r = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)&v4, sizeof(v4));

    fprintf(stderr, "%s: %s\n", what, r < 0 ? strerrorname_np(errno) : "connected");
}

/* A driver that connects to a host, `PORT ANOTHER-PORT` of this machine, tries what else it can reach. */
static void play_reach(struct fc_instance *instance, const struct message_setup *setup, const char *ports)
{
    struct stat st;
    char *rest;
    uint16_t port = (uint16_t)strtoul(ports, &rest, 10), another = (uint16_t)strtoul(rest, NULL, 10);
    struct confine_found found;

    if (__real_setup_instance(instance, setup) < 0 || setup_confine(instance, &found) < 0)
        abort();
    say(&(struct message){.type = MESSAGE_LOCKED, .notify_fd = found.listener});
    hear(MESSAGE_PROCEED);
    say(&(struct message){.type = MESSAGE_READY});
    try_connect("its host", AF_INET, SOCK_STREAM, port);
    try_connect("another port", AF_INET, SOCK_STREAM, another);
    try_connect("a datagram", AF_INET, SOCK_DGRAM, port);
    try_connect("a raw socket", AF_INET, SOCK_RAW, port);
    try_connect("a unix socket", AF_UNIX, SOCK_STREAM, port);
    try_connect("a netlink socket", AF_NETLINK, SOCK_RAW, port);
    fprintf(stderr, "its root: %s\n", stat("/etc/passwd", &st) < 0 ? strerrorname_np(errno) : "seen");
    fprintf(stderr, "a file: %s\n", open("/etc/passwd", O_RDONLY) < 0 ? strerrorname_np(errno) : "opened");
}

/* Once it knows its instance. */
int __wrap_setup_instance(struct fc_instance *instance, const struct message_setup *setup)
{
    if (codec_new(&codec) < 0)
        abort();
    for (size_t i = 0; i < setup->n_options; i++) {
        const struct message_option *option = &setup->options[i];

        if (strcmp(option->name, "clientid") == 0 && strncmp(option->value, "reach ", 6) == 0)
            play_reach(instance, setup, option->value + 6);
        for (size_t j = 0; strcmp(option->name, "play") == 0 && j < FC_ARRAY_SIZE(plays); j++) {
            if (strcmp(option->value, plays[j].name) == 0)
                plays[j].play();
        }
        while (strcmp(option->name, "play") == 0 || strcmp(option->name, "clientid") == 0)
            pause(); /* has played */
    }
    return __real_setup_instance(instance, setup);
}

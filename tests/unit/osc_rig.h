/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared by the tests of the OSC backend: a core that only remembers its calls, and one instance with a peer
 * that has real sockets. Include it once per program, after cmocka.h.
 */
#ifndef TESTS_UNIT_OSC_RIG_H
#define TESTS_UNIT_OSC_RIG_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/os/lookup.h"
#include "firecurtain/backend.h"
#include "firecurtain/log.h"

#define RIG_MAX_EVENTS     8192
#define RIG_BYTES(literal) (literal), (sizeof(literal) - 1)

extern const struct fc_backend backend_osc;

struct fc_instance {
    struct {
        uint32_t channel;
        double value;
        uint32_t answers;
    } events[RIG_MAX_EVENTS];
    unsigned n_events;
    unsigned n_malformed;
    char malformed[400];
    uint32_t answers; /* that lead to what the test sets */
    int watched;      /* -1: nothing */
    fc_watch_fn ready;
    void *userdata;
    struct fc_lookups *lookups;
    struct fc_timer *timer;
    unsigned n_lines_left_out; /* so many more messages are not logged */
};

struct fc_timer {
    struct fc_instance *instance;
    fc_timer_fn fn;
    void *userdata;
    bool is_set;
};

struct fc_watch {
    struct fc_instance *instance;
};

static char rig_log[4096];

const char *fc_instance_name(const struct fc_instance *instance)
{
    return "desk";
}

struct fc_lookups *fc_instance_lookups(struct fc_instance *instance)
{
    return instance->lookups;
}

/* Logs the reason in the place of the core. */
void fc_because(struct fc_instance *instance, const struct fc_reason *reason)
{
    fc_log(FC_LOG_ERROR, "desk", "%s", reason->text);
}

void fc_emit_answer(struct fc_instance *instance, uint32_t channel, double value, uint32_t answers)
{
    assert_true(instance->n_events < RIG_MAX_EVENTS);
    instance->events[instance->n_events].channel = channel;
    instance->events[instance->n_events].value = value;
    instance->events[instance->n_events].answers = answers;
    instance->n_events++;
}

void fc_heard(struct fc_instance *instance)
{
}

void fc_emit(struct fc_instance *instance, uint32_t channel, double value)
{
    fc_emit_answer(instance, channel, value, 0);
}

uint32_t fc_answers(const struct fc_instance *instance)
{
    return instance->answers;
}

void fc_drop(struct fc_instance *instance, const char *format, ...)
{
    va_list arguments;

    instance->n_malformed++;
    va_start(arguments, format);
    vsnprintf(instance->malformed, sizeof(instance->malformed), format, arguments);
    va_end(arguments);
}

bool fc_may_detect(struct fc_instance *instance)
{
    if (!instance->n_lines_left_out)
        return true;
    instance->n_lines_left_out--;
    return false;
}

int fc_watch_new(struct fc_watch **watch, struct fc_instance *instance, int fd, fc_watch_fn ready,
                 void *userdata)
{
    assert_int_equal(instance->watched, -1);
    *watch = malloc(sizeof(**watch));
    assert_non_null(*watch);
    (*watch)->instance = instance;
    instance->watched = fd;
    instance->ready = ready;
    instance->userdata = userdata;
    return 0;
}

struct fc_watch *fc_watch_free(struct fc_watch *watch)
{
    if (watch)
        watch->instance->watched = -1;
    free(watch);
    return NULL;
}

int fc_timer_new(struct fc_timer **timer, struct fc_instance *instance, fc_timer_fn fn, void *userdata)
{
    assert_null(instance->timer);
    *timer = instance->timer = malloc(sizeof(**timer));
    assert_non_null(*timer);
    **timer = (struct fc_timer){.instance = instance, .fn = fn, .userdata = userdata};
    return 0;
}

void fc_timer_set(struct fc_timer *timer, uint64_t deadline_ns)
{
    assert_int_equal(deadline_ns, 0);
    timer->is_set = true;
}

struct fc_timer *fc_timer_free(struct fc_timer *timer)
{
    if (timer)
        timer->instance->timer = NULL;
    free(timer);
    return NULL;
}

void fc_log(enum fc_log_level level, const char *instance, const char *format, ...)
{
    size_t used = strlen(rig_log);
    va_list arguments;

    assert_string_equal(instance, "desk");
    used += (size_t)snprintf(rig_log + used, sizeof(rig_log) - used, "%d ", level);
    va_start(arguments, format);
    used += (size_t)vsnprintf(rig_log + used, sizeof(rig_log) - used, format, arguments);
    va_end(arguments);
    assert_true(used + 2 < sizeof(rig_log));
    strcpy(rig_log + used, "\n");
}

/* One instance under test. */
struct rig {
    struct fc_instance instance;
    void *self;
    struct fc_reason reason;
    uint32_t n_channels;
};

static inline void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    rig_log[0] = '\0';
    rig->instance.watched = -1;
    rig->instance.lookups = lookups_new(NULL, 0, NULL, NULL); /* they block */
    rig->self = backend_osc.instance_new(&rig->instance, "/");
    assert_non_null(rig->self);
}

static inline void rig_deinit(struct rig *rig)
{
    backend_osc.instance_free(rig->self);
    lookups_free(rig->instance.lookups);
    assert_int_equal(rig->instance.watched, -1);
}

static inline void rig_set(struct rig *rig, const char *option, const char *value)
{
    enum fc_scope scope = strcmp(option, "detect") == 0 ? FC_SCOPE_BACKEND : FC_SCOPE_INSTANCE;

    if (backend_osc.configure(rig->self, scope, option, value, &rig->reason) != 0)
        fail_msg("%s = %s: %s", option, value, rig->reason.text);
}

/* Returns the id of the channel. */
static inline uint32_t rig_channel(struct rig *rig, const char *name, unsigned directions)
{
    if (backend_osc.channel(rig->self, rig->n_channels, name, directions, &rig->reason) != 0)
        fail_msg("%s: %s", name, rig->reason.text);
    return rig->n_channels++;
}

/* Asserts that what returned `r` was accepted, but warned of. */
static inline void rig_doubt(struct rig *rig, int r, const char *why)
{
    assert_int_equal(r, FC_DOUBT);
    assert_string_equal(rig->reason.text, why);
}

static inline void rig_start(struct rig *rig)
{
    assert_int_equal(backend_osc.configured(rig->self, &rig->reason), 0);
    assert_int_equal(backend_osc.start(rig->self), 0);
    assert_true(rig->instance.watched >= 0);
}

/* Returns the port of a bound socket. */
static inline unsigned rig_port(int fd)
{
    struct sockaddr_in6 address;
    socklen_t bytes = sizeof(address);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    return ntohs(address.sin6_port); /* at the same place as in sockaddr_in */
}

/* Makes an address of 127.0.0.1 or ::1. */
static inline socklen_t rig_address(struct sockaddr_storage *storage, int family, unsigned port)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    in6.sin6_addr = in6addr_loopback;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (family == AF_INET6)
        memcpy(storage, &in6, sizeof(in6));
    else
        memcpy(storage, &in, sizeof(in));
    return family == AF_INET6 ? sizeof(in6) : sizeof(in);
}

/* Makes a socket of a peer, bound to a free port of 127.0.0.1 or ::1. */
static inline int rig_peer(int family)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_storage address;
    socklen_t bytes = rig_address(&address, family, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
    return fd;
}

/* Sends from the peer to the instance, without running the instance. */
static inline void rig_send(struct rig *rig, int peer, int family, const char *packet, size_t bytes)
{
    struct sockaddr_storage to;
    socklen_t to_bytes = rig_address(&to, family, rig_port(rig->instance.watched));

    assert_int_equal(sendto(peer, packet, bytes, 0, (struct sockaddr *)&to, to_bytes), bytes);
}

static inline void rig_ready(struct rig *rig)
{
    rig->instance.ready(rig->instance.userdata);
}

/* Calls what waits for the next turn. Returns whether anything did. */
static inline bool rig_timer(struct rig *rig)
{
    struct fc_timer *timer = rig->instance.timer;

    if (!timer || !timer->is_set)
        return false;
    timer->is_set = false;
    timer->fn(timer->userdata);
    return true;
}

static inline void rig_receive(struct rig *rig, int peer, const char *packet, size_t bytes)
{
    rig_send(rig, peer, AF_INET, packet, bytes);
    rig_ready(rig);
}

static inline void rig_assert_event(const struct rig *rig, unsigned n, uint32_t channel, double value)
{
    assert_true(n < rig->instance.n_events);
    assert_int_equal(rig->instance.events[n].channel, channel);
    if (rig->instance.events[n].value != value)
        fail_msg("event %u has value %.17g, not %.17g", n, rig->instance.events[n].value, value);
}

static inline void rig_assert_packet(int peer, const char *packet, size_t bytes)
{
    char got[2048];

    assert_int_equal(recv(peer, got, sizeof(got), MSG_DONTWAIT), bytes);
    assert_memory_equal(got, packet, bytes);
}

static inline void rig_assert_silence(int peer)
{
    char got[64];

    assert_int_equal(recv(peer, got, sizeof(got), MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
}

/* Returns a value of `destination` with the port of that socket, valid until the next call. */
static inline const char *rig_at(const char *host, int fd)
{
    static char text[64];

    snprintf(text, sizeof(text), "%s %u", host, rig_port(fd));
    return text;
}

#endif

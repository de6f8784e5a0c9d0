/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages to the service manager, and the watchdog. */
#include "broker/os/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker/base/loop.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define NOTIFY_PATIENCE_NS (60 * FC_NS_PER_S) /* for instances that neither run nor fail */
#define NOTIFY_RETRY_NS    (100 * FC_NS_PER_MS)
#define NOTIFY_MAX_STATUS  128
#define NOTIFY_US_TO_NS    UINT64_C(1000)

enum notify_state {
    NOTIFY_STARTING,
    NOTIFY_READY,
    NOTIFY_RELOADING,
    NOTIFY_STOPPING,
};

struct notify {
    int socket;
    enum notify_state state;
    char status[NOTIFY_MAX_STATUS];
    uint64_t watchdog_ns; /* between two signs of life; 0: no watchdog */
    uint64_t alive_ns;    /* when the last one was sent */
    uint64_t overdue_ns;  /* when a show that is still starting counts as running */
    struct loop *loop;
    struct timer watchdog;
    struct timer retry;
    struct timer patience; /* only wakes the loop */
};

static void notify_nothing(void *userdata)
{
    (void)userdata;
}

/* Returns half of the time after which the broker counts as hung, as sd_watchdog_enabled(3) advises. */
static uint64_t notify_watchdog_ns(void)
{
    const char *us = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");

    if (!us || (pid && strtol(pid, NULL, 10) != getpid()))
        return 0;
    return strtoull(us, NULL, 10) / 2 * NOTIFY_US_TO_NS;
}

/*
 * Returns a connected socket, which Landlock still lets reach an abstract name once the broker is confined.
 */
static int notify_connect(const char *name)
{
    FC_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(name);
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);

    if (fd < 0)
        return -errno;
    if ((name[0] != '/' && name[0] != '@') || n < 2)
        return -EINVAL;
    if (n >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, name, n);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    if (connect(fd, (const struct sockaddr *)&address, bytes) < 0)
        return -errno;
    return fc_steal_fd(&fd);
}

int notify_new(struct notify **notifyp)
{
    FC_AUTO_FREE struct notify *notify = calloc(1, sizeof(*notify));
    const char *name = getenv("NOTIFY_SOCKET");

    *notifyp = NULL;
    if (!notify)
        return -ENOMEM;
    notify->watchdog_ns = notify_watchdog_ns();
    notify->socket = name ? notify_connect(name) : -ENOENT;
    if (name && notify->socket < 0)
        fc_log(FC_LOG_WARNING, NULL, "the service manager cannot be reached at %s: %s", name,
               strerror(-notify->socket));
    unsetenv("NOTIFY_SOCKET"); /* not for any process that the broker starts */
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    if (notify->socket >= 0)
        *notifyp = fc_steal(notify);
    return 0;
}

struct notify *notify_free(struct notify *notify)
{
    if (!notify)
        return NULL;
    if (notify->loop) {
        loop_cancel_timer(notify->loop, &notify->watchdog);
        loop_cancel_timer(notify->loop, &notify->retry);
        loop_cancel_timer(notify->loop, &notify->patience);
    }
    fc_closep(&notify->socket);
    free(notify);
    return NULL;
}

static bool notify_send(struct notify *notify, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool notify_send(struct notify *notify, const char *format, ...)
{
    char text[256 + NOTIFY_MAX_STATUS];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return send(notify->socket, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

static void notify_say(void *userdata)
{
    struct notify *notify = userdata;
    bool said = true;

    switch (notify->state) {
    case NOTIFY_STARTING:
        break;
    case NOTIFY_READY:
        said = notify_send(notify, "READY=1\nSTATUS=%s", notify->status);
        break;
    case NOTIFY_RELOADING:
        said = notify_send(notify, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=%s",
                           (unsigned long long)(fc_now_ns() / NOTIFY_US_TO_NS), notify->status);
        break;
    case NOTIFY_STOPPING:
        said = notify_send(notify, "STOPPING=1\nSTATUS=%s", notify->status);
        break;
    }
    if (!said && notify->loop)
        loop_set_timer(notify->loop, &notify->retry, fc_now_ns() + NOTIFY_RETRY_NS);
}

static void notify_enter(struct notify *notify, enum notify_state state, const char *status)
{
    notify->state = state;
    snprintf(notify->status, sizeof(notify->status), "%s", status);
    notify_say(notify);
}

static void notify_feed(void *userdata)
{
    struct notify *notify = userdata;

    notify->alive_ns = fc_now_ns();
    notify_send(notify, "WATCHDOG=1");
    loop_set_timer(notify->loop, &notify->watchdog, notify->alive_ns + notify->watchdog_ns);
}

static void notify_be_patient(struct notify *notify)
{
    notify->overdue_ns = fc_now_ns() + NOTIFY_PATIENCE_NS;
    loop_set_timer(notify->loop, &notify->patience, notify->overdue_ns);
}

void notify_start(struct notify *notify, struct loop *loop)
{
    if (!notify)
        return;
    notify->loop = loop;
    notify->watchdog = (struct timer){.fn = notify_feed, .what = "the service manager", .userdata = notify};
    notify->retry = (struct timer){.fn = notify_say, .what = "the service manager", .userdata = notify};
    notify->patience = (struct timer){.fn = notify_nothing};
    notify_be_patient(notify);
    if (notify->watchdog_ns)
        notify_feed(notify);
}

void notify_alive(struct notify *notify)
{
    if (notify && notify->loop && notify->watchdog_ns &&
        fc_now_ns() - notify->alive_ns >= notify->watchdog_ns / 2)
        notify_feed(notify);
}

void notify_reloading(struct notify *notify)
{
    if (!notify)
        return;
    notify_be_patient(notify);
    notify_enter(notify, NOTIFY_RELOADING, "reloading the configuration");
}

void notify_stopping(struct notify *notify)
{
    if (notify)
        notify_enter(notify, NOTIFY_STOPPING, "stopping: the scripts clean up");
}

bool notify_wants(const struct notify *notify, bool has_news)
{
    return notify && notify->state != NOTIFY_STOPPING && (notify->state != NOTIFY_READY || has_news);
}

bool notify_is_awaited(const struct notify *notify)
{
    return notify && notify->state == NOTIFY_STARTING;
}

bool notify_turn(struct notify *notify, const struct notify_health *health)
{
    char status[NOTIFY_MAX_STATUS];

    if (notify->state != NOTIFY_READY && health->n_starting && fc_now_ns() < notify->overdue_ns)
        return false;
    loop_cancel_timer(notify->loop, &notify->patience);
    snprintf(status, sizeof(status), "the show is running: %zu of %zu instances are up", health->n_up,
             health->n);
    if (notify->state != NOTIFY_READY || strcmp(status, notify->status) != 0)
        notify_enter(notify, NOTIFY_READY, status);
    return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The process of a driver, which is a child of the broker. */
#include "broker/proxy/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/base/descriptors.h"
#include "broker/keeper/client.h"
#include "broker/proxy/end.h"
#include "broker/proxy/link.h"
#include "broker/proxy/private.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/driver.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"
#include "proto/link.h"

#define PROCESS_RESTART_NS (30 * FC_NS_PER_S)   /* at most, between two starts */
#define PROCESS_LEAVE_NS   (500 * FC_NS_PER_MS) /* after it was told to stop */

/* Forgets the process, whose end was noticed, or is waited for elsewhere. */
static void proxy_process_forget(struct proxy *proxy)
{
    proxy_end_link(proxy);
    proxy->death = loop_remove(proxy->death);
    fc_closep(&proxy->pidfd);
    proxy->pidfd = -1;
    proxy->pid = 0;
    proxy->output = output_free(proxy->output); /* logs what was left in it */
}

/* Sets the time of the next start, and logs why the last driver ended. */
static void proxy_process_again(struct proxy *proxy, const char *why)
{
    uint64_t now_ns = fc_now_ns();
    uint64_t delay_ns = restart_delay_ns(&proxy->restarts, proxy->began_ns, now_ns, false, (uint32_t)now_ns);

    proxy->is_retry = false;
    snprintf(proxy->status, sizeof(proxy->status), "its driver ended: %s", why);
    fc_up(proxy->instance, false);
    if (delay_ns == 0)
        fc_log(FC_LOG_ERROR, proxy->instance->name, "driver ended: %s; starting it again", why);
    else
        fc_log(FC_LOG_ERROR, proxy->instance->name, "driver ended: %s; starting it again in %.1f s", why,
               (double)delay_ns / (double)FC_NS_PER_S);
    loop_set_timer(proxy_runtime(proxy)->loop, &proxy->restart, now_ns + delay_ns);
}

static void proxy_process_describe(const struct proxy *proxy, const siginfo_t *info, char *why, size_t bytes)
{
    if (proxy->fate[0])
        snprintf(why, bytes, "killed: %s", proxy->fate);
    else if (info->si_code != CLD_EXITED)
        snprintf(why, bytes, "killed by SIG%s", sigabbrev_np(info->si_status));
    else
        snprintf(why, bytes, "exit status %d", info->si_status);
}

/*
 * Whether it says that another one should be tried, since it was confined when something was missing. Its
 * words in `status` say what, and the log has had them.
 */
static bool proxy_process_is_retried(const struct proxy *proxy, const siginfo_t *info)
{
    return !proxy->fate[0] && info->si_code == CLD_EXITED && info->si_status == EX_TEMPFAIL &&
           proxy->status[0];
}

static void proxy_process_retry(struct proxy *proxy)
{
    uint64_t now_ns = fc_now_ns();
    uint64_t delay_ns = restart_delay_ns(&proxy->retries, proxy->began_ns, now_ns, false, (uint32_t)now_ns);

    proxy->is_retry = true;
    fc_up(proxy->instance, false);
    loop_set_timer(proxy_runtime(proxy)->loop, &proxy->restart, now_ns + delay_ns);
}

static void proxy_process_died(void *userdata, uint32_t events)
{
    struct proxy *proxy = userdata;
    siginfo_t info = {0};
    char why[160];

    (void)events;
    if (waitid(P_PIDFD, (id_t)proxy->pidfd, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 || !info.si_pid)
        return;
    proxy_link_finish(proxy); /* before its pid may be another's */
    waitid(P_PIDFD, (id_t)proxy->pidfd, &info, WEXITED | WNOHANG | __WALL);
    proxy_process_describe(proxy, &info, why, sizeof(why));
    proxy_process_forget(proxy);
    if (proxy_process_is_retried(proxy, &info))
        proxy_process_retry(proxy);
    else
        proxy_process_again(proxy, why);
}

static int proxy_process_watch(struct proxy *proxy)
{
    struct runtime *runtime = proxy_runtime(proxy);

    proxy->pidfd = keeper_open_process(runtime->keeper, proxy->pid);
    if (proxy->pidfd < 0)
        return proxy->pidfd;
    return loop_add(runtime->loop, &proxy->death, proxy->pidfd, EPOLLIN, "a driver's end", proxy_process_died,
                    proxy);
}

static int proxy_process_begin(struct proxy *proxy)
{
    struct runtime *runtime = proxy_runtime(proxy);
    FC_AUTO_CLOSE int other = -1;
    FC_AUTO_CLOSE int log = -1;
    int r = descriptors_left(DESCRIPTORS_FOR_WORKER);

    proxy->began_ns = fc_now_ns();
    proxy->fate[0] = '\0';
    if (r == 0)
        r = link_pair(&proxy->link.link, runtime->link_buffers, &other);
    if (r == 0)
        r = output_new(&proxy->output, runtime->loop, &proxy->lines, FC_LOG_WARNING, &log);
    if (r == 0)
        r = keeper_start_driver(runtime->keeper, proxy->row->driver->name, other, log);
    if (r < 0)
        return r;
    proxy->pid = r;
    r = proxy_process_watch(proxy);
    if (r == 0)
        r = proxy_link_begin(proxy);
    if (r < 0) {
        proxy->death = loop_remove(proxy->death);
        reaper_end(runtime->reaper, proxy->pid);
    }
    return r;
}

/* Says why the driver's program cannot be run. Packages of their own have those that need a library. */
static void proxy_process_explain(const struct proxy *proxy, int r)
{
    const char *name = proxy->row->driver->name;
    struct fc_reason reason;

    if (r == -ENOENT)
        fc_refuse(&reason, "there is no program firecurtain-driver-%s: install the package firecurtain-%s",
                  name, name);
    else
        fc_refuse(&reason, "firecurtain-driver-%s: %s", name, strerror(-r));
    fc_because(proxy->instance, &reason);
}

static int proxy_process_try(struct proxy *proxy)
{
    int r = proxy_process_begin(proxy);

    if (r < 0) {
        proxy_process_forget(proxy);
        proxy_process_explain(proxy, r);
    }
    return r;
}

/* Starts the next one, or tries that again. */
static void proxy_process_restart(void *userdata)
{
    struct proxy *proxy = userdata;
    int r = proxy_process_start(proxy);
    const char *why = proxy->instance->because;

    if (r < 0)
        proxy_process_again(proxy, why ? why : strerror(-r));
}

int proxy_process_start(struct proxy *proxy)
{
    if (reaper_stand_back(proxy_runtime(proxy)->reaper, proxy->instance->name, &proxy->turn))
        return 0;
    return proxy_process_try(proxy);
}

void proxy_process_init(struct proxy *proxy)
{
    proxy->pidfd = -1;
    proxy->state = ORDER_CLOSED;
    proxy->restarts.max_delay_ns = proxy->retries.max_delay_ns = PROCESS_RESTART_NS;
    proxy->restart =
        (struct timer){.fn = proxy_process_restart, .what = "a driver's start", .userdata = proxy};
    proxy->turn = (struct reaper_turn){.fn = proxy_process_restart, .userdata = proxy};
}

void proxy_process_stop(struct proxy *proxy)
{
    struct runtime *runtime = proxy_runtime(proxy);

    proxy->is_retry = false;
    loop_cancel_timer(runtime->loop, &proxy->restart);
    reaper_forget(runtime->reaper, &proxy->turn);
    if (!proxy->pid)
        return;
    proxy->death = loop_remove(proxy->death);
    if (!proxy->fate[0])
        proxy_link_say_stop(proxy);
    reaper_let_go(runtime->reaper, proxy->pid, proxy->instance->name, fc_now_ns() + PROCESS_LEAVE_NS);
    proxy_process_forget(proxy);
}

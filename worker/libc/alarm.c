/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for sigaction() (of SIGALRM only), alarm(), ualarm(), setitimer(), getitimer() and pause(). The
 * timer is a thread that sleeps, made with the first alarm and counted as one of the script's; the kernel's
 * own timers are not on the filter's list.
 */
#include "worker/libc/names.h"

#include "worker/libc/alarm.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <unistd.h>

#include "firecurtain/time.h"
#include "worker/base/say.h"
#include "worker/libc/libc.h"

#define ALARM_NS_PER_US 1000u
#define ALARM_MAX_S     (UINT64_C(1) << 32)

static struct sigaction alarm_script; /* what the script wants to be done */
static void (*alarm_watchdog)(void);

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool has_thread;
    uint64_t due_ns; /* 0: no alarm is set */
    uint64_t every_ns;
} alarm_timer = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Does for an alarm of the script what the kernel would do. */
static void alarm_ring(int number, siginfo_t *info, void *context)
{
    if (alarm_script.sa_flags & SA_SIGINFO) {
        alarm_script.sa_sigaction(number, info, context);
    } else if (alarm_script.sa_handler == SIG_DFL) {
        say(SAY_ERROR "SIGALRM, for which the script has no handler: this ends it");
        _exit(128 + SIGALRM);
    } else if (alarm_script.sa_handler != SIG_IGN) {
        alarm_script.sa_handler(number);
    }
}

static void alarm_arrived(int number, siginfo_t *info, void *context)
{
    int saved = errno;

    if (info->si_pid == getpid())
        alarm_ring(number, info, context);
    else if (alarm_watchdog)
        alarm_watchdog();
    errno = saved;
}

void alarm_take_over(void)
{
    struct sigaction action = {.sa_sigaction = alarm_arrived, .sa_flags = SA_SIGINFO};

    LIBC_NEXT(sigaction)(SIGALRM, &action, NULL);
}

void alarm_on_watchdog(void (*interrupt)(void))
{
    alarm_watchdog = interrupt;
}

int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
    struct sigaction before = alarm_script;

    if (number != SIGALRM)
        return LIBC_NEXT(sigaction)(number, action, old);
    if (action)
        alarm_script = *action;
    if (old)
        *old = before;
    return 0;
}

/* Sleeps until the alarm, or until another one is set. Called and left with the lock. */
static void alarm_sleep(void)
{
    uint64_t due_ns = alarm_timer.due_ns;
    struct timespec due = {.tv_sec = (time_t)(due_ns / FC_NS_PER_S), .tv_nsec = (long)(due_ns % FC_NS_PER_S)};

    if (!due_ns)
        pthread_cond_wait(&alarm_timer.changed, &alarm_timer.lock);
    else
        pthread_cond_timedwait(&alarm_timer.changed, &alarm_timer.lock, &due);
}

/* Tells whether the alarm is due, and prepares the next one. */
static bool alarm_take_due(void)
{
    uint64_t now_ns = fc_now_ns();

    if (!alarm_timer.due_ns || now_ns < alarm_timer.due_ns)
        return false;
    if (!alarm_timer.every_ns)
        alarm_timer.due_ns = 0;
    else
        alarm_timer.due_ns +=
            ((now_ns - alarm_timer.due_ns) / alarm_timer.every_ns + 1) * alarm_timer.every_ns;
    return true;
}

static _Noreturn void *alarm_run(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&alarm_timer.lock);
    for (;;) {
        alarm_sleep();
        if (!alarm_take_due())
            continue;
        pthread_mutex_unlock(&alarm_timer.lock);
        kill(getpid(), SIGALRM);
        pthread_mutex_lock(&alarm_timer.lock);
    }
}

/* Starts the thread, in which no handler of the script runs. 0 or -1 with errno. */
static int alarm_start_thread(void)
{
    pthread_condattr_t monotonic;
    sigset_t all, before;
    pthread_t thread;
    int error;

    if (alarm_timer.has_thread)
        return 0;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&alarm_timer.changed, &monotonic);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&thread, NULL, alarm_run, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        pthread_detach(thread);
    alarm_timer.has_thread = error == 0;
    errno = error;
    return error ? -1 : 0;
}

static uint64_t alarm_ns(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * FC_NS_PER_S + (uint64_t)time->tv_usec * ALARM_NS_PER_US;
}

static struct timeval alarm_time(uint64_t ns)
{
    return (struct timeval){.tv_sec = (time_t)(ns / FC_NS_PER_S),
                            .tv_usec = (suseconds_t)(ns % FC_NS_PER_S / ALARM_NS_PER_US)};
}

static bool alarm_is_time(const struct timeval *time)
{
    return time->tv_sec >= 0 && (uint64_t)time->tv_sec < ALARM_MAX_S && time->tv_usec >= 0 &&
           time->tv_usec < 1000000;
}

/* Describes the timer; called with the lock. One that is about to ring has 1 µs left, since 0 means none. */
static void alarm_describe(struct itimerval *value)
{
    uint64_t now_ns = fc_now_ns();
    uint64_t left_ns =
        alarm_timer.due_ns > now_ns + ALARM_NS_PER_US ? alarm_timer.due_ns - now_ns : ALARM_NS_PER_US;

    value->it_value = alarm_time(alarm_timer.due_ns ? left_ns : 0);
    value->it_interval = alarm_time(alarm_timer.every_ns);
}

static int alarm_set(const struct itimerval *value, struct itimerval *old)
{
    uint64_t after_ns = alarm_ns(&value->it_value);
    int r = 0;

    pthread_mutex_lock(&alarm_timer.lock);
    if (old)
        alarm_describe(old);
    if (after_ns)
        r = alarm_start_thread();
    if (r == 0) {
        alarm_timer.due_ns = after_ns ? fc_now_ns() + after_ns : 0;
        alarm_timer.every_ns = after_ns ? alarm_ns(&value->it_interval) : 0;
        if (alarm_timer.has_thread)
            pthread_cond_signal(&alarm_timer.changed);
    }
    pthread_mutex_unlock(&alarm_timer.lock);
    return r;
}

/* Only this clock: the others count a process's time, which nothing here is told about. */
static int alarm_check_clock(int which)
{
    if (which == ITIMER_REAL)
        return 0;
    errno = which == ITIMER_VIRTUAL || which == ITIMER_PROF ? ENOTSUP : EINVAL;
    return -1;
}

int setitimer(__itimer_which_t which, const struct itimerval *value, struct itimerval *old)
{
    static const struct itimerval none;

    if (!libc_facts.is_confined)
        return LIBC_NEXT(setitimer)(which, value, old);
    if (alarm_check_clock((int)which) < 0)
        return -1;
    if (value && !(alarm_is_time(&value->it_value) && alarm_is_time(&value->it_interval))) {
        errno = EINVAL;
        return -1;
    }
    return alarm_set(value ? value : &none, old);
}

int getitimer(__itimer_which_t which, struct itimerval *value)
{
    if (!libc_facts.is_confined)
        return LIBC_NEXT(getitimer)(which, value);
    if (alarm_check_clock((int)which) < 0)
        return -1;
    pthread_mutex_lock(&alarm_timer.lock);
    alarm_describe(value);
    pthread_mutex_unlock(&alarm_timer.lock);
    return 0;
}

unsigned alarm(unsigned seconds)
{
    struct itimerval value = {.it_value.tv_sec = (time_t)seconds}, old = {0};

    if (!libc_facts.is_confined)
        return LIBC_NEXT(alarm)(seconds);
    if (alarm_set(&value, &old) < 0) { /* it has no way to report that */
        say(SAY_WARNING "signal.alarm() has no effect: its thread cannot start: %s", strerror(errno));
        return 0;
    }
    if (old.it_value.tv_usec >= 500000 || (old.it_value.tv_sec == 0 && old.it_value.tv_usec > 0))
        old.it_value.tv_sec++;
    return (unsigned)old.it_value.tv_sec;
}

static struct timeval alarm_of_microseconds(useconds_t us)
{
    return (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
}

useconds_t ualarm(useconds_t value, useconds_t interval)
{
    const struct itimerval timer = {.it_value = alarm_of_microseconds(value),
                                    .it_interval = alarm_of_microseconds(interval)};
    struct itimerval old = {0};

    if (!libc_facts.is_confined)
        return LIBC_NEXT(ualarm)(value, interval);
    if (alarm_set(&timer, &old) < 0)
        return (useconds_t)-1;
    return (useconds_t)(old.it_value.tv_sec * 1000000 + old.it_value.tv_usec);
}

int pause(void)
{
    return libc_facts.is_confined ? pselect(0, NULL, NULL, NULL, NULL, NULL) : LIBC_NEXT(pause)();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The loop on real descriptors: what a callback may do to others in the same turn, timers, tasks, sleep. */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "broker/base/loop.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"
#include "tests/unit/check.h"

struct rig {
    struct loop *loop;
    size_t n_turns;
    size_t max_turns;   /* when it is 0 the loop ends */
    struct timer guard; /* ends a loop that would run for ever */
};

/* A descriptor that is readable as long as its count is not 0. */
struct end {
    struct rig *rig;
    int fd;
    struct loop_source *source;
    size_t n_called;
    uint32_t events;
    struct end *victim; /* removed, or armed again, by the callback */
};

static void count_turn(void *userdata)
{
    struct rig *rig = userdata;

    if (++rig->n_turns >= rig->max_turns)
        loop_stop(rig->loop);
}

static void guard_bit(void *userdata)
{
    fail_msg("the loop did not end");
}

static int setup(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    assert_int_equal(loop_new(&rig->loop), 0);
    loop_set_after(rig->loop, count_turn, rig);
    rig->guard = (struct timer){.fn = guard_bit};
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    assert_null(loop_free(rig->loop));
    assert_null(loop_free(NULL));
    free(rig);
    return 0;
}

/* Runs at most so many turns. The guard never fires unless the test fails. */
static void run(struct rig *rig, size_t turns)
{
    rig->n_turns = 0;
    rig->max_turns = turns;
    loop_set_timer(rig->loop, &rig->guard, fc_now_ns() + 5 * FC_NS_PER_S);
    assert_int_equal(loop_run(rig->loop), 0);
    loop_cancel_timer(rig->loop, &rig->guard);
}

static void end_new(struct end *end, struct rig *rig, uint32_t events, loop_fn fn)
{
    *end = (struct end){.rig = rig, .fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)};
    assert_true(end->fd >= 0);
    assert_int_equal(loop_add(rig->loop, &end->source, end->fd, events, "a test", fn, end), 0);
}

static void end_free(struct end *end)
{
    end->source = loop_remove(end->source);
    close(end->fd);
}

static void end_count(void *userdata, uint32_t events)
{
    struct end *end = userdata;

    end->n_called++;
    end->events = events;
}

static void end_drain(void *userdata, uint32_t events)
{
    uint64_t count;

    end_count(userdata, events);
    assert_int_equal(read(((struct end *)userdata)->fd, &count, sizeof(count)), sizeof(count));
}

static void end_remove_victim(void *userdata, uint32_t events)
{
    struct end *end = userdata;

    end_count(userdata, events);
    end->victim->source = loop_remove(end->victim->source);
    close(end->victim->fd); /* its number may be used again at once */
    end->victim->fd = dup(end->fd);
}

static void test_a_source_is_called_as_long_as_it_is_ready(void **state)
{
    struct end end;

    end_new(&end, *state, EPOLLIN, end_count);
    run(*state, 3);
    assert_int_equal(end.n_called, 3);
    assert_int_equal(end.events, EPOLLIN);
    end_free(&end);
}

/* Both are ready in one turn; the first removes the other, which must not be called then. */
static void test_removing_another_source_in_the_same_turn(void **state)
{
    struct end a, b;

    end_new(&a, *state, EPOLLIN, end_remove_victim);
    end_new(&b, *state, EPOLLIN, end_remove_victim);
    a.victim = &b;
    b.victim = &a;
    run(*state, 1);
    assert_int_equal(a.n_called + b.n_called, 1);
    end_free(&a);
    end_free(&b);
}

static void end_remove_itself(void *userdata, uint32_t events)
{
    struct end *end = userdata;

    end_count(userdata, events);
    end->source = loop_remove(end->source);
}

static void test_a_source_removes_itself(void **state)
{
    struct end a, b;

    end_new(&a, *state, EPOLLIN, end_remove_itself);
    end_new(&b, *state, EPOLLIN, end_count);
    run(*state, 3);
    assert_int_equal(a.n_called, 1);
    assert_int_equal(b.n_called, 3);
    end_free(&a);
    end_free(&b);
}

static void test_more_sources_than_fit_into_one_turn(void **state)
{
    static struct end ends[150];

    for (size_t i = 0; i < 150; i++)
        end_new(&ends[i], *state, EPOLLIN, end_drain);
    run(*state, 3);
    for (size_t i = 0; i < 150; i++) {
        assert_int_equal(ends[i].n_called, 1);
        end_free(&ends[i]);
    }
}

static void stop_loop(void *userdata)
{
    loop_stop(((struct rig *)userdata)->loop);
}

/* Called once; then the loop sleeps, although the descriptor is readable, until it is armed again. */
static void test_oneshot_is_armed_by_modify(void **state)
{
    struct rig *rig = *state;
    struct timer stop = {.fn = stop_loop, .userdata = rig};
    struct end end;

    end_new(&end, rig, EPOLLIN | EPOLLONESHOT, end_count);
    loop_set_timer(rig->loop, &stop, fc_now_ns() + 20 * FC_NS_PER_MS);
    run(rig, 1000);
    assert_int_equal(end.n_called, 1);
    assert_true(rig->n_turns <= 3);
    assert_int_equal(loop_modify(end.source, EPOLLIN | EPOLLONESHOT), 0);
    run(rig, 1);
    assert_int_equal(end.n_called, 2);
    end_free(&end);
}

static void test_what_cannot_be_watched(void **state)
{
    struct rig *rig = *state;
    struct loop_source *source = NULL;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    assert_int_equal(loop_add(rig->loop, &source, -1, EPOLLIN, "a test", end_count, NULL), -EBADF);
    assert_int_equal(loop_add(rig->loop, &source, fd, EPOLLIN, "a test", end_count, NULL), -EPERM);
    assert_null(source);
    assert_null(loop_remove(NULL));
    close(fd);
}

struct mark {
    struct rig *rig;
    struct timer timer;
    struct loop_task task;
    char name;
    struct mark *other; /* cancelled by the callback */
    size_t again;       /* how often the callback sets the timer again */
    uint64_t called_ns;
    size_t turn;
};

static char order[32];

static void mark_called(void *userdata)
{
    struct mark *mark = userdata;

    if (strlen(order) < sizeof(order) - 1)
        order[strlen(order)] = mark->name;
    mark->called_ns = fc_now_ns();
    mark->turn = mark->rig->n_turns;
    if (mark->other) {
        loop_cancel_timer(mark->rig->loop, &mark->other->timer);
        loop_cancel_task(&mark->other->task);
    }
    if (mark->name == '.')
        loop_stop(mark->rig->loop);
}

static struct mark mark_of(struct rig *rig, char name)
{
    memset(order, 0, sizeof(order));
    return (struct mark){.rig = rig, .name = name};
}

static void mark_at(struct mark *mark, uint64_t deadline_ns)
{
    mark->timer.fn = mark_called;
    mark->timer.userdata = mark;
    loop_set_timer(mark->rig->loop, &mark->timer, deadline_ns);
}

static void test_timers_in_order_and_not_early(void **state)
{
    struct mark a = mark_of(*state, 'a'), b = mark_of(*state, 'b'), c = mark_of(*state, 'c'),
                end = mark_of(*state, '.');
    uint64_t now_ns = fc_now_ns();

    mark_at(&c, now_ns + 15 * FC_NS_PER_MS);
    mark_at(&end, now_ns + 20 * FC_NS_PER_MS);
    mark_at(&a, now_ns - 1);
    mark_at(&b, now_ns + 10 * FC_NS_PER_MS);
    run(*state, 1000);
    assert_string_equal(order, "abc.");
    assert_true(b.called_ns >= now_ns + 10 * FC_NS_PER_MS);
    assert_true(c.called_ns >= now_ns + 15 * FC_NS_PER_MS);
    assert_true(end.rig->n_turns <= 5);
}

static void test_cancelled_timers_do_not_run(void **state)
{
    struct mark a = mark_of(*state, 'a'), b = mark_of(*state, 'b'), c = mark_of(*state, 'c'),
                end = mark_of(*state, '.');
    uint64_t now_ns = fc_now_ns();

    a.other = &b; /* due in the same turn */
    mark_at(&a, now_ns - 2);
    mark_at(&b, now_ns - 1);
    mark_at(&c, now_ns);
    loop_cancel_timer(c.rig->loop, &c.timer);
    mark_at(&end, now_ns + 1);
    run(*state, 1000);
    assert_string_equal(order, "a.");
}

/* A timer that is moved to an earlier time wakes the loop then. */
static void test_an_earlier_timer_wakes_earlier(void **state)
{
    struct mark late = mark_of(*state, 'l'), end = mark_of(*state, '.');
    uint64_t now_ns = fc_now_ns();

    mark_at(&late, now_ns + 3600 * FC_NS_PER_S);
    mark_at(&end, now_ns + 3601 * FC_NS_PER_S);
    mark_at(&end, now_ns + 5 * FC_NS_PER_MS);
    run(*state, 1000);
    assert_string_equal(order, ".");
    assert_true(end.called_ns < now_ns + 10 * FC_NS_PER_S);
    loop_cancel_timer(late.rig->loop, &late.timer);
}

static void mark_again(void *userdata)
{
    struct mark *mark = userdata;

    mark_called(mark);
    if (mark->again) {
        mark->again--;
        loop_set_timer(mark->rig->loop, &mark->timer, 0);
    }
}

/* Otherwise a timer that is always late would starve everything else. */
static void test_a_timer_set_by_a_timer_waits_for_the_next_turn(void **state)
{
    struct mark mark = mark_of(*state, 'a');

    mark.timer = (struct timer){.fn = mark_again, .userdata = &mark};
    mark.again = 3;
    loop_set_timer(mark.rig->loop, &mark.timer, 0);
    run(*state, 2);
    assert_string_equal(order, "aa");
    run(*state, 2);
    assert_string_equal(order, "aaaa");
}

static void defer_again(void *userdata)
{
    struct mark *mark = userdata;

    mark_called(mark);
    if (mark->again) {
        mark->again--;
        loop_defer(mark->rig->loop, &mark->task);
        loop_defer(mark->rig->loop, &mark->task);
    }
}

static void test_a_task_runs_once_and_a_new_one_in_the_next_turn(void **state)
{
    struct mark mark = mark_of(*state, 'a'), other = mark_of(*state, 'b');

    mark.task = (struct loop_task){.fn = defer_again, .userdata = &mark};
    other.task = (struct loop_task){.fn = defer_again, .userdata = &other};
    mark.again = 2;
    loop_defer(mark.rig->loop, &mark.task);
    loop_defer(mark.rig->loop, &other.task);
    loop_defer(mark.rig->loop, &mark.task);
    run(*state, 1);
    assert_string_equal(order, "ab");
    assert_true(mark.task.queued);
    assert_false(other.task.queued);
    run(*state, 2);
    assert_string_equal(order, "abaa");
    assert_false(mark.task.queued);
}

static void test_a_task_cancels_another(void **state)
{
    struct mark a = mark_of(*state, 'a'), b = mark_of(*state, 'b'), c = mark_of(*state, 'c');

    a.other = &b;
    a.task = (struct loop_task){.fn = mark_called, .userdata = &a};
    b.task = (struct loop_task){.fn = mark_called, .userdata = &b};
    c.task = (struct loop_task){.fn = mark_called, .userdata = &c};
    loop_defer(a.rig->loop, &a.task);
    loop_defer(a.rig->loop, &b.task);
    loop_defer(a.rig->loop, &c.task);
    run(*state, 1);
    assert_string_equal(order, "ac");
    loop_cancel_task(&b.task);
    assert_false(b.task.queued);
}

/* A turn with a task does not sleep, although nothing else would wake it. */
static void test_a_task_keeps_the_loop_awake(void **state)
{
    struct mark mark = mark_of(*state, 'a');
    uint64_t began_ns = fc_now_ns();

    mark.task = (struct loop_task){.fn = defer_again, .userdata = &mark};
    mark.again = 99;
    loop_defer(mark.rig->loop, &mark.task);
    run(*state, 100);
    assert_true(fc_now_ns() - began_ns < 10 * FC_NS_PER_S);
    assert_false(mark.task.queued);
}

/* Takes longer than timers or tasks may take together in a turn, whatever the machine. */
static void mark_slowly(void *userdata)
{
    uint64_t began_ns = fc_now_ns();

    mark_called(userdata);
    while (fc_now_ns() - began_ns < FC_NS_PER_MS)
        ;
}

static void mark_slowly_again(void *userdata)
{
    struct mark *mark = userdata;

    mark_slowly(mark);
    loop_set_timer(mark->rig->loop, &mark->timer, 0);
}

/* One slow timer in a turn; nothing sleeps, and what is set anew waits for those that were due before. */
static void test_slow_timers_share_turns(void **state)
{
    struct rig *rig = *state;
    struct mark a = mark_of(rig, 'a'), b = mark_of(rig, 'b'), c = mark_of(rig, 'c');

    a.timer = (struct timer){.fn = mark_slowly_again, .userdata = &a};
    b.timer = (struct timer){.fn = mark_slowly, .userdata = &b};
    c.timer = (struct timer){.fn = mark_slowly, .userdata = &c};
    loop_set_timer(rig->loop, &a.timer, 1);
    loop_set_timer(rig->loop, &b.timer, 2);
    loop_set_timer(rig->loop, &c.timer, 3);
    run(rig, 1);
    assert_string_equal(order, "a");
    run(rig, 1);
    assert_string_equal(order, "ab");
    run(rig, 2);
    assert_string_equal(order, "abca");
    loop_cancel_timer(rig->loop, &a.timer);
}

static void mark_task_slowly_again(void *userdata)
{
    struct mark *mark = userdata;

    mark_slowly(mark);
    loop_defer(mark->rig->loop, &mark->task);
}

static void test_slow_tasks_share_turns(void **state)
{
    struct rig *rig = *state;
    struct mark a = mark_of(rig, 'a'), b = mark_of(rig, 'b'), c = mark_of(rig, 'c');

    a.task = (struct loop_task){.fn = mark_task_slowly_again, .userdata = &a};
    b.task = (struct loop_task){.fn = mark_slowly, .userdata = &b};
    c.task = (struct loop_task){.fn = mark_slowly, .userdata = &c};
    loop_defer(rig->loop, &a.task);
    loop_defer(rig->loop, &b.task);
    loop_defer(rig->loop, &c.task);
    run(rig, 1);
    assert_string_equal(order, "a");
    run(rig, 1);
    assert_string_equal(order, "ab");
    run(rig, 2);
    assert_string_equal(order, "abca");
    loop_cancel_task(&a.task);
}

static void end_stop(void *userdata, uint32_t events)
{
    struct end *end = userdata;

    end_drain(userdata, events);
    loop_stop(end->rig->loop);
}

/* With nothing to do the loop sleeps. It may wake once for a timer that was cancelled in the meantime. */
static void test_idle_does_not_turn(void **state)
{
    struct rig *rig = *state;
    struct mark gone = mark_of(rig, 'g');
    struct itimerspec when = {.it_value.tv_nsec = 100000000};
    struct end quiet, clock;
    uint64_t count;

    end_new(&quiet, rig, EPOLLIN, end_drain);
    assert_int_equal(read(quiet.fd, &count, sizeof(count)), sizeof(count));
    clock = (struct end){.rig = rig, .fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};
    assert_int_equal(timerfd_settime(clock.fd, 0, &when, NULL), 0);
    assert_int_equal(loop_add(rig->loop, &clock.source, clock.fd, EPOLLIN, "a test", end_stop, &clock), 0);
    mark_at(&gone, fc_now_ns() + 10 * FC_NS_PER_MS);
    loop_cancel_timer(rig->loop, &gone.timer);
    run(rig, 1000);
    assert_int_equal(clock.n_called, 1);
    assert_int_equal(quiet.n_called, 0);
    assert_string_equal(order, "");
    assert_true(rig->n_turns <= 2);
    end_free(&quiet);
    end_free(&clock);
}

static void test_everything_is_closed_again(void **state)
{
    unsigned before = count_descriptors();
    struct loop *loop;

    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(count_descriptors(), before + 2);
    loop_free(loop);
    assert_int_equal(count_descriptors(), before);
}

int main(void)
{
#define loop_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        loop_test(test_a_source_is_called_as_long_as_it_is_ready),
        loop_test(test_removing_another_source_in_the_same_turn),
        loop_test(test_a_source_removes_itself),
        loop_test(test_more_sources_than_fit_into_one_turn),
        loop_test(test_oneshot_is_armed_by_modify),
        loop_test(test_what_cannot_be_watched),
        loop_test(test_timers_in_order_and_not_early),
        loop_test(test_cancelled_timers_do_not_run),
        loop_test(test_an_earlier_timer_wakes_earlier),
        loop_test(test_a_timer_set_by_a_timer_waits_for_the_next_turn),
        loop_test(test_a_task_runs_once_and_a_new_one_in_the_next_turn),
        loop_test(test_a_task_cancels_another),
        loop_test(test_a_task_keeps_the_loop_awake),
        loop_test(test_slow_timers_share_turns),
        loop_test(test_slow_tasks_share_turns),
        loop_test(test_idle_does_not_turn),
        loop_test(test_everything_is_closed_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends the last lines of the log, and those that come. */
#include "broker/control/logs.h"

#include <string.h>
#include <time.h>

#include "broker/base/runtime.h"
#include "broker/control/follow.h"
#include "broker/control/private.h"
#include "broker/control/reply.h"
#include "broker/control/scope.h"
#include "broker/show/user.h"
#include "firecurtain/time.h"

#define LOGS_FLUSH_NS   (50 * FC_NS_PER_MS)
#define LOGS_DEFAULT    50u
#define LOGS_WINDOW     2  /* pages that the client may not have read yet */
#define LOGS_LINE_BYTES 64 /* of a line, in addition to its texts */

static bool logs_anybody(const struct control *control)
{
    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++) {
        if (control->log_followers[i].is_used)
            return true;
    }
    return false;
}

static void logs_tap(void *userdata, const char *level, const char *instance, const char *text, size_t bytes)
{
    struct control *control = userdata;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    log_ring_add(&control->log, (uint64_t)now.tv_sec * FC_NS_PER_S + (uint64_t)now.tv_nsec, level, instance,
                 text, bytes);
}

/* The lines that a caller gets. */
struct logs_filter {
    const char *instance; /* NULL: of any */
    bool is_own;          /* only the lines of `user` and its instances */
    const char *user;
    size_t n_user;
};

static struct logs_filter logs_filter_of(const struct control *control, const struct control_call *call,
                                         const char *instance)
{
    bool is_own = call->role < CONTROL_OBSERVER;
    const struct user *user = is_own ? control_user(control->show, call->account) : NULL;

    return (struct logs_filter){.instance = instance,
                                .is_own = is_own,
                                .user = user ? user->name : "",
                                .n_user = user ? strlen(user->name) : 0};
}

static bool logs_may(const struct logs_filter *filter, const struct log_line *line)
{
    const char *name = log_line_instance(line);

    if (!filter->is_own)
        return true;
    return filter->n_user && strncmp(name, filter->user, filter->n_user) == 0 &&
           (!name[filter->n_user] || name[filter->n_user] == '/');
}

static const struct log_line *logs_find(const struct control *control, const struct logs_filter *filter,
                                        uint64_t number)
{
    const struct log_line *line = log_ring_find(&control->log, number, filter->instance);

    while (line && !logs_may(filter, line))
        line = log_ring_next(line, filter->instance);
    return line;
}

static const struct log_line *logs_next(const struct log_line *line, const struct logs_filter *filter)
{
    do
        line = log_ring_next(line, filter->instance);
    while (line && !logs_may(filter, line));
    return line;
}

/* Fills a page with lines from a number on. Returns the number at which the next page begins, or 0. */
static uint64_t logs_page(struct control *control, const struct logs_filter *filter, uint64_t number,
                          struct control_reply *reply)
{
    struct control_line *items = arena_alloc(&control->texts, CONTROL_MAX_ITEMS * sizeof(*items));
    const struct log_line *line = logs_find(control, filter, number);
    size_t n_bytes = 0;

    reply->lines = items;
    for (; items && line; line = logs_next(line, filter)) {
        if (reply->n_lines == CONTROL_MAX_ITEMS || n_bytes > CONTROL_MAX_PAGE)
            return line->number;
        items[reply->n_lines++] = (struct control_line){.time_ns = line->time_ns,
                                                        .level = line->level,
                                                        .instance = log_line_instance(line),
                                                        .text = line->text};
        n_bytes += strlen(line->text) + LOGS_LINE_BYTES;
    }
    return 0;
}

/* Sends one page to one follower. Lines that are no longer in the ring were missed. */
static void logs_tell(struct control *control, struct control_follower *follower, uint64_t now_ns)
{
    struct logs_filter filter = logs_filter_of(control, &follower->call, follower->instance);
    struct control_reply reply = {.outcome = CONTROL_DONE};
    uint64_t next;

    if (follower->n_sent >= LOGS_WINDOW)
        return; /* lines that it cannot take now stay in the ring */
    arena_reset(&control->texts);
    next = logs_page(control, &filter, follower->next_line, &reply);
    if (!reply.n_lines && !control_is_quiet(follower, now_ns))
        return;
    if (!filter.instance && !filter.is_own && reply.n_lines &&
        control->log.lines->number > follower->next_line)
        follower->missed += control->log.lines->number - follower->next_line;
    reply.missed = follower->missed;
    if (control_tell(control, follower, LOGS_WINDOW, &reply) == 0)
        follower->next_line = next ? next : control->log.last + 1;
}

static void logs_flush(void *userdata)
{
    struct control *control = userdata;
    uint64_t now_ns = fc_now_ns();

    for (size_t i = 0; control->show && i < CONTROL_FOLLOWERS; i++) {
        if (control->log_followers[i].is_used)
            logs_tell(control, &control->log_followers[i], now_ns);
    }
    if (logs_anybody(control))
        loop_set_timer(control->spec.runtime->loop, &control->log_flush, now_ns + LOGS_FLUSH_NS);
}

void control_logs_start(struct control *control)
{
    control->log_flush = (struct timer){.fn = logs_flush, .what = "the control socket", .userdata = control};
    log_set_tap(logs_tap, control);
}

void control_logs_stop(struct control *control)
{
    log_set_tap(NULL, NULL);
    loop_cancel_timer(control->spec.runtime->loop, &control->log_flush);
    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++)
        control_unfollow(&control->log_followers[i]);
    log_ring_deinit(&control->log);
}

/*
 * Convert between a line's number and its place, from 1, among those that a user may read: numbers count
 * everybody's lines, and users must not learn how many there are.
 */
static uint64_t logs_place_of(const struct control *control, const struct logs_filter *filter,
                              uint64_t number)
{
    uint64_t place = 1;

    for (const struct log_line *line = logs_find(control, filter, 0); line && line->number < number;
         line = logs_next(line, filter))
        place++;
    return place;
}

static uint64_t logs_number_at(const struct control *control, const struct logs_filter *filter,
                               uint64_t place)
{
    const struct log_line *line = logs_find(control, filter, 0);

    while (line && --place)
        line = logs_next(line, filter);
    return line ? line->number : control->log.last + 1;
}

/* Returns the number at which the last `n` lines begin. */
static uint64_t logs_tail(const struct control *control, const struct logs_filter *filter, size_t n)
{
    uint64_t behind;

    if (!filter->is_own)
        return log_ring_tail(&control->log, n, filter->instance);
    behind = logs_place_of(control, filter, control->log.last + 1);
    return logs_number_at(control, filter, behind > n ? behind - n : 1);
}

static bool logs_exist(struct control *control, const struct control_call *call,
                       const struct logs_filter *filter, struct control_reply *reply)
{
    return !filter->instance || logs_find(control, filter, 0) ||
           control_find(control, call, filter->instance, reply);
}

bool control_logs(struct control *control, const struct control_call *call,
                  const struct control_request *request, struct control_reply *reply)
{
    struct logs_filter filter = logs_filter_of(control, call, request->n_names ? request->names[0] : NULL);
    uint64_t from = request->from;

    if (!logs_exist(control, call, &filter, reply))
        return true;
    if (!from)
        from = logs_tail(control, &filter, request->lines ? request->lines : LOGS_DEFAULT);
    else if (filter.is_own)
        from = logs_number_at(control, &filter, from);
    if (request->follow) {
        struct control_follower *follower = control_follow(control, control->log_followers, call, reply);

        if (!follower)
            return true;
        if (filter.instance && !(follower->instance = strdup(filter.instance))) {
            control_unfollow(follower);
            reply->outcome = CONTROL_FAILED;
            return true;
        }
        follower->next_line = from;
        loop_set_timer(control->spec.runtime->loop, &control->log_flush, fc_now_ns());
        return false;
    }
    from = logs_page(control, &filter, from, reply);
    reply->next = from && filter.is_own ? logs_place_of(control, &filter, from) : from;
    return true;
}

/* See control_private.h: the last lines of the log, and those that come. */
#include <string.h>
#include <time.h>

#include "broker/control_private.h"
#include "broker/runtime.h"
#include "firecurtain/time.h"

#define LOGS_FLUSH_NS   (50 * FC_NS_PER_MS)
#define LOGS_DEFAULT    50u
#define LOGS_LINE_BYTES 64 /* of a line beside its texts */

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

/* A page of lines from a number on; the number at which the next one begins, 0 at the end. */
static uint64_t logs_page(struct control *control, uint64_t number, const char *instance,
                          struct control_reply *reply)
{
    struct control_line *items = arena_alloc(&control->texts, CONTROL_MAX_ITEMS * sizeof(*items));
    const struct log_line *line = log_ring_find(&control->log, number, instance);
    size_t n_bytes = 0;

    reply->lines = items;
    for (; items && line; line = log_ring_next(line, instance)) {
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

/* One page for one follower. Lines that have gone by then it has missed. */
static void logs_tell(struct control *control, struct control_follower *follower, uint64_t now_ns)
{
    const char *instance = follower->n_patterns ? follower->patterns[0] : NULL;
    struct control_reply reply = {.outcome = CONTROL_DONE};
    uint64_t next;

    arena_reset(&control->texts);
    next = logs_page(control, follower->next_line, instance, &reply);
    if (!reply.n_lines && !control_is_quiet(follower, now_ns))
        return;
    if (!instance && reply.n_lines && control->log.lines->number > follower->next_line)
        follower->missed += control->log.lines->number - follower->next_line;
    if (control_tell(control, follower, &reply, 0)) /* what it cannot take now waits in the ring */
        follower->next_line = next ? next : control->log.last + 1;
}

static void logs_flush(void *userdata)
{
    struct control *control = userdata;
    uint64_t now_ns = fc_now_ns();

    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++) {
        if (control->log_followers[i].is_used)
            logs_tell(control, &control->log_followers[i], now_ns);
    }
    if (logs_anybody(control))
        loop_set_timer(control->spec.runtime->loop, &control->log_flush, now_ns + LOGS_FLUSH_NS);
}

void control_logs_start(struct control *control)
{
    control->log_flush = (struct timer){.fn = logs_flush, .userdata = control};
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

bool control_logs(struct control *control, const struct control_call *call,
                  const struct control_request *request, struct control_reply *reply)
{
    const char *instance = request->n_names ? request->names[0] : NULL;
    uint64_t from = request->from;

    if (instance && !log_ring_find(&control->log, 0, instance) && !control_find(control, instance, reply))
        return true;
    if (!from)
        from = log_ring_tail(&control->log, request->lines ? request->lines : LOGS_DEFAULT, instance);
    if (request->follow) {
        struct control_follower *follower =
            control_follow(control, control->log_followers, call, request, reply);

        if (!follower)
            return true;
        follower->next_line = from;
        loop_set_timer(control->spec.runtime->loop, &control->log_flush, fc_now_ns());
        return false;
    }
    reply->next = logs_page(control, from, instance, reply);
    return true;
}

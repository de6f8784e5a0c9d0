/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes packets apart, and says what is dropped. It must not know bytes.
 *
 * A packet may take several turns: it can be left at any message, and within a pattern at any address. What
 * it costs is counted in steps (osc_effort.h).
 */
#include "broker/backends/osc_input.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>

#include "broker/backends/osc_codec.h"
#include "broker/backends/osc_output.h"
#include "broker/backends/osc_pattern.h"
#include "broker/backends/osc_private.h"
#include "firecurtain/log.h"

/* Names what a packet or a message in it is dropped for, with its sender. `address` may be NULL. */
static void drop(struct osc *osc, const char *address, const char *what)
{
    char sender[NET_ADDRESS_TEXT_BYTES];

    osc->in.steps += OSC_EFFORT_DROP;
    net_address_print(&osc->in.from, sender, sizeof(sender));
    if (address)
        fc_drop(osc->instance, "%.200s from %s: %s", address, sender, what);
    else
        fc_drop(osc->instance, "from %s: %s", sender, what);
}

static void drop_mismatch(struct osc *osc, const struct osc_path *path, const struct osc_message *message)
{
    char sender[NET_ADDRESS_TEXT_BYTES];

    osc->in.steps += OSC_EFFORT_DROP;
    net_address_print(&osc->in.from, sender, sizeof(sender));
    fc_drop(osc->instance,
            "%.200s from %s: a different number of values than configured: %zu (%.40s) for the pattern "
            "%.80s, which has %zu",
            path->address, sender, message->n_values, message->types, path->format->pattern,
            path->format->n_ranges);
}

/* Returns an argument of value `n` as 0.0 to 1.0; NaN if it is no number. */
static double normalise(const struct osc_path *path, size_t n, const struct osc_argument *argument)
{
    struct osc_range range = {.min = 0, .max = 1}; /* of T, F and I, whatever the format is */

    if (osc_format_default(argument->type, &range) && path->format &&
        osc_format_is_number(path->format->ranges[n].type))
        range = path->format->ranges[n];
    return osc_format_normalise(&range, argument->number);
}

/* Returns a value that came in as it would be sent. */
static double as_sent(const struct osc_path *path, size_t n, const struct osc_argument *argument)
{
    return osc_format_denormalise(osc_path_range(path, n), normalise(path, n, argument));
}

/* Notes what the peer knows, and returns the mark of the message as it would be sent. */
static uint32_t note_known(struct osc *osc, struct osc_path *path, const struct osc_message *message)
{
    struct osc_cursor cursor = osc_codec_arguments(message);
    uint32_t mark = OSC_ECHO_NO_VALUES;
    struct osc_argument argument;

    for (size_t n = 0; n < path->n_out && osc_codec_next(&cursor, &argument); n++) {
        struct osc_value *value = &path->values[n];

        if (!osc_format_is_number(osc_path_range(path, n)->type))
            continue;
        value->known = as_sent(path, n, &argument);
        value->peer = osc->generation;
        mark = osc_echo_mark(mark, value->known);
    }
    return mark;
}

/* Returns the chain of answers that the message continues; 0 if it is no answer. */
static uint32_t take_answer(struct osc *osc, struct osc_path *path, const struct osc_message *message)
{
    uint32_t mark;

    if (!path->out || !osc->in.is_from_peer)
        return 0;
    mark = note_known(osc, path, message);
    if (path->echo.n_unanswered == 0 || message->n_values < path->n_out)
        return 0;
    return osc_echo_received(&osc->echo, &path->echo, osc->generation, mark, fc_now_ns());
}

static void emit(struct osc *osc, const struct osc_path *path, size_t n, double value, uint32_t chain)
{
    uint32_t source = path->values[n].source;

    if (source == OSC_PATHS_NO_CHANNEL || isnan(value))
        return;
    osc->in.n_emitted++;
    if (chain > 0)
        fc_emit_answer(osc->instance, source, value, chain);
    else
        fc_emit(osc->instance, source, value);
}

/* Emits the values of a message, or 1.0 for one without any. False if their number is not that of the path's
 * format. */
static bool dispatch(struct osc *osc, struct osc_path *path, const struct osc_message *message)
{
    struct osc_cursor cursor = osc_codec_arguments(message);
    struct osc_argument argument;
    uint32_t chain;

    if (path->format && path->format->n_ranges != message->n_values)
        return false;
    chain = take_answer(osc, path, message);
    if (message->n_values == 0 && path->n_values > 0)
        emit(osc, path, 0, 1.0, chain);
    for (size_t n = 0; n < path->n_values && osc_codec_next(&cursor, &argument); n++)
        emit(osc, path, n, normalise(path, n, &argument), chain);
    return true;
}

/* Dispatches, and returns what that has cost. */
static size_t dispatch_counted(struct osc *osc, struct osc_path *path, const struct osc_message *message,
                               size_t steps_per_event, bool *fits)
{
    size_t before = osc->in.n_emitted;

    *fits = dispatch(osc, path, message);
    return (1 + path->n_values) * OSC_EFFORT_VALUE + (osc->in.n_emitted - before) * steps_per_event;
}

/* Returns what keeps the packet from having one more pattern followed, or the rest of one; or NULL. */
static const char *patterns_complaint(const struct osc *osc)
{
    if (osc->in.pattern_steps >= OSC_EFFORT_PACKET)
        return "an OSC packet with too many address patterns";
    if (osc->in.n_expanded >= OSC_EFFORT_EVENTS)
        return "an OSC packet whose address patterns stand for too much";
    return NULL;
}

static void spend(struct osc *osc, size_t steps)
{
    osc->in.steps += steps;
    osc->in.pattern_steps += steps;
    osc_effort_spend(&osc->effort, steps);
}

static void begin_pattern(struct osc *osc, const struct osc_message *message)
{
    const char *complaint = patterns_complaint(osc);

    if (!complaint && !osc_effort_may_begin(&osc->effort, fc_now_ns()))
        complaint = "more OSC address patterns than there is time for";
    if (!complaint) {
        spend(osc, strlen(message->address) * OSC_EFFORT_BYTE);
        if (osc_pattern_complaint(message->address, OSC_PATTERN_WILDCARDS | OSC_PATTERN_ANY_NAME))
            complaint = "an OSC message with an invalid address pattern";
    }
    if (complaint) {
        drop(osc, message->address, complaint);
        return;
    }
    osc->in.message = *message;
    osc->in.next = osc->paths.by_address;
}

/*
 * Compares the pattern with one more address, and emits if it stands for that. Addresses may have different
 * formats; those that do not fit are skipped.
 */
static void go_on_with_pattern(struct osc *osc)
{
    struct osc_path *path = osc->in.next;
    size_t before = osc->in.n_emitted, steps = OSC_EFFORT_ADDRESS;
    bool fits;

    if (osc_pattern_match(osc->in.message.address, path->address, &steps))
        steps += dispatch_counted(osc, path, &osc->in.message, OSC_EFFORT_EXPANDED, &fits);
    osc->in.n_expanded += osc->in.n_emitted - before;
    spend(osc, steps);
    osc->in.next = path->hh.next;
    if (osc->in.next && patterns_complaint(osc)) {
        drop(osc, osc->in.message.address, patterns_complaint(osc));
        osc->in.next = NULL;
    }
}

static void detect(struct osc *osc, const struct osc_message *message, bool is_pattern)
{
    char line[512];

    if ((!is_pattern && !osc_paths_is_below_root(&osc->paths, message->address)) ||
        !fc_may_detect(osc->instance))
        return;
    osc->in.steps += OSC_EFFORT_LINE;
    osc_codec_print(message, line, sizeof(line));
    fc_log(FC_LOG_INFO, fc_instance_name(osc->instance), "received %s", line);
}

static void take_message(struct osc *osc, const struct osc_message *message)
{
    bool is_pattern = osc_pattern_has_wildcard(message->address), fits;
    struct osc_path *path;

    osc->in.steps += OSC_EFFORT_MESSAGE;
    if (osc->detect)
        detect(osc, message, is_pattern);
    if (is_pattern) {
        begin_pattern(osc, message);
        return;
    }
    path = osc_paths_find(&osc->paths, message->address);
    if (!path)
        return;
    osc->in.steps += dispatch_counted(osc, path, message, OSC_EFFORT_EVENT, &fits);
    if (!fits)
        drop_mismatch(osc, path, message);
}

static bool is_turn_over(const struct osc *osc)
{
    return osc->in.steps >= OSC_EFFORT_TURN;
}

/* Goes on with the packet at hand, until it ends or the turn does. */
static void go_on(struct osc *osc)
{
    struct osc_message message;

    while (osc->in.is_open && !is_turn_over(osc)) {
        if (osc->in.next)
            go_on_with_pattern(osc);
        else if (osc_codec_next_message(&osc->in.reader, &message))
            take_message(osc, &message);
        else
            osc->in.is_open = false;
    }
    if (osc->in.is_open)
        fc_timer_set(osc->rest, 0);
}

static void take_packet(struct osc *osc, size_t bytes)
{
    struct osc_fault fault;

    fc_heard(osc->instance);
    osc->in.steps += bytes * OSC_EFFORT_BYTE;
    osc->in.pattern_steps = osc->in.n_emitted = osc->in.n_expanded = 0;
    osc->in.is_from_peer = osc_net_is_peer(&osc->net, &osc->in.from);
    if (osc_codec_read(&osc->in.reader, osc->packet, bytes, &fault) < 0) {
        drop(osc, fault.address, fault.what);
        return;
    }
    if (osc_net_learn(&osc->net, &osc->in.from))
        osc->generation++;
    osc->in.is_open = true;
    go_on(osc);
}

static ssize_t receive(struct osc *osc)
{
    struct net_address *from = &osc->in.from;

    from->bytes = sizeof(from->storage);
    return recvfrom(osc->net.fd, osc->packet, sizeof(osc->packet), MSG_DONTWAIT,
                    (struct sockaddr *)&from->storage, &from->bytes);
}

void osc_input_go_on(struct osc *osc)
{
    osc->in.steps = 0;
    go_on(osc);
}

void osc_input_stop(struct osc *osc)
{
    osc->in.is_open = false;
    osc->in.next = NULL;
}

void osc_input_ready(void *userdata)
{
    struct osc *osc = userdata;

    if (osc->in.is_open)
        return; /* the timer goes on with that, and others wait in the socket */
    osc->in.steps = 0;
    for (unsigned budget = FC_WATCH_BUDGET; budget > 0 && !osc->in.is_open && !is_turn_over(osc); budget--) {
        ssize_t bytes = receive(osc);

        if (bytes < 0) {
            if (errno != EAGAIN && errno != EINTR)
                osc_output_failure(osc, "receiving failed", errno);
            return;
        }
        take_packet(osc, (size_t)bytes);
    }
}

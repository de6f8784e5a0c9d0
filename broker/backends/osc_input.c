/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes packets apart, and says what is dropped. It must not know bytes. */
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

/*
 * Limits the cost of the address patterns of one packet: the length of the pattern for each address that it
 * is compared with. At worst this takes about 50 ms with addresses of usual length; a pattern that was begun
 * is always compared with all addresses.
 */
#define OSC_MAX_PATTERN_COST (1024 * 1024)

/* Names what a packet or a message in it is dropped for, with its sender. `address` may be NULL. */
static void drop(struct osc *osc, const char *address, const char *what)
{
    char sender[NET_ADDRESS_TEXT_BYTES];

    net_address_print(osc->from, sender, sizeof(sender));
    if (address)
        fc_drop(osc->instance, "%.200s from %s: %s", address, sender, what);
    else
        fc_drop(osc->instance, "from %s: %s", sender, what);
}

static void drop_mismatch(struct osc *osc, const struct osc_path *path, const struct osc_message *message)
{
    char sender[NET_ADDRESS_TEXT_BYTES];

    net_address_print(osc->from, sender, sizeof(sender));
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

    if (!path->out || !osc->is_from_peer)
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

/* Emits to all addresses of a pattern. These may have different formats; those that do not fit are skipped.
 */
static void dispatch_pattern(struct osc *osc, const struct osc_message *message)
{
    size_t length = strlen(message->address);

    if (osc_pattern_complaint(message->address, OSC_PATTERN_WILDCARDS | OSC_PATTERN_ANY_NAME)) {
        drop(osc, message->address, "an OSC message with an invalid address pattern");
        return;
    }
    if (osc->pattern_cost >= OSC_MAX_PATTERN_COST) {
        drop(osc, message->address, "an OSC packet with too many address patterns");
        return;
    }
    for (struct osc_path *path = osc->paths.by_address; path; path = path->hh.next) {
        osc->pattern_cost += length;
        if (osc_pattern_match(message->address, path->address))
            dispatch(osc, path, message);
    }
}

static void detect(struct osc *osc, const struct osc_message *message, bool is_pattern)
{
    char line[512];

    if (!is_pattern && !osc_paths_is_below_root(&osc->paths, message->address))
        return;
    osc_codec_print(message, line, sizeof(line));
    fc_log(FC_LOG_INFO, fc_instance_name(osc->instance), "received %s", line);
}

static void take_message(void *userdata, const struct osc_message *message)
{
    struct osc *osc = userdata;
    bool is_pattern = osc_pattern_has_wildcard(message->address);
    struct osc_path *path;

    if (osc->detect)
        detect(osc, message, is_pattern);
    if (is_pattern) {
        dispatch_pattern(osc, message);
        return;
    }
    path = osc_paths_find(&osc->paths, message->address);
    if (path && !dispatch(osc, path, message))
        drop_mismatch(osc, path, message);
}

static void take_packet(struct osc *osc, size_t bytes, const struct net_address *from)
{
    struct osc_fault fault;

    fc_heard(osc->instance);
    osc->pattern_cost = 0;
    osc->from = from;
    osc->is_from_peer = osc_net_is_peer(&osc->net, from);
    if (osc_codec_read(osc->packet, bytes, take_message, osc, &fault) < 0)
        drop(osc, fault.address, fault.what);
    else if (osc_net_learn(&osc->net, from))
        osc->generation++;
}

static ssize_t receive(struct osc *osc, struct net_address *from)
{
    from->bytes = sizeof(from->storage);
    return recvfrom(osc->net.fd, osc->packet, sizeof(osc->packet), MSG_DONTWAIT,
                    (struct sockaddr *)&from->storage, &from->bytes);
}

void osc_input_ready(void *userdata)
{
    struct osc *osc = userdata;

    for (unsigned budget = FC_WATCH_BUDGET; budget > 0; budget--) {
        struct net_address from;
        ssize_t bytes = receive(osc, &from);

        if (bytes < 0) {
            if (errno != EAGAIN && errno != EINTR)
                osc_output_failure(osc, "receiving failed", errno);
            return;
        }
        take_packet(osc, (size_t)bytes, &from);
        if (osc->pattern_cost > 0)
            return; /* patterns are dear: the rest of the budget is theirs */
    }
}

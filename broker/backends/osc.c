/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Open Sound Control backend: UDP packets to channels and back.
 *
 * This connects the parts: osc_net (the socket), osc_codec (bytes and messages), osc_paths (addresses, values
 * and channels), osc_format (ranges) and osc_pattern (wildcards). It must not know bytes.
 *
 * Invariants: a path is in the list of dirty ones exactly if it `is_dirty`. A packet can do no more than emit
 * events, count as malformed, or make its sender the learned peer.
 */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "broker/backends/osc_codec.h"
#include "broker/backends/osc_net.h"
#include "broker/backends/osc_paths.h"
#include "broker/backends/osc_pattern.h"
#include "firecurtain/backend.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

/* No UDP payload is longer. */
#define OSC_PACKET_BYTES 65536

/* Address and types with their padding, and 8 bytes for each value. */
#define OSC_OUT_BYTES (OSC_PATTERN_MAX_BYTES + OSC_FORMAT_MAX_VALUES + 8 + OSC_FORMAT_MAX_VALUES * 8)

/*
 * Limits the cost of the address patterns of one packet: the length of the pattern for each address that it
 * is compared with. At worst this takes about 50 ms with addresses of usual length; a pattern that was begun
 * is always compared with all addresses.
 */
#define OSC_MAX_PATTERN_COST (1024 * 1024)

struct osc {
    struct fc_instance *instance; /* borrowed */
    struct osc_paths paths;
    struct osc_net net;
    struct fc_watch *watch; /* owned; NULL while stopped */
    bool detect;
    bool is_looking; /* the start waits for names, and what is set waits with it */
    bool has_warned_no_peer;
    size_t pattern_cost; /* of the packet at hand */
    size_t n_failures;   /* since the last line about one */
    uint64_t failure_logged_ns;
    uint64_t n_peers;       /* that were learned, or met at a start */
    struct osc_path *dirty; /* in the order of marking */
    struct osc_path **dirty_end;
    uint8_t packet[OSC_PACKET_BYTES];
    uint8_t out[OSC_OUT_BYTES];
};

static const struct fc_option osc_options[] = {
    {"detect", FC_SCOPE_BACKEND, false, "on", "Log every incoming message: address, types and values"},
    {"bind", FC_SCOPE_INSTANCE, false, ":: 8000", "Host and port to receive on"},
    {"destination", FC_SCOPE_INSTANCE, false, "10.11.12.13 8001",
     "Host and port to send to, or learn or learn@PORT: the last sender"},
    {"dest", FC_SCOPE_INSTANCE, false, "learn@9000", "The same as destination"},
    {"root", FC_SCOPE_INSTANCE, false, "/my/osc/path", "Prefix of the address of every channel"},
    {"/", FC_SCOPE_INSTANCE, true, "f 0.0 1.0",
     "Types (i, f, h, d) of the messages whose address matches, and minimum and maximum of each value"},
    {.name = NULL},
};

static void *osc_new(struct fc_instance *instance, const char *directory)
{
    struct osc *self = calloc(1, sizeof(*self));

    if (!self)
        return NULL;
    self->instance = instance;
    self->dirty_end = &self->dirty;
    osc_net_init(&self->net, fc_instance_name(instance));
    return self;
}

static void osc_flush(void *userdata);

static void osc_stop(void *userdata)
{
    struct osc *self = userdata;

    self->watch = fc_watch_free(self->watch);
    osc_net_close(&self->net);
    if (self->is_looking) {
        self->is_looking = false;
        osc_flush(self); /* nothing that was set meanwhile can be sent */
    }
}

static void osc_free(void *userdata)
{
    struct osc *self = userdata;

    if (!self)
        return;
    osc_stop(self);
    osc_net_deinit(&self->net);
    osc_paths_deinit(&self->paths);
    free(self);
}

static int set_detect(struct osc *self, const char *value, struct fc_reason *reason)
{
    if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
        return fc_refuse(reason, "detect is on or off, not \"%.40s\"", value);
    self->detect = strcmp(value, "on") == 0;
    return 0;
}

static int osc_configure(void *userdata, enum fc_scope scope, const char *option, const char *value,
                         struct fc_reason *reason)
{
    struct osc *self = userdata;

    if (option[0] == '/')
        return osc_paths_add_format(&self->paths, option, value, reason);
    if (strcmp(option, "detect") == 0)
        return set_detect(self, value, reason);
    if (strcmp(option, "bind") == 0)
        return osc_net_set_bind(&self->net, value, reason);
    if (strcmp(option, "destination") == 0 || strcmp(option, "dest") == 0)
        return osc_net_set_destination(&self->net, value, reason);
    if (strcmp(option, "root") == 0)
        return osc_paths_set_root(&self->paths, value, reason);
    return fc_refuse(reason, "the backend osc has no option \"%.80s\"", option);
}

static int osc_configured(void *userdata, struct fc_reason *reason)
{
    const struct osc *self = userdata;

    return osc_net_check(&self->net, reason);
}

static bool osc_is_doubtful(void *userdata, unsigned directions, struct fc_reason *reason)
{
    const struct osc *self = userdata;

    return osc_net_is_doubtful(&self->net, directions, reason);
}

static int osc_canonical(void *userdata, const char *name, char *canonical, size_t bytes,
                         struct fc_reason *reason)
{
    return osc_paths_canonical(name, canonical, bytes, reason);
}

static int osc_channel(void *userdata, uint32_t id, const char *name, unsigned directions,
                       struct fc_reason *reason)
{
    struct osc *self = userdata;

    return osc_paths_add_channel(&self->paths, id, name, directions, reason);
}

/* Warns, at most once a second, of what a peer or the network does wrong. */
static void failure(struct osc *self, const char *what, int error)
{
    self->n_failures++;
    if (!fc_once_a_second(&self->failure_logged_ns))
        return;
    fc_log(FC_LOG_WARNING, fc_instance_name(self->instance), "%s: %s (%zu times since the last such message)",
           what, strerror(error), self->n_failures);
    self->n_failures = 0;
}

/* Input. */

static void note_received(const struct osc *self, struct osc_path *path, size_t n, double value)
{
    path->values[n].received = osc_format_denormalise(osc_path_range(path, n), value);
    path->values[n].peer = self->n_peers;
}

static void emit(struct osc *self, struct osc_path *path, size_t n, const struct osc_argument *argument)
{
    struct osc_range range = {.min = 0, .max = 1}; /* of T and F, whatever the format is */
    double value;

    if (osc_format_default(argument->type, &range) && path->format)
        range = path->format->ranges[n];
    value = osc_format_normalise(&range, argument->number);
    if (isnan(value))
        return;
    if (n < path->n_out)
        note_received(self, path, n, value);
    fc_emit(self->instance, path->values[n].source, value);
}

/* Emits the values of a message. False if their number is not that of the path's format. */
static bool dispatch(struct osc *self, struct osc_path *path, const struct osc_message *message)
{
    struct osc_cursor cursor = osc_codec_arguments(message);
    struct osc_argument argument;

    if (path->format && path->format->n_ranges != message->n_types)
        return false;
    for (size_t n = 0; n < path->n_values && osc_codec_next(&cursor, &argument); n++) {
        if (path->values[n].source != OSC_PATHS_NO_CHANNEL)
            emit(self, path, n, &argument);
    }
    return true;
}

/* Emits to all addresses of a pattern. These may have different formats; those that do not fit are skipped.
 */
static void dispatch_pattern(struct osc *self, const struct osc_message *message)
{
    size_t length = strlen(message->address);

    if (osc_pattern_complaint(message->address, true)) {
        fc_malformed(self->instance, "an OSC message with an invalid address pattern");
        return;
    }
    if (self->pattern_cost >= OSC_MAX_PATTERN_COST) {
        fc_malformed(self->instance, "an OSC packet with too many address patterns");
        return;
    }
    for (struct osc_path *path = self->paths.by_address; path; path = path->hh.next) {
        self->pattern_cost += length;
        if (osc_pattern_match(message->address, path->address))
            dispatch(self, path, message);
    }
}

static void detect(struct osc *self, const struct osc_message *message, bool is_pattern)
{
    char line[512];

    if (!is_pattern && !osc_paths_is_below_root(&self->paths, message->address))
        return;
    osc_codec_print(message, line, sizeof(line));
    fc_log(FC_LOG_INFO, fc_instance_name(self->instance), "received %s", line);
}

static void take_message(void *userdata, const struct osc_message *message)
{
    struct osc *self = userdata;
    bool is_pattern = osc_pattern_has_wildcard(message->address);
    struct osc_path *path;

    if (self->detect)
        detect(self, message, is_pattern);
    if (is_pattern) {
        dispatch_pattern(self, message);
        return;
    }
    path = osc_paths_find(&self->paths, message->address);
    if (path && !dispatch(self, path, message))
        fc_malformed(self->instance, "an OSC message with a different number of values than configured");
}

static void take_packet(struct osc *self, size_t bytes, const struct osc_address *from)
{
    const char *what;

    self->pattern_cost = 0;
    fc_heard(self->instance);
    if (osc_codec_read(self->packet, bytes, take_message, self, &what) < 0)
        fc_malformed(self->instance, what);
    else if (osc_net_learn(&self->net, from))
        self->n_peers++;
}

static ssize_t receive(struct osc *self, struct osc_address *from)
{
    from->bytes = sizeof(from->storage);
    return recvfrom(self->net.fd, self->packet, sizeof(self->packet), MSG_DONTWAIT,
                    (struct sockaddr *)&from->storage, &from->bytes);
}

static void osc_ready(void *userdata)
{
    struct osc *self = userdata;

    for (unsigned budget = FC_WATCH_BUDGET; budget > 0; budget--) {
        struct osc_address from;
        ssize_t bytes = receive(self, &from);

        if (bytes < 0) {
            if (errno != EAGAIN && errno != EINTR)
                failure(self, "receiving failed", errno);
            return;
        }
        take_packet(self, (size_t)bytes, &from);
        if (self->pattern_cost > 0)
            return; /* patterns are dear: the rest of the budget is theirs */
    }
}

static int osc_start(void *userdata)
{
    struct osc *self = userdata;
    struct fc_reason reason = {.text = ""};
    int r = osc_net_open(&self->net, fc_instance_lookups(self->instance), &reason);

    self->is_looking = r == -EINPROGRESS;
    if (self->is_looking)
        return r;
    if (r < 0) {
        fc_because(self->instance, &reason);
        return r;
    }
    self->has_warned_no_peer = false;
    self->n_peers++; /* whoever is there now may be another than before */
    r = fc_watch_new(&self->watch, self->instance, self->net.fd, osc_ready, self);
    if (r == 0)
        osc_flush(self); /* what was set while names were looked up */
    return r;
}

/* Output. */

static bool has_peer(struct osc *self)
{
    if (self->net.peer.bytes > 0)
        return true;
    if (!self->has_warned_no_peer)
        fc_log(FC_LOG_WARNING, fc_instance_name(self->instance), "nothing is sent: %s",
               self->net.learn ? "no packet has arrived yet from which to learn the destination"
                               : "there is no destination");
    self->has_warned_no_peer = true;
    return false;
}

/*
 * Sends every event, with one exception: a value that the peer has just sent does not go back to it.
 * Otherwise two devices that are mapped both ways and answer each other's values would never come to rest.
 */
static bool is_echo(const struct osc *self, const struct osc_path *path)
{
    for (size_t n = 0; n < path->n_out; n++) {
        const struct osc_value *value = &path->values[n];

        if (value->is_set &&
            (value->value != value->sent || value->value != value->received || value->peer != self->n_peers))
            return false;
    }
    return true;
}

static void send_message(struct osc *self, struct osc_path *path)
{
    const struct osc_address *peer = &self->net.peer;
    size_t bytes;
    int r;

    for (size_t n = 0; n < path->n_out; n++) {
        osc_codec_out_set(path->out, n, path->values[n].value);
        path->values[n].sent = path->values[n].value;
        path->values[n].received = NAN;
    }
    r = osc_codec_out_write(path->out, path->address, self->out, sizeof(self->out), &bytes);
    assert(r == 0);
    if (sendto(self->net.fd, self->out, bytes, MSG_DONTWAIT | MSG_NOSIGNAL,
               (const struct sockaddr *)&peer->storage, peer->bytes) < 0)
        failure(self, "sending failed", errno);
}

/* Sends what was set, and drops what cannot be sent. */
static void send_path(struct osc *self, struct osc_path *path)
{
    if (self->net.fd >= 0 && !is_echo(self, path) && has_peer(self))
        send_message(self, path);
    for (size_t n = 0; n < path->n_out; n++)
        path->values[n].is_set = false;
}

static void osc_set(void *userdata, uint32_t channel, double value)
{
    struct osc *self = userdata;
    struct osc_value *slot;
    struct osc_place place;

    assert(channel < self->paths.n_channels);
    place = self->paths.channels[channel];
    assert(place.path && place.path->out);
    slot = &place.path->values[place.n];
    if (slot->is_set && !self->is_looking) /* no event gives way to the next: the message so far goes first */
        send_path(self, place.path);
    slot->value = osc_format_denormalise(osc_path_range(place.path, place.n), value);
    slot->is_set = true;
    if (place.path->is_dirty)
        return;
    place.path->is_dirty = true;
    place.path->next_dirty = NULL;
    *self->dirty_end = place.path;
    self->dirty_end = &place.path->next_dirty;
}

static void osc_flush(void *userdata)
{
    struct osc *self = userdata;
    struct osc_path *path;

    while (!self->is_looking && (path = self->dirty)) {
        self->dirty = path->next_dirty;
        path->is_dirty = false;
        send_path(self, path);
    }
    if (!self->dirty)
        self->dirty_end = &self->dirty;
}

const struct fc_backend backend_osc = {
    .name = "osc",
    .options = osc_options,
    .instance_new = osc_new,
    .instance_free = osc_free,
    .configure = osc_configure,
    .configured = osc_configured,
    .is_doubtful = osc_is_doubtful,
    .canonical = osc_canonical,
    .channel = osc_channel,
    .start = osc_start,
    .stop = osc_stop,
    .set = osc_set,
    .flush = osc_flush,
};

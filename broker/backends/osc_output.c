/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps what was set until the turn is over, and decides what is sent. It must not know bytes. */
#include "broker/backends/osc_output.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "broker/backends/osc_private.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

/* A flush that has lasted so long leaves the rest to the next turn: nothing else is routed meanwhile. */
#define OUTPUT_FLUSH_NS (FC_NS_PER_MS / 2)
#define OUTPUT_CLOCK    32 /* messages between two looks at the clock */

void osc_output_failure(struct osc *self, const char *what, int error)
{
    self->n_failures++;
    if (!fc_once_a_second(&self->failure_logged_ns))
        return;
    fc_log(FC_LOG_WARNING, fc_instance_name(self->instance), "%s: %s (%zu times since the last such message)",
           what, strerror(error), self->n_failures);
    self->n_failures = 0;
}

static bool has_peer(struct osc *self)
{
    if (self->net.n_peers > 0)
        return true;
    if (!self->has_warned_no_peer)
        fc_log(FC_LOG_WARNING, fc_instance_name(self->instance), "nothing is sent: %s",
               self->net.learn ? "no packet has arrived yet from which to learn the destination"
                               : "there is no destination");
    self->has_warned_no_peer = true;
    return false;
}

static void send_to(struct osc *self, const struct net_address *peer, size_t bytes)
{
    self->n_sent++;
    if (sendto(self->net.fd, self->out, bytes, MSG_DONTWAIT | MSG_NOSIGNAL,
               (const struct sockaddr *)&peer->storage, peer->bytes) < 0)
        osc_output_failure(self, "sending failed", errno);
}

static void send_message(struct osc *self, struct osc_path *path)
{
    uint32_t mark = OSC_ECHO_NO_VALUES;
    size_t bytes;
    int r;

    for (size_t n = 0; n < path->n_out; n++) {
        struct osc_value *value = &path->values[n];

        if (!osc_format_is_number(osc_path_range(path, n)->type))
            continue;
        osc_out_set(path->out, n, value->value);
        value->known = value->value;
        value->peer = self->generation;
        mark = osc_echo_mark(mark, value->value);
    }
    r = osc_out_write(path->out, path->address, self->out, sizeof(self->out), &bytes);
    assert(r == 0);
    for (size_t i = 0; i < self->net.n_peers; i++)
        send_to(self, &self->net.peers[i], bytes);
    for (size_t i = 0; i < self->net.n_peers; i++) /* each of them may answer */
        osc_echo_sent(&self->echo, &path->echo, self->generation, mark, path->chain, fc_now_ns());
}

/* Sends what was set, and drops what cannot be sent. */
static void send_path(struct osc *self, struct osc_path *path)
{
    if (self->net.fd >= 0 && path->is_wanted && has_peer(self))
        send_message(self, path);
    for (size_t n = 0; n < path->n_values; n++)
        path->values[n].is_set = false;
    path->is_wanted = false;
    path->chain = 0;
}

/*
 * Every event is sent, with one exception: what an answer leads to, if the peer knows the value. Otherwise
 * two devices that are mapped both ways and answer each other's values would never come to rest. They may not
 * even agree on a value, so a chain of answers has an end, too.
 */
static bool is_news(const struct osc *self, const struct osc_place *place, uint32_t chain)
{
    const struct osc_value *value = &place->path->values[place->n];

    return osc_echo_is_news(chain, !osc_place_varies(place) ||
                                       (value->value == value->known && value->peer == self->generation));
}

static void mark_dirty(struct osc *self, struct osc_path *path)
{
    if (path->is_dirty)
        return;
    path->is_dirty = true;
    path->next_dirty = NULL;
    *self->dirty_end = path;
    self->dirty_end = &path->next_dirty;
}

void osc_output_set(void *userdata, uint32_t channel, double value)
{
    struct osc *self = userdata;
    uint32_t chain = fc_answers(self->instance);
    struct osc_value *slot;
    struct osc_place place;

    assert(channel < self->paths.n_channels);
    place = self->paths.channels[channel];
    if (!osc_place_is_sent(&place) || (value <= 0 && !osc_place_varies(&place)))
        return; /* a message that is always the same means 1.0 */
    slot = &place.path->values[place.n];
    if (slot->is_set && !self->is_looking) /* no event gives way to the next: the message so far goes first */
        send_path(self, place.path);
    if (osc_place_varies(&place))
        slot->value = osc_format_denormalise(osc_path_range(place.path, place.n), value);
    slot->is_set = true;
    place.path->is_wanted |= is_news(self, &place, chain);
    if (chain > place.path->chain)
        place.path->chain = chain;
    mark_dirty(self, place.path);
}

/* Whether a flush has lasted long enough. Reads the clock now and then only. */
static bool is_late(const struct osc *self, uint64_t *began_ns, unsigned *unclocked)
{
    uint64_t now_ns;

    if (self->n_sent - *unclocked < OUTPUT_CLOCK)
        return false;
    *unclocked = self->n_sent;
    now_ns = fc_now_ns();
    if (!*began_ns)
        *began_ns = now_ns;
    return now_ns - *began_ns >= OUTPUT_FLUSH_NS;
}

void osc_output_flush(void *userdata)
{
    struct osc *self = userdata;
    unsigned unclocked = self->n_sent;
    uint64_t began_ns = 0;
    struct osc_path *path;

    while (!self->is_looking && (path = self->dirty)) {
        if (self->rest && is_late(self, &began_ns, &unclocked)) {
            fc_timer_set(self->rest, 0);
            return;
        }
        self->dirty = path->next_dirty;
        path->is_dirty = false;
        send_path(self, path);
    }
    if (!self->dirty)
        self->dirty_end = &self->dirty;
}

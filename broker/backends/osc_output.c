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

void osc_output_failure(struct osc *osc, const char *what, int error)
{
    osc->n_failures++;
    if (!fc_once_a_second(&osc->failure_logged_ns))
        return;
    fc_log(FC_LOG_WARNING, fc_instance_name(osc->instance), "%s: %s (%zu times since the last such message)",
           what, strerror(error), osc->n_failures);
    osc->n_failures = 0;
}

static bool has_peer(struct osc *osc)
{
    if (osc->net.n_peers > 0)
        return true;
    if (!osc->has_warned_no_peer)
        fc_log(FC_LOG_WARNING, fc_instance_name(osc->instance), "nothing is sent: %s",
               osc->net.learn ? "no packet has arrived yet from which to learn the destination"
                              : "there is no destination");
    osc->has_warned_no_peer = true;
    return false;
}

static void send_to(struct osc *osc, const struct net_address *peer, size_t bytes)
{
    osc->n_sent++;
    if (sendto(osc->net.fd, osc->out, bytes, MSG_DONTWAIT | MSG_NOSIGNAL,
               (const struct sockaddr *)&peer->storage, peer->bytes) < 0)
        osc_output_failure(osc, "sending failed", errno);
}

static void send_message(struct osc *osc, struct osc_path *path)
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
        value->peer = osc->generation;
        mark = osc_echo_mark(mark, value->value);
    }
    r = osc_out_write(path->out, path->address, osc->out, sizeof(osc->out), &bytes);
    assert(r == 0);
    for (size_t i = 0; i < osc->net.n_peers; i++)
        send_to(osc, &osc->net.peers[i], bytes);
    for (size_t i = 0; i < osc->net.n_peers; i++) /* each of them may answer */
        osc_echo_sent(&osc->echo, &path->echo, osc->generation, mark, path->chain, fc_now_ns());
}

/* Sends what was set, and drops what cannot be sent. */
static void send_path(struct osc *osc, struct osc_path *path)
{
    if (osc->net.fd >= 0 && path->is_wanted && has_peer(osc))
        send_message(osc, path);
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
static bool is_news(const struct osc *osc, const struct osc_place *place, uint32_t chain)
{
    const struct osc_value *value = &place->path->values[place->n];

    return osc_echo_is_news(chain, !osc_place_varies(place) ||
                                       (value->value == value->known && value->peer == osc->generation));
}

static void mark_dirty(struct osc *osc, struct osc_path *path)
{
    if (path->is_dirty)
        return;
    path->is_dirty = true;
    path->next_dirty = NULL;
    *osc->dirty_end = path;
    osc->dirty_end = &path->next_dirty;
}

void osc_output_set(void *self, uint32_t channel, double value)
{
    struct osc *osc = self;
    uint32_t chain = fc_answers(osc->instance);
    struct osc_value *slot;
    struct osc_place place;

    assert(channel < osc->paths.n_channels);
    place = osc->paths.channels[channel];
    if (!osc_place_is_sent(&place) || (value <= 0 && !osc_place_varies(&place)))
        return; /* a message that is always the same means 1.0 */
    slot = &place.path->values[place.n];
    if (slot->is_set && !osc->is_looking) /* no event gives way to the next: the message so far goes first */
        send_path(osc, place.path);
    if (osc_place_varies(&place))
        slot->value = osc_format_denormalise(osc_path_range(place.path, place.n), value);
    slot->is_set = true;
    place.path->is_wanted |= is_news(osc, &place, chain);
    if (chain > place.path->chain)
        place.path->chain = chain;
    mark_dirty(osc, place.path);
}

/* Whether a flush has lasted long enough. Reads the clock now and then only. */
static bool is_late(const struct osc *osc, uint64_t *began_ns, unsigned *unclocked)
{
    uint64_t now_ns;

    if (osc->n_sent - *unclocked < OUTPUT_CLOCK)
        return false;
    *unclocked = osc->n_sent;
    now_ns = fc_now_ns();
    if (!*began_ns)
        *began_ns = now_ns;
    return now_ns - *began_ns >= OUTPUT_FLUSH_NS;
}

void osc_output_flush(void *self)
{
    struct osc *osc = self;
    unsigned unclocked = osc->n_sent;
    uint64_t began_ns = 0;
    struct osc_path *path;

    while (!osc->is_looking && (path = osc->dirty)) {
        if (osc->rest && is_late(osc, &began_ns, &unclocked)) {
            fc_timer_set(osc->rest, 0);
            return;
        }
        osc->dirty = path->next_dirty;
        path->is_dirty = false;
        send_path(osc, path);
    }
    if (!osc->dirty)
        osc->dirty_end = &osc->dirty;
}

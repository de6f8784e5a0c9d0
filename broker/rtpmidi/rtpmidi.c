/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the backend RTP-MIDI, and its slots. Used in the broker. */
#include "broker/rtpmidi/rtpmidi.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "firecurtain/time.h"

static void play(void *userdata, const uint8_t *message, size_t bytes)
{
    struct rtpmidi *self = userdata;

    if (self->is_started)
        rtpmidi_output_add(&self->output, message, bytes, fc_now_ns());
}

static void emit(void *userdata, uint32_t id, double value)
{
    struct rtpmidi *self = userdata;

    fc_emit(self->instance, id, value);
}

static void *rtpmidi_new(struct fc_instance *instance, const char *directory)
{
    struct rtpmidi *self = calloc(1, sizeof(*self));

    if (!self)
        return NULL;
    self->instance = instance;
    self->net = (struct rtpmidi_net){.data = -1, .control = -1};
    self->midi.out.send = play;
    self->midi.out.userdata = self;
    midi_in_init(&self->midi.in, &self->midi.channels, emit, self);
    return self;
}

static void rtpmidi_stop(void *userdata)
{
    struct rtpmidi *self = userdata;

    rtpmidi_link_end(self);
    rtpmidi_net_close(&self->net);
}

static void rtpmidi_free(void *userdata)
{
    struct rtpmidi *self = userdata;

    if (!self)
        return;
    rtpmidi_stop(self);
    rtpmidi_config_deinit(&self->config);
    midi_deinit(&self->midi);
    free(self);
}

static int rtpmidi_configure(void *userdata, enum fc_scope scope, const char *option, const char *value,
                             struct fc_reason *reason)
{
    struct rtpmidi *self = userdata;

    if (midi_has_option(option))
        return midi_configure(&self->midi, option, value, reason);
    return rtpmidi_config_set(&self->config, option, value, reason);
}

static int rtpmidi_configured(void *userdata, struct fc_reason *reason)
{
    struct rtpmidi *self = userdata;

    return rtpmidi_config_complete(&self->config, reason);
}

static int rtpmidi_beside(void *userdata, const void *before, struct fc_reason *reason)
{
    const struct rtpmidi *self = userdata, *other = before;

    return rtpmidi_config_beside(&self->config, &other->config, fc_instance_name(other->instance), reason);
}

static int rtpmidi_channel(void *userdata, uint32_t id, const char *name, unsigned directions,
                           struct fc_reason *reason)
{
    struct rtpmidi *self = userdata;

    return midi_channel(&self->midi, id, name, directions, reason);
}

/* Looks up the peers. All names are asked for before the first answer is waited for. */
static int find_peers(struct rtpmidi *self, struct fc_reason *reason)
{
    bool is_looking = false;

    for (size_t i = 0; i < self->config.n_peers; i++) {
        struct net_address address;
        int r = rtpmidi_net_find(&self->net, fc_instance_lookups(self->instance), &self->config.peers[i],
                                 &address, reason);

        if (r == 0)
            rtpmidi_peers_add(&self->peers, &address, fc_now_ns());
        else if (r == -EINPROGRESS)
            is_looking = true;
        else
            return r;
    }
    return is_looking ? -EINPROGRESS : 0;
}

/* Makes the stream and the peers anew. */
static int begin_peers(struct rtpmidi *self, struct fc_reason *reason)
{
    const struct rtpmidi_config *config = &self->config;
    uint16_t first = 0;

    self->peers.calls = rtpmidi_link_calls(self);
    self->peers.is_direct = config->mode == RTPMIDI_DIRECT;
    self->peers.learns = config->learns;
    self->peers.name = fc_instance_name(self->instance);
    self->peers.n_joins = config->n_joins;
    for (size_t i = 0; i < config->n_joins; i++)
        self->peers.joins[i] = config->joins[i];
    self->peers.ssrc = config->has_ssrc ? config->ssrc : self->peers.calls.random(self);
    rtpmidi_peers_init(&self->peers);
    if (getrandom(&first, sizeof(first), 0) != sizeof(first))
        return -errno;
    rtpmidi_output_begin(&self->output, &self->peers, first);
    return find_peers(self, reason);
}

static int rtpmidi_start(void *userdata)
{
    struct rtpmidi *self = userdata;
    struct fc_reason reason = {.text = ""};
    int r = rtpmidi_net_open(&self->net, fc_instance_lookups(self->instance), &self->config.bind,
                             self->config.mode == RTPMIDI_APPLE, &reason);

    if (r == 0)
        r = begin_peers(self, &reason);
    if (r == 0)
        return rtpmidi_link_begin(self);
    rtpmidi_net_close(&self->net);
    if (r != -EINPROGRESS && reason.text[0])
        fc_because(self->instance, &reason);
    return r;
}

static void rtpmidi_set(void *userdata, uint32_t channel, double value)
{
    struct rtpmidi *self = userdata;

    midi_set(&self->midi, channel, value);
}

static void rtpmidi_flush(void *userdata)
{
    struct rtpmidi *self = userdata;

    if (self->is_started)
        rtpmidi_link_flush(self);
}

static void rtpmidi_describe(const void *userdata, char *text, size_t bytes)
{
    const struct rtpmidi *self = userdata;

    if (self->is_started)
        rtpmidi_peers_describe(&self->peers, text, bytes);
}

extern const struct fc_backend backend_rtpmidi;

const struct fc_backend backend_rtpmidi = {
    .name = "rtpmidi",
    .options = rtpmidi_options,
    .instance_new = rtpmidi_new,
    .instance_free = rtpmidi_free,
    .configure = rtpmidi_configure,
    .configured = rtpmidi_configured,
    .beside = rtpmidi_beside,
    .canonical = midi_canonical,
    .channel = rtpmidi_channel,
    .start = rtpmidi_start,
    .stop = rtpmidi_stop,
    .set = rtpmidi_set,
    .flush = rtpmidi_flush,
    .describe = rtpmidi_describe,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the backend RTP-MIDI, and its slots. Used in the broker. */
#include "broker/rtpmidi/rtpmidi.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "firecurtain/time.h"

static void play(void *userdata, const uint8_t *message, size_t bytes)
{
    struct rtpmidi *rtpmidi = userdata;

    if (rtpmidi->is_started)
        rtpmidi_output_add(&rtpmidi->output, message, bytes, fc_now_ns());
}

static void emit(void *userdata, uint32_t id, double value)
{
    struct rtpmidi *rtpmidi = userdata;

    fc_emit(rtpmidi->instance, id, value);
}

static void *rtpmidi_new(struct fc_instance *instance, const char *directory)
{
    struct rtpmidi *rtpmidi = calloc(1, sizeof(*rtpmidi));

    if (!rtpmidi)
        return NULL;
    rtpmidi->instance = instance;
    rtpmidi->net = (struct rtpmidi_net){.data = -1, .control = -1};
    rtpmidi->midi.out.send = play;
    rtpmidi->midi.out.userdata = rtpmidi;
    midi_in_init(&rtpmidi->midi.in, &rtpmidi->midi.channels, emit, rtpmidi);
    return rtpmidi;
}

static void rtpmidi_stop(void *self)
{
    struct rtpmidi *rtpmidi = self;

    rtpmidi_link_end(rtpmidi);
    rtpmidi_net_close(&rtpmidi->net);
}

static void rtpmidi_free(void *self)
{
    struct rtpmidi *rtpmidi = self;

    if (!rtpmidi)
        return;
    rtpmidi_stop(rtpmidi);
    rtpmidi_config_deinit(&rtpmidi->config);
    midi_deinit(&rtpmidi->midi);
    free(rtpmidi);
}

static int rtpmidi_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                             struct fc_reason *reason)
{
    struct rtpmidi *rtpmidi = self;

    if (midi_has_option(option))
        return midi_configure(&rtpmidi->midi, option, value, reason);
    return rtpmidi_config_set(&rtpmidi->config, option, value, reason);
}

static int rtpmidi_configured(void *self, struct fc_reason *reason)
{
    struct rtpmidi *rtpmidi = self;

    return rtpmidi_config_complete(&rtpmidi->config, reason);
}

static int rtpmidi_beside(void *self, const void *before, struct fc_reason *reason)
{
    const struct rtpmidi *rtpmidi = self, *other = before;

    return rtpmidi_config_beside(&rtpmidi->config, &other->config, fc_instance_name(other->instance), reason);
}

static int rtpmidi_channel(void *self, uint32_t id, const char *name, unsigned directions,
                           struct fc_reason *reason)
{
    struct rtpmidi *rtpmidi = self;

    return midi_channel(&rtpmidi->midi, id, name, directions, reason);
}

/* Looks up the peers. All names are asked for before the first answer is waited for. */
static int find_peers(struct rtpmidi *rtpmidi, struct fc_reason *reason)
{
    bool is_looking = false;

    for (size_t i = 0; i < rtpmidi->config.n_peers; i++) {
        struct net_address address;
        int r = rtpmidi_net_find(&rtpmidi->net, fc_instance_lookups(rtpmidi->instance),
                                 &rtpmidi->config.peers[i], &address, reason);

        if (r == 0)
            rtpmidi_peers_add(&rtpmidi->peers, &address, fc_now_ns());
        else if (r == -EINPROGRESS)
            is_looking = true;
        else
            return r;
    }
    return is_looking ? -EINPROGRESS : 0;
}

/* Makes the stream and the peers anew. */
static int begin_peers(struct rtpmidi *rtpmidi, struct fc_reason *reason)
{
    const struct rtpmidi_config *config = &rtpmidi->config;
    uint16_t first = 0;

    rtpmidi->peers.calls = rtpmidi_link_calls(rtpmidi);
    rtpmidi->peers.is_direct = config->mode == RTPMIDI_DIRECT;
    rtpmidi->peers.learns = config->learns;
    rtpmidi->peers.name = fc_instance_name(rtpmidi->instance);
    rtpmidi->peers.n_joins = config->n_joins;
    for (size_t i = 0; i < config->n_joins; i++)
        rtpmidi->peers.joins[i] = config->joins[i];
    rtpmidi->peers.ssrc = config->has_ssrc ? config->ssrc : rtpmidi->peers.calls.random(rtpmidi);
    rtpmidi_peers_init(&rtpmidi->peers);
    if (getrandom(&first, sizeof(first), 0) != sizeof(first))
        return -errno;
    rtpmidi_output_begin(&rtpmidi->output, &rtpmidi->peers, first);
    return find_peers(rtpmidi, reason);
}

static int rtpmidi_start(void *self)
{
    struct rtpmidi *rtpmidi = self;
    struct fc_reason reason = {.text = ""};
    int r = rtpmidi_net_open(&rtpmidi->net, fc_instance_lookups(rtpmidi->instance), &rtpmidi->config.bind,
                             rtpmidi->config.mode == RTPMIDI_APPLE, &reason);

    if (r == 0)
        r = begin_peers(rtpmidi, &reason);
    if (r == 0)
        return rtpmidi_link_begin(rtpmidi);
    rtpmidi_net_close(&rtpmidi->net);
    if (r != -EINPROGRESS && reason.text[0])
        fc_because(rtpmidi->instance, &reason);
    return r;
}

static void rtpmidi_set(void *self, uint32_t channel, double value)
{
    struct rtpmidi *rtpmidi = self;

    midi_set(&rtpmidi->midi, channel, value);
}

static void rtpmidi_flush(void *self)
{
    struct rtpmidi *rtpmidi = self;

    if (rtpmidi->is_started)
        rtpmidi_link_flush(rtpmidi);
}

static void rtpmidi_describe(const void *self, char *text, size_t bytes)
{
    const struct rtpmidi *rtpmidi = self;

    if (rtpmidi->is_started)
        rtpmidi_peers_describe(&rtpmidi->peers, text, bytes);
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

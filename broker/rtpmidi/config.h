/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of RTP-MIDI instances. They only read text. Used in the broker. */
#ifndef BROKER_RTPMIDI_CONFIG_H
#define BROKER_RTPMIDI_CONFIG_H

#include "broker/backends/net_host.h"
#include "broker/rtpmidi/peers.h"
#include "firecurtain/backend.h"

enum rtpmidi_mode { RTPMIDI_NO_MODE, RTPMIDI_DIRECT, RTPMIDI_APPLE };

struct rtpmidi_config {
    enum rtpmidi_mode mode;
    struct net_host bind;
    struct net_host peers[RTPMIDI_MAX_PEERS];
    size_t n_peers;
    char *joins[RTPMIDI_MAX_JOINS];
    size_t n_joins;
    bool learns;
    bool detect;
    bool has_ssrc;
    uint32_t ssrc;
};

extern const struct fc_option rtpmidi_options[];

void rtpmidi_config_deinit(struct rtpmidi_config *config);

/* Sets an option, except for those of all MIDI. -EINVAL or FC_DOUBT with `reason` filled, or -ENOMEM. */
int rtpmidi_config_set(struct rtpmidi_config *config, const char *option, const char *value,
                       struct fc_reason *reason);

/* Fills in what has a default, and checks for what is missing. As rtpmidi_config_set(). */
int rtpmidi_config_complete(struct rtpmidi_config *config, struct fc_reason *reason);

/* Whether both would bind the same port: -EINVAL with `reason` filled; `name` is the other's. */
int rtpmidi_config_beside(const struct rtpmidi_config *config, const struct rtpmidi_config *other,
                          const char *name, struct fc_reason *reason);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of sACN instances. They only read text. Used in the broker. */
#ifndef BROKER_BACKENDS_SACN_CONFIG_H
#define BROKER_BACKENDS_SACN_CONFIG_H

#include <net/if.h>

#include "broker/backends/net_host.h"
#include "broker/backends/sacn_codec.h"
#include "firecurtain/backend.h"

#define SACN_MAX_BINDS 16

struct sacn_config_bind {
    struct net_host host;
    char device[IFNAMSIZ];
    bool is_local;
};

struct sacn_config {
    struct sacn_config_bind binds[SACN_MAX_BINDS];
    size_t n_binds;
    unsigned universe;  /* 0: not configured */
    unsigned interface; /* index of a bind */
    unsigned priority;  /* 0: nothing is sent */
    unsigned ttl;
    unsigned sync_universe;
    struct net_host destination;
    bool has_cid;
    uint8_t cid[SACN_CID_BYTES];
    char name[SACN_NAME_BYTES];
    bool is_filtered;
    uint8_t wanted[SACN_CID_BYTES];
    bool is_unicast;
    bool takes_preview;
    bool takes_priorities;
    bool detect;
};

extern const struct fc_option sacn_options[];

void sacn_config_init(struct sacn_config *config);
void sacn_config_deinit(struct sacn_config *config);

/* Sets an option. -EINVAL or FC_DOUBT with `reason` filled, or -ENOMEM. */
int sacn_config_set(struct sacn_config *config, const char *option, const char *value,
                    struct fc_reason *reason);

/* Fills in what has a default, and checks for what is missing. As sacn_config_set(). */
int sacn_config_complete(struct sacn_config *config, struct fc_reason *reason);

#endif

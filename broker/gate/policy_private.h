/* SPDX-License-Identifier: BSD-2-Clause */
/* A rule of a policy. */
#ifndef BROKER_GATE_POLICY_PRIVATE_H
#define BROKER_GATE_POLICY_PRIVATE_H

#include "broker/gate/policy.h"

#define POLICY_MAX_NAME 254

struct policy_rule {
    enum policy_use use;
    unsigned protocols; /* enum policy_protocol, or-ed */
    uint8_t bytes[16];
    unsigned prefix; /* bits that count */
    bool only_v6;    /* was written as IPv6, so it covers no IPv4 address, however short the prefix */
    uint16_t first_port;
    uint16_t last_port;
    char name[POLICY_MAX_NAME]; /* a rule for a name allows nothing itself; the rules of its addresses do */
};

#endif

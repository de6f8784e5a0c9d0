/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of verbs: how many names each takes, and what it costs. */
#include "proto/control_rules.h"

#define RULES_CHANNELS_COST 5  /* goes through all channels, lines or instances */
#define RULES_ALL_COST      20 /* looks at all channels, and at what the caller may see of each */
#define RULES_RELOAD_COST   20 /* builds a show */
#define RULES_START_COST    5  /* ends a process, or makes one */
#define RULES_NAMES         16 /* so many names in a request count as another one */

static const struct control_rule {
    size_t min_names;
    size_t max_names;
    unsigned cost; /* 0: there is no such verb */
} control_rules[CONTROL_VERBS_] = {
    [CONTROL_STATUS] = {0, CONTROL_MAX_NAMES, 1},
    [CONTROL_START] = {1, 1, RULES_START_COST},
    [CONTROL_STOP] = {1, 1, RULES_START_COST},
    [CONTROL_RESTART] = {1, 1, RULES_START_COST},
    [CONTROL_RELOAD] = {0, 1, RULES_RELOAD_COST},
    [CONTROL_ROUTES] = {0, 1, RULES_CHANNELS_COST},
    [CONTROL_LOGS] = {0, 1, RULES_CHANNELS_COST},
    [CONTROL_WATCH] = {1, CONTROL_MAX_PATTERNS, 1},
    [CONTROL_RECORD] = {0, 0, 1},
    [CONTROL_CHANNELS] = {0, 1, RULES_ALL_COST},
    [CONTROL_EMIT] = {1, 1, 1},
    [CONTROL_FREEZE] = {0, 1, 1},
    [CONTROL_UNFREEZE] = {0, 1, 1},
    [CONTROL_INVITE] = {0, 2, 1},
    [CONTROL_INVITES] = {0, 0, 1},
    [CONTROL_REVOKE] = {1, 1, 1},
    [CONTROL_ENTER] = {0, 0, 1},
    [CONTROL_PANIC] = {0, 0, 1},
    [CONTROL_UNLOCK] = {0, 0, 1},
    [CONTROL_LOCK] = {0, 0, 1},
};

bool control_rules_check(const struct control_request *request, struct control_reply *reply)
{
    const struct control_rule *rule = &control_rules[request->verb];

    reply->outcome = CONTROL_UNSUPPORTED;
    reply->text = "";
    if (request->version != CONTROL_VERSION)
        reply->text = "this broker speaks version 1";
    else if (!rule->cost)
        reply->text = "this broker does not know that verb";
    else if (request->n_names >= rule->min_names && request->n_names <= rule->max_names)
        reply->outcome = CONTROL_DONE;
    else
        reply->outcome = CONTROL_INVALID;
    return reply->outcome == CONTROL_DONE;
}

uint64_t control_rules_cost(const struct control_request *request)
{
    uint64_t cost = control_rules[request->verb].cost;

    if (request->verb == CONTROL_STATUS && (request->channels || !request->n_names))
        cost = RULES_CHANNELS_COST;
    return (cost ? cost : 1) + request->n_names / RULES_NAMES;
}

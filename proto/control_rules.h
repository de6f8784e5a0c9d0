/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a request of the control interface must look like, whoever sends it, and what it costs. The desk asks
 * before it passes a request on, and the broker again, since it does not trust the desk. Pure.
 */
#ifndef PROTO_CONTROL_RULES_H
#define PROTO_CONTROL_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/codec_control.h"

#define CONTROL_MAX_PATTERNS 64 /* of one watch */

/* Returns whether anybody could ask this; false with the answer in `reply`. */
bool control_rules_check(const struct control_request *request, struct control_reply *reply);

/* Returns as how many requests this one counts. */
uint64_t control_rules_cost(const struct control_request *request);

#endif

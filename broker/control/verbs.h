/* SPDX-License-Identifier: BSD-2-Clause */
/* What callers may ask, and doing it. */
#ifndef BROKER_CONTROL_VERBS_H
#define BROKER_CONTROL_VERBS_H

#include <stdbool.h>

#include "proto/codec_control.h"

struct control;
struct control_call;
struct control_reply;
struct control_request;

/* Answers a request that control_rules_check() has passed, or lets one of the verbs answer it later. */
void verbs_handle(struct control *control, struct control_call *call, const struct control_request *request);

/* Returns whether the caller has the role that a verb requires. */
bool verbs_may_ask(const struct control_call *call, enum control_verb verb);

#endif

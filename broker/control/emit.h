/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs emit and panic. */
#ifndef BROKER_CONTROL_EMIT_H
#define BROKER_CONTROL_EMIT_H

#include <stdbool.h>

struct control;
struct control_call;
struct control_reply;
struct control_request;

bool control_emit(struct control *control, const struct control_call *call,
                  const struct control_request *request, struct control_reply *reply);
bool control_panic(struct control *control, const struct control_call *call,
                   const struct control_request *request, struct control_reply *reply);

#endif

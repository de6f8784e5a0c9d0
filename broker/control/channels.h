/* SPDX-License-Identifier: BSD-2-Clause */
/* The verb channels. */
#ifndef BROKER_CONTROL_CHANNELS_H
#define BROKER_CONTROL_CHANNELS_H

#include <stdbool.h>

struct control;
struct control_call;
struct control_reply;
struct control_request;

bool control_channels(struct control *control, const struct control_call *call,
                      const struct control_request *request, struct control_reply *reply);

#endif

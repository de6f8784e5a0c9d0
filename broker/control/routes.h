/* SPDX-License-Identifier: BSD-2-Clause */
/* The verb routes. */
#ifndef BROKER_CONTROL_ROUTES_H
#define BROKER_CONTROL_ROUTES_H

#include <stdbool.h>

struct control;
struct control_call;
struct control_reply;
struct control_request;

bool control_routes(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply);

#endif

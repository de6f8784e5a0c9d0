/* SPDX-License-Identifier: BSD-2-Clause */
/* The verb logs. */
#ifndef BROKER_CONTROL_LOGS_H
#define BROKER_CONTROL_LOGS_H

#include <stdbool.h>

struct control;
struct control_call;
struct control_reply;
struct control_request;

void control_logs_start(struct control *control);
void control_logs_stop(struct control *control);

bool control_logs(struct control *control, const struct control_call *call,
                  const struct control_request *request, struct control_reply *reply);

#endif

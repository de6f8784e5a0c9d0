/* SPDX-License-Identifier: BSD-2-Clause */
/* The verb watch. */
#ifndef BROKER_CONTROL_WATCH_H
#define BROKER_CONTROL_WATCH_H

#include <stdbool.h>

struct control;
struct control_call;
struct control_reply;
struct control_request;

/* -ENOMEM. */
int control_watch_start(struct control *control);
void control_watch_stop(struct control *control);

/* Forgets what the desk knows of channels, when there is another show or desk, or none. */
void control_watch_change_show(struct control *control);

bool control_watch(struct control *control, const struct control_call *call,
                   const struct control_request *request, struct control_reply *reply);

#endif

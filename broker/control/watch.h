/* SPDX-License-Identifier: BSD-2-Clause */
/* The verb watch. */
#ifndef BROKER_CONTROL_WATCH_H
#define BROKER_CONTROL_WATCH_H

#include <stdbool.h>

struct control;
struct control_call;
struct control_reply;
struct control_request;

void control_watch_start(struct control *control);
void control_watch_stop(struct control *control);

/* Forgets what channels know, when there is another show, or none. */
void control_watch_change_show(struct control *control);

bool control_watch(struct control *control, const struct control_call *call,
                   const struct control_request *request, struct control_reply *reply);

/* Returns whether a text fits a pattern with * and ?. Takes at most the product of their lengths. */
bool control_matches(const char *pattern, const char *text);

#endif

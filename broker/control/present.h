/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What channels are at present, for watches that have just begun: names the channels that they may want, a
 * few at a time, and tells the desk when it knows them all. In the broker.
 */
#ifndef BROKER_CONTROL_PRESENT_H
#define BROKER_CONTROL_PRESENT_H

#include <stdbool.h>

struct control;
struct control_call;
struct control_reply;
struct control_request;

/*
 * Checks the names and patterns of a watch. False, with the answer in `reply`, if one means something that
 * does not exist, for this caller, and cannot without a new configuration.
 */
bool control_present_check(struct control *control, const struct control_call *call,
                           const struct control_request *request, struct control_reply *reply);

/* Begins to tell a watch what its channels are. */
void control_present_begin(struct control *control, const struct control_request *request);

/* Begins again with all channels of the show if it was not done; there may be another show. */
void control_present_change_show(struct control *control);

/* Adds channels to the values that are collected, until `*cost` reaches `most`. */
void control_present_collect(struct control *control, unsigned *cost, unsigned most);

/* Tells the desk that it knows all channels, once that is so and what was collected has been sent. */
void control_present_finish(struct control *control);

#endif

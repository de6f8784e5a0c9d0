/* SPDX-License-Identifier: BSD-2-Clause */
/* The verb record. */
#ifndef BROKER_CONTROL_RECORD_H
#define BROKER_CONTROL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

struct control;
struct control_call;
struct control_reply;
struct control_request;

void control_record_start(struct control *control);

/* Ends all recordings, with the reason in their last item. */
void control_record_stop(struct control *control, const char *why);

/* Ends the recordings of a browser's token that has ended. */
void control_record_revoked(struct control *control, unsigned token);

/* Ends the recordings of a client that has gone, or with 0 all. */
void control_record_gone(struct control *control, uint64_t client);

bool control_record(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply);

#endif

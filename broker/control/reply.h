/* SPDX-License-Identifier: BSD-2-Clause */
/* The way back to a client. */
#ifndef BROKER_CONTROL_REPLY_H
#define BROKER_CONTROL_REPLY_H

#include <stdint.h>

struct control;
struct control_call;
struct control_reply;
struct control_request;
struct fc_instance;

/* Returns a text in the arena of the reply that is being made; "" when that is full. */
const char *control_format(struct control *control, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Returns INSTANCE.CHANNEL as such a text. */
const char *control_channel_name(struct control *control, const struct fc_instance *instance,
                                 uint32_t channel);

/*
 * Hands a reply to the desk, which drops it if the client does not read. An -errno, which needs no handling,
 * if the client has gone or the desk does not take it.
 */
int control_send(struct control *control, const struct control_call *call, struct control_reply *reply);

/* The same for a reply that is not to be dropped; the desk says when it was sent (control_follow_sent()). */
int control_stream(struct control *control, const struct control_call *call, struct control_reply *reply);

/* Sends the answer to a change or to a refused request, which goes to the audit log, too. */
void control_finish(struct control *control, const struct control_call *call, struct control_reply *reply);

#endif

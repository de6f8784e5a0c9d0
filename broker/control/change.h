/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes to a running show that clients ask for. */
#ifndef BROKER_CONTROL_CHANGE_H
#define BROKER_CONTROL_CHANGE_H

#include <stdbool.h>

struct control;
struct control_call;
struct control_reply;
struct control_request;

bool control_start_instance(struct control *control, const struct control_call *call,
                            const struct control_request *request, struct control_reply *reply);
bool control_stop_instance(struct control *control, const struct control_call *call,
                           const struct control_request *request, struct control_reply *reply);
bool control_freeze(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply);
bool control_reload(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply);

/* Answers the calls that wait for instances that are gone, when there is another show, or none. */
void control_change_show(struct control *control);

/* Forgets to whom the answers of calls that wait would go, since all connections have ended. */
void control_change_lost(struct control *control);

/*
 * Answers the calls that wait for a reload, when a change of the configuration is over, or did not begin, for
 * the reason in `text`, which may be NULL. `control` may be NULL.
 */
void control_reloaded(struct control *control, bool success, const char *text);

#endif

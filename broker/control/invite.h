/* SPDX-License-Identifier: BSD-2-Clause */
/* Browsers: the verbs that make, list and revoke links to the console, and the one by which a browser enters.
 */
#ifndef BROKER_CONTROL_INVITE_H
#define BROKER_CONTROL_INVITE_H

#include <stdbool.h>

struct control;
struct control_call;
struct control_reply;
struct control_request;
struct desk_browser;

/* Fills in who a browser asks for. False if its token is not, or no longer, one. */
bool control_identify(struct control *control, const struct desk_browser *browser, struct control_call *call);

bool control_invite(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply);
bool control_invites(struct control *control, const struct control_call *call,
                     const struct control_request *request, struct control_reply *reply);
bool control_revoke(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply);
bool control_enter(struct control *control, const struct control_call *call,
                   const struct control_request *request, struct control_reply *reply);

#endif

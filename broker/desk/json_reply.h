/* SPDX-License-Identifier: BSD-2-Clause */
/* Replies of the broker for browsers. In the desk. */
#ifndef BROKER_DESK_JSON_REPLY_H
#define BROKER_DESK_JSON_REPLY_H

struct control_reply;
struct json;

#define JSON_VALUE_DIGITS 6 /* of values in the desk's JSON: more than a fader shows */

/* Appends a reply of the broker as an object, of which empty lists are left out. */
void json_reply(struct json *json, const struct control_reply *reply);

#endif

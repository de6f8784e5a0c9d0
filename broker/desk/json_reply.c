/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes what the broker answers, for the console's pages; --json of the command line has names of its own.
 */
#include "broker/desk/json_reply.h"

#include "broker/base/json.h"
#include "proto/codec_control.h"

static void json_instance(struct json *json, const struct control_instance *item)
{
    json_member_text(json, "name", item->name);
    json_member_text(json, "backend", item->backend);
    json_member_text(json, "state", item->state);
    json_member_text(json, "detail", item->detail);
    json_member_count(json, "uptime_ms", item->uptime_ms);
    json_member_count(json, "restarts", item->restarts);
    json_member_count(json, "events_in", item->events_in);
    json_member_count(json, "events_out", item->events_out);
    json_member_count(json, "dropped", item->dropped);
    json_member_count(json, "exceptions", item->exceptions);
    json_member_count(json, "malformed", item->malformed);
    json_member_count(json, "busy_p99_us", item->busy_p99_us);
    json_member_flag(json, "frozen", item->is_frozen);
    if (item->is_heard)
        json_member_count(json, "heard_ms", item->heard_ms);
    if (item->last_error && item->last_error[0]) {
        json_member_text(json, "last_error", item->last_error);
        json_member_count(json, "last_error_ms", item->last_error_ms);
    }
}

static void json_route(struct json *json, const struct control_route *item)
{
    json_member_text(json, "from", item->from);
    json_member_text(json, "to", item->to);
}

static void json_line(struct json *json, const struct control_line *item)
{
    json_member_count(json, "time_ms", item->time_ns / 1000000);
    json_member_text(json, "level", item->level);
    json_member_text(json, "instance", item->instance);
    json_member_text(json, "text", item->text);
}

static void json_channel(struct json *json, const struct control_channel *item)
{
    json_member_text(json, "channel", item->channel);
    json_member_flag(json, "source", item->is_source);
    json_member_flag(json, "target", item->is_target);
    if (item->has_value)
        json_member_value(json, "value", item->value, JSON_VALUE_DIGITS);
    if (!item->kind || !item->kind[0])
        return;
    json_member_text(json, "kind", item->kind);
    json_member_text(json, "label", item->label);
    json_member_count(json, "place", item->place);
}

static void json_invite(struct json *json, const struct control_invite *item)
{
    json_member_text(json, "role", item->role);
    json_member_text(json, "label", item->label);
    json_member_count(json, "seconds", item->seconds);
    if (item->pin && item->pin[0]) {
        json_member_flag(json, "pin", true);
        json_member_flag(json, "locked", item->is_locked);
    }
}

/* Appends a member that is a list of objects, if there are any. */
#define JSON_LIST(json, reply, list, put)                                                                    \
    do {                                                                                                     \
        for (size_t i = 0; i < (reply)->n_##list; i++) {                                                     \
            json_raw(json, i ? ",{" : ",\"" #list "\":[{");                                                  \
            put(json, &(reply)->list[i]);                                                                    \
            json_raw(json, i + 1 < (reply)->n_##list ? "}" : "}]");                                          \
        }                                                                                                    \
    } while (0)

void json_reply(struct json *json, const struct control_reply *reply)
{
    json_raw(json, "{");
    json_member_text(json, "outcome", control_outcome_name(reply->outcome));
    json_member_text(json, "text", reply->text);
    json_member_count(json, "next", reply->next);
    json_member_count(json, "missed", reply->missed);
    if (reply->is_frozen)
        json_member_flag(json, "frozen", true);
    if (reply->has_panic)
        json_member_flag(json, "panic", true);
    JSON_LIST(json, reply, instances, json_instance);
    JSON_LIST(json, reply, routes, json_route);
    JSON_LIST(json, reply, lines, json_line);
    JSON_LIST(json, reply, channels, json_channel);
    JSON_LIST(json, reply, invites, json_invite);
    json_raw(json, "}");
}

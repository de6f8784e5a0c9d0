/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes and reads the messages between broker and desk, and has the table of what each may contain. */
#include "proto/desk_messages.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "firecurtain/cleanup.h"
#include "proto/link.h"

/* A message as it is sent, without its bytes. */
struct desk_head {
    uint32_t type;
    uint32_t number;
    uint64_t client;
    uint64_t id;
    uint32_t uid;
    uint32_t gid;
    int32_t pid;
    uint32_t unused;
};

/* A value as it is sent, without its name. */
struct desk_item {
    double value;
    uint32_t channel;
    uint32_t seen_by;
    uint32_t n_name;
    uint32_t cause;
};

static const struct desk_rule {
    bool is_from_desk;
    bool has_client;
    uint32_t numbers; /* 0: any number */
    size_t min_bytes;
    size_t max_bytes;
    size_t unit; /* its bytes are a multiple of this; 0: any number of bytes */
} desk_rules[DESK_TYPES_] = {
    [DESK_REQUEST] = {.is_from_desk = true, .has_client = true, .max_bytes = CONTROL_MAX_REQUEST},
    [DESK_BROWSE] = {.is_from_desk = true,
                     .has_client = true,
                     .min_bytes = sizeof(struct desk_browser),
                     .max_bytes = DESK_MAX_ASKED},
    [DESK_SENT] = {.is_from_desk = true, .has_client = true},
    [DESK_GONE] = {.is_from_desk = true,
                   .min_bytes = sizeof(uint64_t),
                   .max_bytes = DESK_MAX_GONE * sizeof(uint64_t),
                   .unit = sizeof(uint64_t)},
    [DESK_ADMIT] = {.max_bytes = DESK_MAX_ADMITS * sizeof(struct desk_admit)},
    [DESK_NAMES] = {.max_bytes = DESK_MAX_NAMES},
    [DESK_REPLY] = {.has_client = true, .max_bytes = CONTROL_MAX_REPLY},
    [DESK_STREAM] = {.has_client = true, .max_bytes = CONTROL_MAX_REPLY},
    [DESK_WATCH] = {.has_client = true, .numbers = DESK_WATCHES, .max_bytes = CONTROL_MAX_REQUEST},
    [DESK_UNWATCH] = {.numbers = DESK_WATCHES},
    [DESK_VALUES] = {.min_bytes = sizeof(struct desk_item),
                     .max_bytes = LINK_MAX_MESSAGE - sizeof(struct desk_head)},
    [DESK_KNOWN] = {0},
};

int desk_message_send(struct link *link, const struct desk_message *message)
{
    const struct desk_head head = {
        .type = message->type,
        .number = message->number,
        .client = message->client,
        .id = message->id,
        .uid = message->peer.uid,
        .gid = message->peer.gid,
        .pid = message->peer.pid,
    };
    uint8_t *room = link_reserve(link, sizeof(head) + message->n_bytes);

    memcpy(room, &head, sizeof(head));
    if (message->n_bytes)
        memcpy(room + sizeof(head), message->bytes, message->n_bytes);
    return link_commit(link);
}

int desk_message_read(const void *bytes, size_t n_bytes, bool is_from_desk, struct desk_message *message)
{
    const struct desk_rule *rule;
    struct desk_head head;

    if (n_bytes < sizeof(head))
        return -EBADMSG;
    memcpy(&head, bytes, sizeof(head));
    n_bytes -= sizeof(head);
    if (head.type == DESK_NOTHING || head.type >= DESK_TYPES_)
        return -EBADMSG;
    rule = &desk_rules[head.type];
    if (rule->is_from_desk != is_from_desk || n_bytes < rule->min_bytes || n_bytes > rule->max_bytes ||
        (rule->unit && n_bytes % rule->unit) || (rule->has_client && !head.client) ||
        (rule->numbers && head.number >= rule->numbers))
        return -EBADMSG;
    *message = (struct desk_message){
        .type = (enum desk_type)head.type,
        .number = head.number,
        .client = head.client,
        .id = head.id,
        .peer = {.uid = head.uid, .gid = head.gid, .pid = head.pid},
        .bytes = (const uint8_t *)bytes + sizeof(head),
        .n_bytes = n_bytes,
    };
    return 0;
}

int desk_message_receive(struct link *link, bool is_from_desk, struct desk_message *message)
{
    const void *bytes;
    size_t n_bytes;
    int r = link_receive(link, &bytes, &n_bytes);

    if (r < 0)
        return r == -EMSGSIZE ? -EBADMSG : r;
    return desk_message_read(bytes, n_bytes, is_from_desk, message);
}

bool desk_values_add(struct desk_values *values, const struct desk_value *value)
{
    size_t n_name = value->name ? strlen(value->name) + 1 : 0;
    struct desk_item item = {.value = value->value,
                             .channel = value->channel,
                             .seen_by = value->seen_by,
                             .n_name = (uint32_t)n_name,
                             .cause = value->cause};

    if (n_name > DESK_MAX_NAME || values->n == DESK_MAX_VALUES ||
        values->room - values->n_bytes < sizeof(item) + n_name)
        return false;
    memcpy(values->bytes + values->n_bytes, &item, sizeof(item));
    if (n_name)
        memcpy(values->bytes + values->n_bytes + sizeof(item), value->name, n_name);
    values->n_bytes += sizeof(item) + n_name;
    values->n++;
    return true;
}

/* Returns whether bytes are a text that ends with its only NUL. */
static bool desk_is_text(const char *text, size_t n)
{
    return n > 1 && strnlen(text, n) == n - 1;
}

int desk_values_next(const uint8_t **bytes, size_t *n_bytes, struct desk_value *value)
{
    struct desk_item item;
    const char *name;

    if (!*n_bytes)
        return 0;
    if (*n_bytes < sizeof(item))
        return -EBADMSG;
    memcpy(&item, *bytes, sizeof(item));
    name = (const char *)*bytes + sizeof(item);
    if (item.n_name > DESK_MAX_NAME || item.n_name > *n_bytes - sizeof(item) ||
        item.channel >= DESK_MAX_CHANNEL || item.cause >= DESK_CAUSES_ || !isfinite(item.value) ||
        (item.n_name && !desk_is_text(name, item.n_name)))
        return -EBADMSG;
    *value = (struct desk_value){.channel = item.channel,
                                 .cause = (enum desk_cause)item.cause,
                                 .seen_by = item.seen_by,
                                 .value = item.value,
                                 .name = item.n_name ? name : NULL};
    *bytes += sizeof(item) + item.n_name;
    *n_bytes -= sizeof(item) + item.n_name;
    return 1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A copy of each name, since channels may be forgotten before their values are told. */
#include "broker/desk/fresh.h"

#include <stdlib.h>
#include <string.h>

#include "broker/base/hash.h"
#include "broker/base/json.h"
#include "broker/desk/json_reply.h"

struct fresh_value {
    UT_hash_handle hh;
    double value;
    char name[];
};

void fresh_note(struct fresh *fresh, const char *channel, double value)
{
    size_t n = strlen(channel);
    struct fresh_value *found;

    HASH_FIND(hh, fresh->values, channel, n, found);
    if (!found && fresh->n < FRESH_MAX)
        found = calloc(1, sizeof(*found) + n + 1);
    else if (found) {
        found->value = value;
        return;
    }
    if (!found)
        return;
    memcpy(found->name, channel, n + 1);
    found->value = value;
    HASH_ADD_KEYPTR(hh, fresh->values, found->name, n, found);
    if (!found->hh.tbl)
        free(found);
    else
        fresh->n++;
}

void fresh_take(struct fresh *fresh, struct json *json)
{
    struct fresh_value *each, *next;

    HASH_ITER(hh, fresh->values, each, next) {
        json_member_value(json, each->name, each->value, JSON_VALUE_DIGITS);
    }
    fresh_deinit(fresh);
}

void fresh_deinit(struct fresh *fresh)
{
    struct fresh_value *each = fresh->values, *next;

    HASH_CLEAR(hh, fresh->values);
    for (; each; each = next) {
        next = each->hh.next;
        free(each);
    }
    *fresh = (struct fresh){0};
}

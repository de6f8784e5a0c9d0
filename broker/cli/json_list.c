/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts lists of objects together. */
#include "broker/cli/json_list.h"

#include <string.h>
#include <sysexits.h>

#include "broker/base/log.h"

#define LIST_MAX_TEXT 4096

void json_list_next(struct json *list)
{
    json_raw(list, list->n ? ",\n {" : "[{");
}

void json_list_text(struct json *list, const char *key, const char *text)
{
    char escaped[LIST_MAX_TEXT];

    if (!text) {
        json_member_null(list, key);
        return;
    }
    escaped[log_escape(escaped, sizeof(escaped) - 1, text, strlen(text))] = '\0';
    json_member_text(list, key, escaped);
}

void json_list_known(struct json *list, const char *key, bool is_known, uint64_t value)
{
    if (is_known)
        json_member_count(list, key, value);
    else
        json_member_null(list, key);
}

int json_print(struct json *json)
{
    int status = json->is_full ? EX_OSERR : EX_OK;

    if (status == EX_OK)
        fwrite(json->bytes, 1, json->n, stdout);
    json_deinit(json);
    return status;
}

int json_list_print(struct json *list)
{
    json_raw(list, list->n ? "]\n" : "[]\n");
    return json_print(list);
}

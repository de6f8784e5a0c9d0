/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON in payloads, by libcjson. Runs in drivers. */
#include "broker/drivers/mqtt/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "broker/drivers/mqtt/value.h"

#define JSON_MAX_PART 128

/* Takes the first part of a path, up to a dot, and moves the path behind it. */
static bool json_part(const char **path, char part[JSON_MAX_PART])
{
    size_t n = strcspn(*path, ".");

    if (!n || n >= JSON_MAX_PART)
        return false;
    memcpy(part, *path, n);
    part[n] = '\0';
    *path += n + ((*path)[n] == '.');
    return true;
}

static const cJSON *json_find(const cJSON *item, const char *path)
{
    char part[JSON_MAX_PART];

    while (item && *path) {
        if (!json_part(&path, part))
            return NULL;
        item = cJSON_IsArray(item) ? cJSON_GetArrayItem(item, atoi(part))
                                   : cJSON_GetObjectItemCaseSensitive(item, part);
    }
    return item;
}

static bool json_value(const struct mqtt_format *format, const cJSON *item, double *value)
{
    if (cJSON_IsString(item))
        return value_read(format, item->valuestring, value);
    if (cJSON_IsBool(item) && format->n_choices)
        return value_read(format, cJSON_IsTrue(item) ? "true" : "false", value);
    if (cJSON_IsBool(item))
        *value = cJSON_IsTrue(item);
    else if (cJSON_IsNumber(item) && isfinite(item->valuedouble) && !format->n_choices)
        *value = value_of_number(format, item->valuedouble);
    else
        return false;
    return true;
}

enum json_found json_read(const struct mqtt_topic *topic, const char *payload, size_t bytes, double *value)
{
    cJSON *whole = cJSON_ParseWithLength(payload, bytes);
    const cJSON *item = whole ? json_find(whole, topic->path) : NULL;
    enum json_found found = !whole                                    ? JSON_WRONG
                            : !item                                   ? JSON_ABSENT
                            : json_value(&topic->format, item, value) ? JSON_FOUND
                                                                      : JSON_WRONG;

    cJSON_Delete(whole);
    return found;
}

/* Makes the value itself, a text or a number of six places at most. */
static cJSON *json_make_value(const struct mqtt_format *format, double value)
{
    const char *choice = value_to_choice(format, value);

    if (choice && (strcmp(choice, "true") == 0 || strcmp(choice, "false") == 0))
        return cJSON_CreateBool(choice[0] == 't');
    if (format->n_choices)
        return choice ? cJSON_CreateString(choice) : NULL;
    return cJSON_CreateNumber(round(value_to_number(format, value) * 1e6) / 1e6);
}

/* Puts what stands at the end of the path into objects, from the inside out. */
static cJSON *json_wrap(cJSON *item, const char *path)
{
    char part[JSON_MAX_PART];
    cJSON *inner, *outer;

    if (!item || !*path)
        return item;
    inner = json_part(&path, part) ? json_wrap(item, path) : NULL;
    outer = inner ? cJSON_CreateObject() : NULL;
    if (outer && cJSON_AddItemToObject(outer, part, inner))
        return outer;
    cJSON_Delete(outer);
    cJSON_Delete(inner ? inner : item);
    return NULL;
}

char *json_write(const struct mqtt_topic *topic, double value)
{
    cJSON *whole = json_wrap(json_make_value(&topic->format, value), topic->path);
    char *text = whole ? cJSON_PrintUnformatted(whole) : NULL;

    cJSON_Delete(whole);
    return text;
}

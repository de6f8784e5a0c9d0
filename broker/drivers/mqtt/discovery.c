/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Home Assistant's MQTT discovery: a retained message at PREFIX/COMPONENT/NODE/OBJECT/config for each entity.
 * What only the show puts out is a sensor. What Home Assistant can set is a number or, with discrete values,
 * a select. Runs in drivers.
 */
#include "broker/drivers/mqtt/discovery.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/drivers/mqtt/topic.h"
#include "firecurtain/cleanup.h"

#define DISCOVERY_MAX_ID 200

/* Writes what may stand in an id: other characters become _. */
static void discovery_id(char *id, size_t bytes, const char *text)
{
    size_t n = 0;

    for (; *text && n + 1 < bytes; text++)
        id[n++] = isalnum((unsigned char)*text) || *text == '-' ? *text : '_';
    id[n] = '\0';
}

static const char *discovery_component(const struct mqtt_topic *topic)
{
    if (!(topic->directions & FC_SOURCE))
        return "sensor";
    return topic->format.n_choices ? "select" : "number";
}

static void discovery_add_range(cJSON *config, const struct mqtt_format *format)
{
    double low = fmin(format->min, format->max), high = fmax(format->min, format->max);

    cJSON_AddNumberToObject(config, "min", low);
    cJSON_AddNumberToObject(config, "max", high);
    cJSON_AddNumberToObject(config, "step", (high - low) / 1000);
}

static void discovery_add_choices(cJSON *config, const struct mqtt_format *format)
{
    cJSON *list = cJSON_AddArrayToObject(config, "options");

    for (size_t i = 0; list && i < format->n_choices; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(format->choices[i].text));
}

/* Says that all entities of the instance are one device. */
static void discovery_add_device(cJSON *config, const char *node, const char *name)
{
    cJSON *device = cJSON_AddObjectToObject(config, "device");
    cJSON *list = device ? cJSON_AddArrayToObject(device, "identifiers") : NULL;

    if (list)
        cJSON_AddItemToArray(list, cJSON_CreateString(node));
    cJSON_AddStringToObject(device, "name", name);
    cJSON_AddStringToObject(device, "manufacturer", "firecurtain");
}

static char *discovery_text(const struct mqtt *mqtt, const struct mqtt_topic *topic, const char *node,
                            const char *object)
{
    cJSON *config = cJSON_CreateObject();
    char id[2 * DISCOVERY_MAX_ID + 2], *text;

    snprintf(id, sizeof(id), "%s_%s", node, object);
    cJSON_AddStringToObject(config, "name", topic->topic);
    cJSON_AddStringToObject(config, "unique_id", id);
    cJSON_AddStringToObject(config, "state_topic", topic->topic);
    if (topic->directions & FC_SOURCE) {
        cJSON_AddStringToObject(config, "command_topic", topic->topic);
        if (topic->format.n_choices)
            discovery_add_choices(config, &topic->format);
        else
            discovery_add_range(config, &topic->format);
    }
    if (mqtt->availability)
        cJSON_AddStringToObject(config, "availability_topic", mqtt->availability);
    discovery_add_device(config, node, fc_instance_name(mqtt->instance));
    text = cJSON_PrintUnformatted(config);
    cJSON_Delete(config);
    return text;
}

static void discovery_announce_one(struct mqtt *mqtt, const struct mqtt_topic *topic, const char *node,
                                   discovery_fn publish)
{
    FC_AUTO_FREE char *text = NULL;
    FC_AUTO_FREE char *where = NULL;
    char object[DISCOVERY_MAX_ID];

    discovery_id(object, sizeof(object), topic->topic);
    text = discovery_text(mqtt, topic, node, object);
    if (!text || asprintf(&where, "%s/%s/%s/%s/config", mqtt->homeassistant, discovery_component(topic), node,
                          object) < 0) {
        where = NULL;
        return;
    }
    publish(mqtt, where, text);
}

void discovery_announce(struct mqtt *mqtt, discovery_fn publish)
{
    char node[DISCOVERY_MAX_ID];

    if (!mqtt->homeassistant)
        return;
    snprintf(node, sizeof(node), "firecurtain_");
    discovery_id(node + 12, sizeof(node) - 12, fc_instance_name(mqtt->instance));
    for (size_t i = 0; i < mqtt->n_topics; i++) {
        if (mqtt->topics[i].is_mapped && !mqtt->topics[i].path)
            discovery_announce_one(mqtt, &mqtt->topics[i], node, publish);
    }
}

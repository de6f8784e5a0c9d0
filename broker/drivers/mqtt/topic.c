/* SPDX-License-Identifier: BSD-2-Clause */
/* Topics and channels. Pure; in the broker and drivers. */
#include "broker/drivers/mqtt/topic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/drivers/mqtt/value.h"
#include "firecurtain/option.h"

#define TOPIC_MAX_BYTES 65535

int topic_check(const char *topic, struct fc_reason *reason)
{
    if (!topic[0])
        return fc_refuse(reason, "a topic must not be empty");
    if (strlen(topic) > TOPIC_MAX_BYTES)
        return fc_refuse(reason, "a topic has at most %d bytes", TOPIC_MAX_BYTES);
    if (strpbrk(topic, "+#"))
        return fc_refuse(reason, "a topic must not contain + or #: \"%.80s\"", topic);
    return 0;
}

/* Divides the name into the topic and the path. -errno with `reason`. */
static int topic_divide(struct mqtt_topic *topic, const char *name, struct fc_reason *reason)
{
    char *mark;

    topic->name = strdup(name);
    topic->topic = strdup(name);
    if (!topic->name || !topic->topic)
        return -ENOMEM;
    mark = strchr(topic->name, '#');
    if (mark) {
        topic->path = mark + 1;
        topic->topic[mark - topic->name] = '\0';
        if (!topic->path[0] || strchr(topic->path, '#'))
            return fc_refuse(reason, "after # stands the name of a member, such as \"lamp#color.x\"");
    }
    return topic_check(topic->topic, reason);
}

static void topic_deinit(struct mqtt_topic *topic)
{
    free(topic->name);
    free(topic->topic);
    value_deinit(&topic->format);
}

/* Returns the topic with this name, TOPIC or TOPIC#PATH, which is made if it is new. -errno with `reason`. */
static int topic_get(struct mqtt *mqtt, const char *name, struct mqtt_topic **topicp,
                     struct fc_reason *reason)
{
    struct mqtt_topic topic = {.format = {.max = 1}, .qos = -1, .retain = -1}, *topics;
    int r;

    for (size_t i = 0; i < mqtt->n_topics; i++) {
        *topicp = &mqtt->topics[i];
        if (strcmp((*topicp)->name, name) == 0)
            return 0;
    }
    r = topic_divide(&topic, name, reason);
    topics = r == 0 ? reallocarray(mqtt->topics, mqtt->n_topics + 1, sizeof(*topics)) : NULL;
    if (!topics) {
        topic_deinit(&topic);
        return r < 0 ? r : -ENOMEM;
    }
    mqtt->topics = topics;
    mqtt->topics[mqtt->n_topics] = topic;
    *topicp = &mqtt->topics[mqtt->n_topics++];
    return 0;
}

static int topic_configure_qos(struct mqtt_topic *topic, const char *text, struct fc_reason *reason)
{
    if (text[0] < '0' || text[0] > '2' || text[1])
        return fc_refuse(reason, "qos is 0, 1 or 2");
    topic->qos = text[0] - '0';
    return 0;
}

static int topic_configure_retain(struct mqtt_topic *topic, const char *text, struct fc_reason *reason)
{
    bool is_retained;
    int r = fc_option_switch(&is_retained, "retain", text, reason);

    if (r == 0)
        topic->retain = is_retained;
    return r;
}

int topic_configure(struct mqtt *mqtt, const char *name, const char *value, struct fc_reason *reason)
{
    struct mqtt_topic *topic;
    int r = topic_get(mqtt, name, &topic, reason);

    if (r < 0)
        return r;
    if (strncmp(value, "qos ", 4) == 0)
        return topic_configure_qos(topic, value + 4 + strspn(value + 4, " \t"), reason);
    if (strncmp(value, "retain ", 7) == 0)
        return topic_configure_retain(topic, value + 7 + strspn(value + 7, " \t"), reason);
    return value_configure(&topic->format, value, reason);
}

struct mqtt_topic *topic_of_channel(struct mqtt *mqtt, uint32_t id)
{
    return id < mqtt->n_ids && mqtt->by_id[id] != SIZE_MAX ? &mqtt->topics[mqtt->by_id[id]] : NULL;
}

static int topic_add_id(struct mqtt *mqtt, size_t index)
{
    size_t *ids = reallocarray(mqtt->by_id, mqtt->n_ids + 1, sizeof(*ids));

    if (!ids)
        return -ENOMEM;
    mqtt->by_id = ids;
    mqtt->by_id[mqtt->n_ids++] = index;
    return 0;
}

int mqtt_channel(void *self, uint32_t id, const char *name, unsigned directions, struct fc_reason *reason)
{
    struct mqtt *mqtt = self;
    struct mqtt_topic *topic;
    int r;

    if (strcmp(name, MQTT_CONNECTED) == 0) {
        if (directions & FC_TARGET)
            return fc_refuse(reason, "the channel " MQTT_CONNECTED " cannot be set");
        mqtt->connected_id = directions ? (int64_t)id : -1;
        return id < mqtt->n_ids ? 0 : topic_add_id(mqtt, SIZE_MAX);
    }
    r = topic_get(mqtt, name, &topic, reason);
    if (r == 0 && id == mqtt->n_ids)
        r = topic_add_id(mqtt, (size_t)(topic - mqtt->topics));
    if (r < 0)
        return r;
    topic->is_mapped = directions;
    topic->id = id;
    topic->directions = directions;
    return 0;
}

void topics_deinit(struct mqtt *mqtt)
{
    for (size_t i = 0; i < mqtt->n_topics; i++)
        topic_deinit(&mqtt->topics[i]);
    free(mqtt->topics);
    free(mqtt->by_id);
}

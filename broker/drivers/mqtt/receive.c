/* SPDX-License-Identifier: BSD-2-Clause */
/* What the server sends becomes events. Runs in drivers. */
#include "broker/drivers/mqtt/receive.h"

#include <mosquitto.h>
#include <stdlib.h>
#include <string.h>

#include "broker/drivers/mqtt/echo.h"
#include "broker/drivers/mqtt/json.h"
#include "broker/drivers/mqtt/newest.h"
#include "broker/drivers/mqtt/topic.h"
#include "broker/drivers/mqtt/value.h"
#include "firecurtain/cleanup.h"

/* Takes a payload for one of the channels on its topic. Returns false if it has no value for that. */
static bool receive_take(struct mqtt *mqtt, struct mqtt_topic *topic, const char *payload, bool is_retained)
{
    enum json_found found = JSON_WRONG;
    double value;

    if (!is_retained && echo_is(topic, payload)) {
        newest_returned(topic);
        return true;
    }
    if (topic->path)
        found = json_read(topic, payload, strlen(payload), &value);
    else if (value_read(&topic->format, payload, &value))
        found = JSON_FOUND;
    if (found != JSON_ABSENT) /* what cannot be read may mean something to others */
        newest_heard(topic, is_retained);
    if (found == JSON_FOUND)
        fc_emit(mqtt->instance, topic->id, value);
    return found != JSON_WRONG;
}

static void receive_drop(const struct mqtt *mqtt, const struct mqtt_topic *topic, const char *payload)
{
    fc_drop(mqtt->instance, "topic %.100s: \"%.100s\" is %s", topic->topic, payload,
            topic->format.n_choices ? "none of its texts"
            : topic->path           ? "not the JSON that was expected"
                                    : "no number");
}

void receive_message(struct mqtt *mqtt, const struct mosquitto_message *message)
{
    FC_AUTO_FREE char *payload = NULL;
    size_t bytes = (size_t)message->payloadlen;
    const struct mqtt_topic *wrong = NULL;

    fc_heard(mqtt->instance);
    if (bytes > MQTT_PAYLOAD_BYTES || !(payload = strndup(message->payload ? message->payload : "", bytes))) {
        fc_drop(mqtt->instance, "topic %.100s: %zu bytes are too many", message->topic, bytes);
        return;
    }
    for (size_t i = 0; i < mqtt->n_topics; i++) {
        struct mqtt_topic *topic = &mqtt->topics[i];

        if ((topic->directions & FC_SOURCE) && strcmp(topic->topic, message->topic) == 0 &&
            !receive_take(mqtt, topic, payload, message->retain))
            wrong = topic;
    }
    if (wrong)
        receive_drop(mqtt, wrong, payload);
}

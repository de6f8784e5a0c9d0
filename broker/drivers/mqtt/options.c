/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of MQTT, and the broker's row. Pure; in the broker and drivers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/drivers/mqtt/mqtt.h"
#include "broker/drivers/mqtt/topic.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/driver.h"
#include "firecurtain/lookup.h"
#include "firecurtain/option.h"
#include "firecurtain/suggest.h"

const struct fc_option mqtt_options[] = {
    {"host", FC_SCOPE_INSTANCE, false, "mqtts://user@10.0.0.5:8883",
     "The server: [mqtt[s]://][user[:password]@]host[:port]"},
    {"user", FC_SCOPE_INSTANCE, false, "lights", "The name to log in with"},
    {"password", FC_SCOPE_INSTANCE, false, "secret", "The password"},
    {"clientid", FC_SCOPE_INSTANCE, false, "foh-desk", "The client's name at the server"},
    {"protocol", FC_SCOPE_INSTANCE, false, "3.1.1", "The version of MQTT: 5 or 3.1.1"},
    {"ca", FC_SCOPE_INSTANCE, false, "ca.crt", "Certificates that the server's must be signed by"},
    {"certificate", FC_SCOPE_INSTANCE, false, "foh.crt", "The client's certificate"},
    {"key", FC_SCOPE_INSTANCE, false, "foh.key", "The key of the client's certificate"},
    {"qos", FC_SCOPE_INSTANCE, false, "1", "How surely messages arrive: 0, 1 or 2"},
    {"retain", FC_SCOPE_INSTANCE, false, "on", "Whether the server keeps the last value for later clients"},
    {"availability", FC_SCOPE_INSTANCE, false, "show/foh", "A topic that says \"online\" or \"offline\""},
    {"homeassistant", FC_SCOPE_INSTANCE, false, "on", "Whether channels appear in Home Assistant"},
    {"*", FC_SCOPE_INSTANCE, true, "range 0 255", "What the values of a topic are"},
    {.name = NULL},
};

void *mqtt_new(struct fc_instance *instance, const char *directory)
{
    struct mqtt *mqtt = calloc(1, sizeof(*mqtt));

    if (!mqtt)
        return NULL;
    mqtt->instance = instance;
    mqtt->connected_id = -1;
    mqtt->folder = strdup(directory);
    if (mqtt->folder)
        return mqtt;
    free(mqtt);
    return NULL;
}

void mqtt_free(void *self)
{
    struct mqtt *mqtt = self;

    if (!mqtt)
        return;
    topics_deinit(mqtt);
    free(mqtt->folder);
    free(mqtt->host);
    free(mqtt->port);
    free(mqtt->user);
    free(mqtt->password);
    free(mqtt->client_id);
    free(mqtt->ca);
    free(mqtt->certificate);
    free(mqtt->key);
    free(mqtt->availability);
    free(mqtt->homeassistant);
    free(mqtt);
}

/* Takes a copy of the text. 0 or -ENOMEM. */
static int option_take(char **slot, const char *text, size_t bytes)
{
    free(*slot);
    *slot = strndup(text, bytes);
    return *slot ? 0 : -ENOMEM;
}

static int option_take_all(char **slot, const char *text)
{
    return option_take(slot, text, strlen(text));
}

/* Reads `user[:password]` of a host. */
static int option_login(struct mqtt *mqtt, const char *text, size_t bytes)
{
    const char *colon = memchr(text, ':', bytes);
    size_t n = colon ? (size_t)(colon - text) : bytes;
    int r = option_take(&mqtt->user, text, n);

    return r == 0 && colon ? option_take(&mqtt->password, colon + 1, bytes - n - 1) : r;
}

static bool option_is_port(const char *text)
{
    size_t n = strspn(text, "0123456789");
    long port = n && n <= 5 && !text[n] ? strtol(text, NULL, 10) : 0;

    return port > 0 && port <= 65535;
}

/* Reads `host[:port]`; an IPv6 address stands in brackets. */
static int option_address(struct mqtt *mqtt, const char *text, struct fc_reason *reason)
{
    bool is_v6 = text[0] == '[';
    const char *end = is_v6 ? strchr(text, ']') : strchrnul(text, ':');
    const char *port;
    int r;

    text += is_v6;
    if (!end || end == text || strpbrk(text, " \t/"))
        return fc_refuse(reason, "expected [mqtt[s]://][user[:password]@]host[:port]");
    port = is_v6 ? end + 1 : end;
    if (*port && (*port != ':' || !option_is_port(port + 1)))
        return fc_refuse(reason, "a port is a number from 1 to 65535, after the host and a colon");
    r = option_take(&mqtt->host, text, (size_t)(end - text));
    if (r == 0 && fc_is_no_address(mqtt->host))
        return fc_refuse(reason, FC_NO_ADDRESS, mqtt->host);
    return r < 0 ? r : option_take_all(&mqtt->port, *port ? port + 1 : mqtt->has_tls ? "8883" : "1883");
}

static int option_host(struct mqtt *mqtt, const char *value, struct fc_reason *reason)
{
    const char *at;

    mqtt->has_tls = strncmp(value, "mqtts://", 8) == 0;
    if (mqtt->has_tls || strncmp(value, "mqtt://", 7) == 0)
        value += mqtt->has_tls ? 8 : 7;
    at = strrchr(value, '@');
    if (at) {
        if (option_login(mqtt, value, (size_t)(at - value)) < 0)
            return -ENOMEM;
        value = at + 1;
    }
    return option_address(mqtt, value, reason);
}

static int option_protocol(struct mqtt *mqtt, const char *value, struct fc_reason *reason)
{
    mqtt->is_v311 = strcmp(value, "3.1.1") == 0;
    if (mqtt->is_v311 || strcmp(value, "5") == 0)
        return 0;
    return fc_doubt(reason, "the protocol is 5 or 3.1.1; \"%.80s\" counts as 5", value);
}

static int option_qos(struct mqtt *mqtt, const char *value, struct fc_reason *reason)
{
    if (value[0] < '0' || value[0] > '2' || value[1])
        return fc_refuse(reason, "qos is 0, 1 or 2");
    mqtt->qos = value[0] - '0';
    return 0;
}

/* `on` stands for the topics that Home Assistant listens to unless it is told others. */
static int option_homeassistant(struct mqtt *mqtt, const char *value, struct fc_reason *reason)
{
    if (strcmp(value, "off") == 0) {
        free(fc_steal(mqtt->homeassistant));
        return 0;
    }
    if (topic_check(value, reason) < 0)
        return -EINVAL;
    return option_take_all(&mqtt->homeassistant, strcmp(value, "on") == 0 ? "homeassistant" : value);
}

static int option_availability(struct mqtt *mqtt, const char *value, struct fc_reason *reason)
{
    return topic_check(value, reason) < 0 ? -EINVAL : option_take_all(&mqtt->availability, value);
}

static const char *option_name(const void *userdata, size_t i)
{
    (void)userdata;
    return strcmp(mqtt_options[i].name, "*") != 0 ? mqtt_options[i].name : NULL;
}

/* It is none of these, and the value none of a topic's. If the name resembles an option, that was meant. */
static int option_refuse(const char *option, struct fc_reason *reason)
{
    char hint[FC_HINT_BYTES];

    if (fc_suggest(hint, sizeof(hint), option, option_name, NULL))
        return fc_refuse(reason, "there is no option \"%.80s\"; %s", option, hint);
    return fc_refuse(reason,
                     "there is no option \"%.80s\"; if it is a topic, what its values are begins with "
                     "\"range\", \"discrete\", \"qos\" or \"retain\"",
                     option);
}

int mqtt_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                   struct fc_reason *reason)
{
    struct mqtt *mqtt = self;
    const struct {
        const char *name;
        char **slot;
    } texts[] = {
        {"user", &mqtt->user}, {"password", &mqtt->password},       {"clientid", &mqtt->client_id},
        {"ca", &mqtt->ca},     {"certificate", &mqtt->certificate}, {"key", &mqtt->key},
    };
    int r;

    (void)scope;
    for (size_t i = 0; i < FC_ARRAY_SIZE(texts); i++) {
        if (strcmp(option, texts[i].name) == 0)
            return option_take_all(texts[i].slot, value);
    }
    if (strcmp(option, "host") == 0)
        return option_host(mqtt, value, reason);
    if (strcmp(option, "protocol") == 0)
        return option_protocol(mqtt, value, reason);
    if (strcmp(option, "qos") == 0)
        return option_qos(mqtt, value, reason);
    if (strcmp(option, "retain") == 0)
        return fc_option_switch(&mqtt->is_retained, option, value, reason);
    if (strcmp(option, "availability") == 0)
        return option_availability(mqtt, value, reason);
    if (strcmp(option, "homeassistant") == 0)
        return option_homeassistant(mqtt, value, reason);
    r = topic_configure(mqtt, option, value, reason);
    return r == -ENOENT ? option_refuse(option, reason) : r;
}

int mqtt_configured(void *self, struct fc_reason *reason)
{
    struct mqtt *mqtt = self;

    if (!mqtt->host)
        return fc_refuse(reason, "the option host is missing: the MQTT server");
    if (!mqtt->certificate != !mqtt->key)
        return fc_refuse(reason, "the options certificate and key belong together; one of them is missing");
    if (!mqtt->has_tls && (mqtt->ca || mqtt->certificate))
        return fc_refuse(reason, "ca, certificate and key are for TLS: write host = mqtts://%s", mqtt->host);
    if (!mqtt->has_tls && mqtt->password)
        return fc_doubt(reason, "the password is sent in the clear: use mqtts:// where others can listen");
    return 0;
}

/* Where OpenSSL has the certificates of well-known authorities. */
static const char *const mqtt_system_paths[] = {"/etc/ssl", "/usr/lib/ssl", "/usr/share/ca-certificates",
                                                "/usr/local/share/ca-certificates"};

static void mqtt_needs(const void *self, struct fc_needs *needs)
{
    const struct mqtt *mqtt = self;
    const char *const files[] = {mqtt->ca, mqtt->certificate, mqtt->key};

    fc_need_host(needs, mqtt->host, mqtt->port);
    for (size_t i = 0; i < FC_ARRAY_SIZE(files); i++) {
        if (files[i])
            fc_need_file(needs, files[i]);
    }
    for (size_t i = 0; mqtt->has_tls && i < FC_ARRAY_SIZE(mqtt_system_paths); i++)
        fc_need_file(needs, mqtt_system_paths[i]);
}

const struct fc_driver mqtt_driver = {.name = "mqtt", .needs = mqtt_needs, .is_shared = true};

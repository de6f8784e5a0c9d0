/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MQTT, and the main header of this folder: an instance is a client of one server, and its channels are
 * topics, or members of the JSON that is sent on a topic.
 *
 * options.c, topic.c and value.c are pure: what the options say, which topics and channels there are, and how
 * values are written. They run in the broker, too. The other files run in drivers: driver.c has the slots,
 * connection.c talks to the server through libmosquitto, receive.c takes its messages, newest.h says whose a
 * topic's newest value is, json.c reads and writes JSON, and discovery.c tells Home Assistant of the
 * channels.
 */
#ifndef BROKER_DRIVERS_MQTT_MQTT_H
#define BROKER_DRIVERS_MQTT_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firecurtain/backend.h"

#define MQTT_MAX_CHOICES   256
#define MQTT_MAX_ECHOES    16
#define MQTT_PAYLOAD_BYTES 65536

/* The channel that says whether there is a connection; no topic can have this name. */
#define MQTT_CONNECTED "#connected"

/* One of several texts that stand for values. */
struct mqtt_choice {
    double min;  /* values from here */
    double max;  /* to here are written as the text */
    double read; /* the value that the text stands for when it is read */
    char *text;
};

/* What a channel is written as. */
struct mqtt_format {
    double min; /* of a number; more than `max` if it is inverted */
    double max;
    bool has_range;              /* it was configured */
    struct mqtt_choice *choices; /* if there are any, it is no number */
    size_t n_choices;
};

struct mqtt_topic {
    char *name;       /* of the channel: TOPIC, or TOPIC#PATH */
    char *topic;      /* without the path */
    const char *path; /* in `name`; NULL: the payload is the value */
    struct mqtt_format format;
    int qos;    /* -1: as the instance */
    int retain; /* likewise */

    /* the channel, if a mapping has it */
    bool is_mapped;
    uint32_t id;
    unsigned directions; /* enum fc_direction */

    /* in a driver */
    double value;                     /* that it is to have */
    bool is_ours;                     /* `value` was set, and is the newest that is known: newest.h */
    bool is_sent;                     /* on this connection, and since it was subscribed to */
    bool is_dirty;                    /* the server does not have `value` */
    int under_way;                    /* the number of a message that is not acknowledged; 0: there is none */
    uint32_t echoes[MQTT_MAX_ECHOES]; /* of messages of our own that the server may return: echo.h */
    unsigned n_echoes;
};

struct mqtt_connection;

struct mqtt {
    struct fc_instance *instance;
    char *folder; /* of the configuration */
    char *host;
    char *port;
    char *user;
    char *password;
    char *client_id;
    char *ca;
    char *certificate;
    char *key;
    char *availability;  /* a topic; NULL: none */
    char *homeassistant; /* the first part of its topics; NULL: it is told nothing */
    bool has_tls;
    bool is_v311;
    int qos;
    bool is_retained;
    struct mqtt_topic *topics;
    size_t n_topics;
    size_t *by_id; /* the topics of channels; SIZE_MAX: that of the connection */
    size_t n_ids;
    int64_t connected_id;               /* of the channel MQTT_CONNECTED; -1: nobody has mapped it */
    struct mqtt_connection *connection; /* in a driver that was started; else NULL */
};

/* The slots about the configuration, which are the same in the broker and in a driver. */
extern const struct fc_option mqtt_options[];
extern const struct fc_driver mqtt_driver;
void *mqtt_new(struct fc_instance *instance, const char *directory);
void mqtt_free(void *self);
int mqtt_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                   struct fc_reason *reason);
int mqtt_configured(void *self, struct fc_reason *reason);
int mqtt_channel(void *self, uint32_t id, const char *name, unsigned directions, struct fc_reason *reason);

#define MQTT_CONFIGURATION                                                                                   \
    .name = "mqtt", .driver = &mqtt_driver, .options = mqtt_options, .instance_new = mqtt_new,               \
    .configure = mqtt_configure, .configured = mqtt_configured

#endif

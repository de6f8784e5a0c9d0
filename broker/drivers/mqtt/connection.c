/* SPDX-License-Identifier: BSD-2-Clause */
/* The connection to the server, by libmosquitto without threads. Runs in drivers. */
#include "broker/drivers/mqtt/connection.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/drivers/mqtt/discovery.h"
#include "broker/drivers/mqtt/echo.h"
#include "broker/drivers/mqtt/json.h"
#include "broker/drivers/mqtt/receive.h"
#include "broker/drivers/mqtt/tls.h"
#include "broker/drivers/mqtt/topic.h"
#include "broker/drivers/mqtt/value.h"
#include "broker/drivers/mqtt/why.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

/*
 * After so long a silence libmosquitto asks whether the server is there, and for as long it waits for the
 * answer. Each of the two is noticed within a second, so it is 20 s in all.
 */
#define CONNECTION_KEEPALIVE_S 9
#define CONNECTION_TIMEOUT_NS  (9 * FC_NS_PER_S) /* from the first packet to the server's welcome */
#define CONNECTION_FIRST_NS    (FC_NS_PER_S / 2) /* before it is tried again */
#define CONNECTION_LAST_NS     (30 * FC_NS_PER_S)

struct mqtt_connection {
    struct mqtt *mqtt;
    struct mosquitto *client;
    struct fc_watch *watch;
    struct fc_timer *upkeep; /* each second while there is a socket */
    struct fc_timer *retry;
    uint64_t delay_ns;
    uint64_t began_ns;
    bool is_up;
    bool is_told, told; /* on the channel MQTT_CONNECTED: anything, and what */
    bool is_lost_said;  /* the log has that there is no connection, and why */
    bool is_v311;
    bool is_busy;  /* libmosquitto is on the stack */
    bool is_spent; /* `client` has been connected, or was to be */
    char name[128];
    char said[160]; /* what the server or TLS have against this connection; empty: nothing */
    char why[160];  /* there is none */
};

/* Tells the show whether there is a connection: at first, and when that changes. */
static void connection_emit(struct mqtt_connection *connection, bool is_up)
{
    const struct mqtt *mqtt = connection->mqtt;

    if (mqtt->connected_id < 0 || (connection->is_told && connection->told == is_up))
        return;
    fc_emit(mqtt->instance, (uint32_t)mqtt->connected_id, is_up);
    connection->is_told = true;
    connection->told = is_up;
}

/* Sets the time of the next try, spread so that many clients do not come together. */
static void connection_again(struct mqtt_connection *connection)
{
    uint64_t now_ns = fc_now_ns();

    connection->delay_ns = connection->delay_ns ? connection->delay_ns * 2 : CONNECTION_FIRST_NS;
    if (connection->delay_ns > CONNECTION_LAST_NS)
        connection->delay_ns = CONNECTION_LAST_NS;
    fc_timer_set(connection->retry,
                 now_ns + connection->delay_ns / 4 * 3 + now_ns % (connection->delay_ns / 4));
}

/* There is no connection, for whatever reason: said once, until there is one again. */
static void connection_lost(struct mqtt_connection *connection, const char *why)
{
    struct mqtt *mqtt = connection->mqtt;

    connection->watch = fc_watch_free(connection->watch);
    fc_timer_set(connection->upkeep, FC_TIMER_NEVER);
    if (!connection->is_lost_said || strcmp(why, connection->why) != 0)
        fc_log(FC_LOG_WARNING, fc_instance_name(mqtt->instance),
               connection->is_up ? "the connection to %s:%s is lost: %s; trying again until it is back"
                                 : "cannot connect to %s:%s: %s; trying again until it can",
               mqtt->host, mqtt->port, why);
    snprintf(connection->why, sizeof(connection->why), "%s", why);
    connection->is_lost_said = true;
    if (connection->is_up)
        connection->delay_ns = 0;
    connection->is_up = false;
    for (size_t i = 0; i < mqtt->n_topics; i++)
        mqtt->topics[i].under_way = 0;
    fc_up(mqtt->instance, false);
    connection_emit(connection, false);
    connection_again(connection);
}

/* Likewise, unless the server or TLS have said what is wrong. */
static void connection_failed(struct mqtt_connection *connection, const char *why)
{
    connection_lost(connection, connection->said[0] ? connection->said : why);
}

/* After each call: its socket may have gone, and it may have something to write. */
static void connection_settle(struct mqtt_connection *connection, int r)
{
    if (!connection->watch || connection->is_busy)
        return;
    if (r != MOSQ_ERR_SUCCESS || mosquitto_socket(connection->client) < 0) {
        connection_failed(connection, why_failed(r, connection->is_up));
        return;
    }
    fc_watch_output(connection->watch, mosquitto_want_write(connection->client));
}

/* Why the socket could not be connected, as errno; 0: it is, or may still be. */
static int connection_error(const struct mqtt_connection *connection)
{
    socklen_t n = sizeof(int);
    int error = 0;

    if (getsockopt(mosquitto_socket(connection->client), SOL_SOCKET, SO_ERROR, &error, &n) < 0)
        return errno;
    /* what was said before the end is read first */
    return error == ECONNRESET || error == EPIPE ? 0 : error;
}

/* Whether both directions have ended: with TLS, libmosquitto would wait for more, over and over. */
static bool connection_is_dead(const struct mqtt_connection *connection)
{
    struct pollfd socket = {.fd = mosquitto_socket(connection->client)};

    return poll(&socket, 1, 0) > 0 && (socket.revents & POLLHUP);
}

static void connection_ready(void *userdata)
{
    struct mqtt_connection *connection = userdata;
    int r = connection->is_up ? 0 : connection_error(connection);

    if (r) {
        connection_failed(connection, strerror(r));
        return;
    }
    connection->is_busy = true;
    r = mosquitto_loop_read(connection->client, FC_WATCH_BUDGET);
    if (r == MOSQ_ERR_SUCCESS && mosquitto_socket(connection->client) >= 0)
        r = mosquitto_loop_write(connection->client, FC_WATCH_BUDGET);
    connection->is_busy = false;
    connection_settle(connection, r);
    if (connection->watch && connection_is_dead(connection))
        connection_failed(connection, why_failed(MOSQ_ERR_CONN_LOST, connection->is_up));
    if (!connection->is_up)
        return;
    for (size_t i = 0; i < connection->mqtt->n_topics; i++) {
        if (connection->mqtt->topics[i].is_dirty)
            connection_publish(connection->mqtt, &connection->mqtt->topics[i]);
    }
}

static void connection_upkeep(void *userdata)
{
    struct mqtt_connection *connection = userdata;
    uint64_t now_ns = fc_now_ns();
    int r;

    if (!connection->is_up && now_ns - connection->began_ns > CONNECTION_TIMEOUT_NS) {
        connection_failed(connection, "it does not answer");
        return;
    }
    fc_timer_set(connection->upkeep, now_ns + FC_NS_PER_S);
    connection->is_busy = true;
    r = mosquitto_loop_misc(connection->client);
    connection->is_busy = false;
    if (r != MOSQ_ERR_SUCCESS || mosquitto_socket(connection->client) < 0)
        connection_failed(connection,
                          connection->is_up ? "nothing was heard from it for 20 s" : "it does not answer");
    else
        connection_settle(connection, r);
}

/* Each topic has what was set last, whatever the server has, unless others are known to have set it since. */
static void connection_publish_all(struct mqtt *mqtt)
{
    for (size_t i = 0; i < mqtt->n_topics; i++) {
        struct mqtt_topic *topic = &mqtt->topics[i];

        topic->n_echoes = 0;
        if (topic->is_ours)
            connection_publish(mqtt, topic);
    }
}

/* Publishes a text that is no channel's, which the server keeps. */
static void connection_announce(struct mqtt *mqtt, const char *topic, const char *text)
{
    mosquitto_publish(mqtt->connection->client, NULL, topic, (int)strlen(text), text, 1, true);
}

static void connection_welcome(struct mqtt_connection *connection)
{
    struct mqtt *mqtt = connection->mqtt;

    fc_log(FC_LOG_INFO, fc_instance_name(mqtt->instance), "connected to %s:%s", mqtt->host, mqtt->port);
    connection->is_up = true;
    connection->said[0] = '\0';
    connection->is_lost_said = false;
    connection->delay_ns = 0;
    for (size_t i = 0; i < mqtt->n_topics; i++)
        connection_subscribe(mqtt, &mqtt->topics[i]);
    if (mqtt->availability)
        connection_announce(mqtt, mqtt->availability, "online");
    discovery_announce(mqtt, connection_announce);
    connection_publish_all(mqtt);
    fc_up(mqtt->instance, true);
    connection_emit(connection, true);
}

static void connection_on_connect(struct mosquitto *client, void *userdata, int code, int flags,
                                  const mosquitto_property *properties)
{
    struct mqtt_connection *connection = userdata;
    bool is_old = code == CONNACK_REFUSED_PROTOCOL_VERSION || code == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION;

    (void)client, (void)flags, (void)properties;
    if (code == 0) {
        connection_welcome(connection);
        return;
    }
    why_refused(connection->said, sizeof(connection->said), code);
    if (is_old && !connection->is_v311)
        connection->is_v311 = true; /* the next time */
}

/* The server says goodbye, or libmosquitto does, whose codes are below. */
static void connection_on_disconnect(struct mosquitto *client, void *userdata, int code,
                                     const mosquitto_property *properties)
{
    struct mqtt_connection *connection = userdata;

    (void)client, (void)properties;
    if (code >= 128)
        why_ended(connection->said, sizeof(connection->said), code);
}

static void connection_on_log(struct mosquitto *client, void *userdata, int level, const char *line)
{
    struct mqtt_connection *connection = userdata;

    (void)client;
    if (level == MOSQ_LOG_ERR)
        why_logged(connection->said, sizeof(connection->said), line);
}

static void connection_on_publish(struct mosquitto *client, void *userdata, int number, int code,
                                  const mosquitto_property *properties)
{
    const struct mqtt_connection *connection = userdata;

    (void)client, (void)code, (void)properties;
    for (size_t i = 0; i < connection->mqtt->n_topics; i++) {
        if (connection->mqtt->topics[i].under_way == number)
            connection->mqtt->topics[i].under_way = 0;
    }
}

static void connection_on_subscribe(struct mosquitto *client, void *userdata, int number, int n,
                                    const int *granted, const mosquitto_property *properties)
{
    const struct mqtt_connection *connection = userdata;

    (void)client, (void)number, (void)properties;
    for (int i = 0; i < n; i++) {
        if (granted[i] >= 128)
            fc_log(FC_LOG_WARNING, fc_instance_name(connection->mqtt->instance),
                   "the server refuses a subscription: %s", mosquitto_reason_string(granted[i]));
    }
}

static void connection_on_message(struct mosquitto *client, void *userdata,
                                  const struct mosquitto_message *message,
                                  const mosquitto_property *properties)
{
    (void)client, (void)properties;
    receive_message(((struct mqtt_connection *)userdata)->mqtt, message);
}

void connection_subscribe(struct mqtt *mqtt, struct mqtt_topic *topic)
{
    struct mqtt_connection *connection = mqtt->connection;

    if (!connection || !connection->is_up || !(topic->directions & FC_SOURCE))
        return;
    topic->is_sent = false;
    connection_settle(connection,
                      mosquitto_subscribe_v5(connection->client, NULL, topic->topic, topic_qos(mqtt, topic),
                                             connection->is_v311 ? 0 : MQTT_SUB_OPT_NO_LOCAL, NULL));
}

/* Writes what is to be sent. The text is the caller's; NULL if nothing stands for the value. */
static char *connection_payload(const struct mqtt_topic *topic)
{
    char text[MQTT_PAYLOAD_BYTES];

    if (topic->path)
        return json_write(topic, topic->value);
    return value_write(&topic->format, topic->value, text, sizeof(text)) ? strdup(text) : NULL;
}

void connection_publish(struct mqtt *mqtt, struct mqtt_topic *topic)
{
    struct mqtt_connection *connection = mqtt->connection;
    FC_AUTO_FREE char *payload = NULL;
    int number = 0, r;

    topic->is_dirty = true;
    if (!connection || !connection->is_up || topic->under_way || mosquitto_want_write(connection->client))
        return; /* it has the newest value then */
    topic->is_dirty = false;
    payload = connection_payload(topic);
    if (!payload)
        return;
    r = mosquitto_publish(connection->client, &number, topic->topic, (int)strlen(payload), payload,
                          topic_qos(mqtt, topic), topic_is_retained(mqtt, topic));
    topic->is_sent = topic->is_sent || r == MOSQ_ERR_SUCCESS;
    if (r == MOSQ_ERR_SUCCESS && topic_qos(mqtt, topic) > 0)
        topic->under_way = number;
    if (r == MOSQ_ERR_SUCCESS && connection->is_v311 && (topic->directions & FC_SOURCE))
        echo_expect(topic, payload);
    connection_settle(connection, r);
}

static void connection_free(struct mqtt_connection *connection)
{
    fc_watch_free(connection->watch);
    fc_timer_free(connection->upkeep);
    fc_timer_free(connection->retry);
    mosquitto_destroy(connection->client);
    free(connection);
    mosquitto_lib_cleanup();
}

/*
 * Makes the client. Each connection has one of its own: an old one would send again what the server has not
 * acknowledged, behind what is newer. The name stays, so that the server ends a connection that only we know
 * to be lost.
 */
static int connection_make_client(struct mqtt_connection *connection, struct fc_reason *reason)
{
    const struct mqtt *mqtt = connection->mqtt;

    mosquitto_destroy(connection->client);
    connection->client =
        mosquitto_new(mqtt->client_id ? mqtt->client_id : connection->name, true, connection);
    if (!connection->client)
        return -ENOMEM;
    if (mqtt->user &&
        mosquitto_username_pw_set(connection->client, mqtt->user, mqtt->password) != MOSQ_ERR_SUCCESS)
        return -ENOMEM;
    if (mqtt->availability &&
        mosquitto_will_set(connection->client, mqtt->availability, (int)strlen("offline"), "offline", 1,
                           true) != MOSQ_ERR_SUCCESS)
        return -ENOMEM;
    mosquitto_log_callback_set(connection->client, connection_on_log);
    mosquitto_connect_v5_callback_set(connection->client, connection_on_connect);
    mosquitto_disconnect_v5_callback_set(connection->client, connection_on_disconnect);
    mosquitto_message_v5_callback_set(connection->client, connection_on_message);
    mosquitto_publish_v5_callback_set(connection->client, connection_on_publish);
    mosquitto_subscribe_v5_callback_set(connection->client, connection_on_subscribe);
    return mqtt->has_tls ? tls_set(mqtt, connection->client, reason) : 0;
}

/* Why a connection is dead that has just begun. The first write may have met it: the kernel does not tell
 * that twice. */
static int connection_born_dead(const struct mqtt_connection *connection)
{
    int met = errno, error = connection_error(connection);

    if (!error && (!met || met == EAGAIN || met == EINPROGRESS))
        return MOSQ_ERR_CONN_LOST;
    errno = error ? error : met;
    return MOSQ_ERR_ERRNO;
}

static int connection_begin(struct mqtt_connection *connection)
{
    const struct mqtt *mqtt = connection->mqtt;
    int r;

    mosquitto_int_option(connection->client, MOSQ_OPT_PROTOCOL_VERSION,
                         connection->is_v311 ? MQTT_PROTOCOL_V311 : MQTT_PROTOCOL_V5);
    connection->is_busy = true;
    errno = 0;
    r = mosquitto_connect_async(connection->client, mqtt->host, atoi(mqtt->port), CONNECTION_KEEPALIVE_S);
    connection->is_busy = false;
    if (r != MOSQ_ERR_SUCCESS)
        return r;
    if (connection_is_dead(connection))
        return connection_born_dead(connection);
    r = fc_watch_new(&connection->watch, mqtt->instance, mosquitto_socket(connection->client),
                     connection_ready, connection);
    return r < 0 ? MOSQ_ERR_NOMEM : MOSQ_ERR_SUCCESS;
}

static void connection_try(void *userdata)
{
    struct mqtt_connection *connection = userdata;
    struct fc_reason reason = {.text = ""};
    int r = connection->is_spent ? connection_make_client(connection, &reason) : 0;

    connection->is_spent = true;
    connection->began_ns = fc_now_ns();
    connection->said[0] = '\0';
    if (r < 0) {
        connection_lost(connection, reason.text[0] ? reason.text : strerror(-r));
        return;
    }
    r = connection_begin(connection);
    if (r != MOSQ_ERR_SUCCESS) {
        connection_failed(connection, why_failed(r, false));
        return;
    }
    fc_watch_output(connection->watch, true);
    fc_timer_set(connection->upkeep, connection->began_ns + FC_NS_PER_S);
}

static int connection_make(struct mqtt *mqtt, struct mqtt_connection *connection, struct fc_reason *reason)
{
    int r;

    snprintf(connection->name, sizeof(connection->name), "firecurtain-%s-%llx",
             fc_instance_name(mqtt->instance), (unsigned long long)fc_now_ns());
    r = connection_make_client(connection, reason);
    if (r == 0)
        r = fc_timer_new(&connection->upkeep, mqtt->instance, connection_upkeep, connection);
    if (r == 0)
        r = fc_timer_new(&connection->retry, mqtt->instance, connection_try, connection);
    return r;
}

int connection_start(struct mqtt *mqtt)
{
    struct mqtt_connection *connection = calloc(1, sizeof(*connection));
    struct fc_reason reason = {.text = ""};
    int r;

    if (!connection)
        return -ENOMEM;
    mosquitto_lib_init();
    connection->mqtt = mqtt;
    connection->is_v311 = mqtt->is_v311;
    r = connection_make(mqtt, connection, &reason);
    if (r < 0) {
        if (reason.text[0])
            fc_because(mqtt->instance, &reason);
        connection_free(connection);
        return r;
    }
    mqtt->connection = connection;
    connection_try(connection);
    return 0;
}

void connection_stop(struct mqtt *mqtt)
{
    struct mqtt_connection *connection = fc_steal(mqtt->connection);

    if (!connection)
        return;
    if (connection->is_up) {
        connection->is_busy = true;
        if (mqtt->availability)
            mosquitto_publish(connection->client, NULL, mqtt->availability, (int)strlen("offline"), "offline",
                              0, true);
        mosquitto_disconnect(connection->client);
        mosquitto_loop_write(connection->client, FC_WATCH_BUDGET);
    }
    connection_free(connection);
}

void connection_describe(const struct mqtt *mqtt, char *text, size_t bytes)
{
    const struct mqtt_connection *connection = mqtt->connection;

    if (connection && connection->is_up)
        snprintf(text, bytes, "connected to %s:%s", mqtt->host, mqtt->port);
    else if (connection && connection->is_lost_said)
        snprintf(text, bytes, "not connected to %s:%s: %s", mqtt->host, mqtt->port, connection->why);
    else
        snprintf(text, bytes, "connecting to %s:%s", mqtt->host, mqtt->port);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Why there is no connection, in words. Runs in drivers. */
#include "broker/drivers/mqtt/why.h"

#include <ctype.h>
#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <string.h>

/* Writes one of libmosquitto's sentences as a part of another one. */
static void why_part(char *text, size_t bytes, const char *begin, const char *sentence)
{
    const char *colon = strstr(sentence, ": "); /* of "Connection Refused: " */
    size_t n;

    sentence = colon ? colon + 2 : sentence;
    n = strlen(sentence);
    while (n && (sentence[n - 1] == '.' || isspace((unsigned char)sentence[n - 1])))
        n--;
    snprintf(text, bytes, "%s: %c%.*s", begin, tolower((unsigned char)sentence[0]), n ? (int)n - 1 : 0,
             n ? sentence + 1 : "");
}

void why_refused(char *text, size_t bytes, int code)
{
    /* those of MQTT 3.1.1 are below 128 */
    why_part(text, bytes, "the server refuses",
             code < 128 ? mosquitto_connack_string(code) : mosquitto_reason_string(code));
}

void why_ended(char *text, size_t bytes, int code)
{
    if (code == MQTT_RC_SESSION_TAKEN_OVER)
        snprintf(text, bytes, "another client has connected with this one's name (clientid)");
    else if (code == MQTT_RC_SERVER_SHUTTING_DOWN)
        snprintf(text, bytes, "it is shutting down");
    else
        why_part(text, bytes, "it ended the connection", mosquitto_reason_string(code));
}

void why_logged(char *text, size_t bytes, const char *line)
{
    const char *colon = strrchr(line, ':');

    if (text[0])
        return;
    if (strstr(line, "host name verification failed"))
        snprintf(text, bytes, "TLS: its certificate is for another name");
    else if (strstr(line, "unexpected eof"))
        snprintf(text, bytes, "it closed the connection");
    else if (strstr(line, "OpenSSL Error") && colon)
        snprintf(text, bytes, "TLS: %s", colon + 1 + strspn(colon + 1, " "));
}

static const char *why_errno(bool was_up)
{
    switch (errno) {
    case ECONNRESET:
    case EPIPE:
        return "it closed the connection";
    case EPROTO: /* libmosquitto's, if TLS itself has nothing against it */
        return was_up ? "it closed the connection" : "it closed the connection as TLS began";
    case 0:
        return "it does not answer";
    default:
        return strerror(errno);
    }
}

const char *why_failed(int r, bool was_up)
{
    switch (r) {
    case MOSQ_ERR_ERRNO:
        return why_errno(was_up);
    case MOSQ_ERR_SUCCESS:
    case MOSQ_ERR_CONN_LOST:
    case MOSQ_ERR_NO_CONN:
        return "it closed the connection";
    case MOSQ_ERR_CONN_REFUSED:
        return "the server refuses";
    case MOSQ_ERR_TLS:
        return "TLS failed";
    case MOSQ_ERR_EAI:
        return "its name cannot be looked up";
    case MOSQ_ERR_PROTOCOL:
    case MOSQ_ERR_MALFORMED_PACKET:
    case MOSQ_ERR_MALFORMED_UTF8:
        return "what it sends is no MQTT";
    case MOSQ_ERR_OVERSIZE_PACKET:
        return "the server takes no packets of this size";
    case MOSQ_ERR_NOMEM:
        return "out of memory";
    default:
        return "libmosquitto cannot go on";
    }
}

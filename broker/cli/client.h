/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client side of the control interface, for the commands that ask a running broker. Problems are reported
 * on stderr; the results are exit statuses. What the broker sends is not trusted.
 */
#ifndef BROKER_CLI_CLIENT_H
#define BROKER_CLI_CLIENT_H

#include <stdbool.h>

#include "proto/codec_control.h"

struct cli_options;
struct client;

/* Connects. EX_OK, EX_UNAVAILABLE if no broker is running there, EX_NOPERM. */
int client_new(struct client **client, const struct cli_options *options);

/* Takes NULL; returns NULL. */
struct client *client_free(struct client *client);
void client_freep(struct client **client);

/*
 * Sends a request and waits for the answer, which lives until the next call. Returns EX_OK only if the broker
 * did what it was asked to do. If the connection ends meanwhile, a request that may be sent twice is.
 */
int client_ask(struct client *client, struct control_request *request, struct control_reply *reply);

/*
 * Waits for the next of the answers to a request with `follow`, whose names outlive the client. If the
 * connection ends, while the broker does not, it is made and the request is sent again.
 */
int client_follow(struct client *client, struct control_reply *reply);

/* Returns whether the last answer came on another connection than the one before it. */
bool client_was_lost(struct client *client);

/* Waits for the next answer on this connection, and returns -1 if `fd` becomes readable, or `timeout_ms`
 * passes, before that. */
int client_poll(struct client *client, int fd, int timeout_ms, struct control_reply *reply);

#endif

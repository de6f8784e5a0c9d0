/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A conversation with the broker that runs, for the commands that are one. What is wrong is said on stderr;
 * the results are exit statuses. The broker is not believed more than a terminal should believe anybody.
 */
#ifndef BROKER_CLI_CLIENT_H
#define BROKER_CLI_CLIENT_H

#include "proto/codec_control.h"

struct cli_options;
struct client;

/* EX_OK, EX_UNAVAILABLE if no broker runs there, EX_NOPERM. */
int client_new(struct client **client, const struct cli_options *options);

/* Takes NULL; returns NULL. */
struct client *client_free(struct client *client);
void client_freep(struct client **client);

/*
 * Sends, and waits for the answer; what it points to lives until the next call. EX_OK only if the broker did
 * what it was asked for.
 */
int client_ask(struct client *client, struct control_request *request, struct control_reply *reply);

/* The next one of the answers to a request with `follow`, however long it takes. */
int client_follow(struct client *client, struct control_reply *reply);

/* The same for a program with a terminal: -1 if `fd` is readable, or `timeout_ms` has passed, before that. */
int client_poll(struct client *client, int fd, int timeout_ms, struct control_reply *reply);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recordings that browsers make: what the broker sends for the verb record goes to the browser as the bytes
 * of a file, which the page keeps. Nothing is stored here but what the page has not read. In the desk.
 */
#ifndef BROKER_DESK_CAPTURE_H
#define BROKER_DESK_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/desk/stream.h"

#define CAPTURE_MAX       4 /* at a time */
#define CAPTURE_PER_TOKEN 2 /* of one browser */

struct captures;

/* 0 or -ENOMEM. */
int captures_new(struct captures **captures, const struct stream_spec *spec);

/* Takes NULL; returns NULL. */
struct captures *captures_free(struct captures *captures);

/* Begins a recording: asks the broker for it. False if there are too many, or too
 * many of this browser. */
bool capture_open(struct captures *captures, struct http_request *http, const struct desk_browser *browser);

/* Lets the recordings of a browser end: their files are complete. Returns how many there were. */
size_t capture_stop(struct captures *captures, const struct desk_browser *browser);

/* Forgets the recording of a request that is over. False if it has none. */
bool capture_close(struct captures *captures, const struct http_request *http);

/* Takes up to `most` bytes of the file. */
size_t capture_read(struct captures *captures, const struct http_request *http, char *bytes, size_t most);

/* Takes a reply. 0; -EAGAIN if the page has not read earlier ones; -EHOSTUNREACH if there is no recording. */
int capture_send(struct captures *captures, uint64_t client, const struct control_reply *reply);

#endif

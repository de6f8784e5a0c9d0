/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The streams of events to pages that are open (Server-Sent Events). A page that reads slowly gets fewer
 * values, the newest ones; one that does not read is dropped. In the desk.
 */
#ifndef BROKER_DESK_STREAM_H
#define BROKER_DESK_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/loop.h"
#include "proto/desk_messages.h"

#define STREAM_PAGES     24 /* at a time */
#define STREAM_PER_TOKEN 8  /* of one browser */
#define STREAM_TOO_MANY  "too many pages are open; close one, and this one comes by itself"
#define STREAM_MOST      (512 * 1024) /* bytes that a page may not have read */

struct http_request;
struct page_streams;

struct stream_spec {
    struct loop *loop;
    bool (*pass)(void *userdata, uint64_t client, const struct desk_browser *browser,
                 const struct control_request *request);
    /* The broker has accepted the token of a request, or does not any more. */
    void (*let_in)(void *userdata, struct http_request *http, bool is_in);
    void *userdata;
};

/* 0 or -ENOMEM. */
int page_streams_new(struct page_streams **streams, const struct stream_spec *spec);

/* Takes NULL; returns NULL. */
struct page_streams *page_streams_free(struct page_streams *streams);

/* Begins a stream: asks the broker whether the browser may enter; then a page of the browser that has most
 * may have to give way, so that each gets its share. False if there are too many of this browser. */
bool stream_open(struct page_streams *streams, struct http_request *http, const struct desk_browser *browser);

/* Forgets the stream of a request that is over. False if it has none. */
bool stream_close(struct page_streams *streams, const struct http_request *http);

/* Returns the settings of the PIN's hash, if a page of this browser is open and its link has a PIN; or NULL.
 */
const char *stream_pin(const struct page_streams *streams, const struct desk_browser *browser);

/* Returns whether the page that gave this number to its stream (the argument `page`) is open. */
bool stream_is_open(const struct page_streams *streams, const struct desk_browser *browser, uint64_t page);

/* Takes up to `most` bytes that the page is to be sent. */
size_t stream_read(struct page_streams *streams, const struct http_request *http, char *bytes, size_t most);

/* Takes a reply. 0; -EAGAIN if the page has not read earlier ones; -EHOSTUNREACH if there is no such page. */
int stream_send(struct page_streams *streams, uint64_t client, const struct control_reply *reply);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connections of browsers: HTTP/1.1 over a listening socket, driven by the desk's loop. The only file of
 * the desk that knows libmicrohttpd. Whoever connects is a stranger: there is a limit to connections
 * (places.h), to the size of a request, and to the time that it may take to arrive or its answer to be read.
 * It does not know what requests mean. In the desk.
 */
#ifndef BROKER_DESK_HTTP_H
#define BROKER_DESK_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "broker/base/loop.h"

#define HTTP_MAX_BODY 4096 /* bytes of a request behind its head */
#define HTTP_MAX_HEAD 16384

struct http;

/* A request that is complete. What it points to lives as long as it does. */
struct http_request {
    const char *method;
    const char *path;
    char *body;
    size_t n_body;
    uint8_t address[16]; /* of IPv6; those of IPv4 are mapped */
    uint64_t token;      /* a number that stands for the token which the browser shows; set by the owner */
    bool is_known;       /* and with which it is signed in: the same */
    void *userdata;      /* the owner's */
    uint64_t number;     /* the same */
    struct http_exchange *exchange;
};

struct http_spec {
    struct loop *loop;
    int listener;
    /* A request has come: it is to be answered, now or later. */
    void (*ask)(void *userdata, struct http_request *request);
    /* A request is over, answered or not, and is freed after this. */
    void (*over)(void *userdata, struct http_request *request);
    /* Takes up to `most` bytes of a stream. Returns how many; 0: http_wake() will say when there are more. */
    size_t (*read)(void *userdata, struct http_request *request, char *bytes, size_t most);
    void *userdata;
};

/* Serves the listener, which stays the caller's. 0 or -errno. */
int http_new(struct http **http, const struct http_spec *spec);

/* Ends all connections. Takes NULL; returns NULL. */
struct http *http_free(struct http *http);

/* Returns a header of the request, or NULL. */
const char *http_header(const struct http_request *request, const char *name);

/* Returns the descriptor of the request's connection. */
int http_fd(const struct http_request *request);

/* Calls a function for each argument of this name in the request's address; a value may be "". */
void http_each_argument(const struct http_request *request, const char *name,
                        void (*fn)(void *userdata, const char *value), void *userdata);

struct http_answer {
    unsigned status;
    const char *type;
    const char *cookie; /* Set-Cookie, or NULL */
    const void *bytes;  /* copied, unless it is_static */
    size_t n_bytes;
    bool is_static; /* the bytes outlive the answer, and anybody may have them */
};

/* Answers a request. */
void http_answer(struct http_request *request, const struct http_answer *answer);

/* Answers a request by a stream of this type, which `read` fills. */
void http_stream(struct http_request *request, const char *type);

/* Ends a stream when all of it has been read. */
void http_end_stream(struct http_request *request);

/* Says that there is something to read for a stream. */
void http_wake(struct http_request *request);

/* Ends the connection of a stream, whose browser does not read. */
void http_drop(struct http_request *request);

/* Does so when the browser has acknowledged nothing of what it was sent for so long: the network has gone. */
void http_drop_when_lost(struct http_request *request, unsigned ms);

/* Does so if the browser has hung up, which is otherwise noticed only when something is sent. Returns whether
 * it has. */
bool http_drop_if_gone(struct http_request *request);

#endif

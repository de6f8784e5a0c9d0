/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Browsers as clients of the broker: judges where a request comes from, passes it on with the hash of the
 * browser's token, and turns answers into text. A page that is open has a stream of events: the state of the
 * show each second, which is also the sign of life, and the lines and values that it asked for. While no page
 * is open, the broker is asked nothing. In the desk.
 */
#ifndef BROKER_DESK_BROWSERS_H
#define BROKER_DESK_BROWSERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/loop.h"
#include "proto/desk_messages.h"

struct browsers;

struct browsers_spec {
    struct loop *loop;
    int listener;
    /* Passes a request to the broker. False if it cannot be now. */
    bool (*pass)(void *userdata, uint64_t client, const struct desk_browser *browser,
                 const struct control_request *request);
    /* A client has gone. */
    void (*gone)(void *userdata, uint64_t client);
    void *userdata;
};

/* Begins to serve. 0 or -errno. */
int browsers_new(struct browsers **browsers, const struct browsers_spec *spec);

/* Takes NULL; returns NULL. */
struct browsers *browsers_free(struct browsers *browsers);

/* Takes over the names by which browsers may ask for this host, with blanks between them. */
void browsers_set_names(struct browsers *browsers, const char *names, size_t n);

/* Returns whether the number of a client is one of these. */
static inline bool browsers_is_client(uint64_t client)
{
    return client >> 63;
}

/*
 * Sends a reply to a browser. 0; -EAGAIN if its page has not read earlier ones; -EHOSTUNREACH if it is gone.
 */
int browsers_send(struct browsers *browsers, uint64_t client, const struct control_reply *reply);

#endif

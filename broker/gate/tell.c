/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tells a gate what it does not know yet. Each link remembers what that is, so nothing is queued: a gate that
 * does not read, or a new one, is told the newest. Runs in the broker, and never waits.
 */
#include "broker/gate/tell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "broker/gate/message.h"
#include "firecurtain/cleanup.h"
#include "proto/pass.h"

void tell_set_full(struct gate_client *client, bool is_full)
{
    if (client->is_full == is_full)
        return;
    client->is_full = is_full;
    loop_modify(client->source, is_full ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* Sends a request. Returns whether the gate has it; otherwise it is told later, perhaps by another gate. */
static bool tell_send(struct gate_client *client, const void *request, size_t bytes, const int *descriptors,
                      size_t n_descriptors)
{
    int r = client->is_full
                ? -EAGAIN
                : pass_send(client->socket, request, bytes, descriptors, n_descriptors, MSG_DONTWAIT);

    if (r == -EAGAIN || r == -ENOBUFS || r == -ETOOMANYREFS)
        tell_set_full(client, true);
    return r == 0; /* any other error is that of a gate that has died, which the loop notices */
}

static bool tell_about(struct gate_link *link, enum gate_request_kind kind, int fd, uint64_t cookie)
{
    struct gate_request request = {.kind = kind, .fd = fd, .id = link->id, .cookie = cookie};

    return tell_send(link->client, &request, sizeof(request), NULL, 0);
}

/* The gate alone keeps the worker's memory open. If it cannot be opened the worker has ended, which others
 * notice. */
static bool tell_add(struct gate_link *link)
{
    static struct gate_add add;
    int descriptors[GATE_DESCRIPTORS_] = {[GATE_LISTENER] = link->listener, [GATE_PIDFD] = link->spec.pidfd};
    FC_AUTO_CLOSE int memory = -1, maps = -1;

    if (link->client->is_full)
        return false;
    memory = link->ops->open_memory(link->userdata);
    maps = link->ops->open_maps(link->userdata);
    if (memory < 0 || maps < 0)
        return true;
    descriptors[GATE_MEMORY] = memory;
    descriptors[GATE_MAPS] = maps;
    add.head = (struct gate_request){.kind = GATE_ADD, .id = link->id};
    add.connections = link->spec.connections;
    add.state_bytes = link->spec.state_bytes;
    add.state_device = link->spec.state_device;
    snprintf(add.state_folder, sizeof(add.state_folder), "%s",
             link->spec.state_folder ? link->spec.state_folder : "");
    add.files = link->spec.files;
    add.log_rate = link->spec.log_rate;
    snprintf(add.instance, sizeof(add.instance), "%s", link->spec.instance);
    if (gate_write_rules(&add, link->spec.policy) < 0)
        return true;
    return tell_send(link->client, &add, gate_add_bytes(&add), descriptors, GATE_DESCRIPTORS_);
}

static bool tell_watches(struct gate_link *link)
{
    for (size_t i = 0; i < link->n_watches; i++) {
        struct client_watch *watch = &link->watches[i];

        if (!watch->is_told && !tell_about(link, GATE_WATCH, watch->fd, watch->cookie))
            return false;
        watch->is_told = true;
    }
    return true;
}

/* Tells everything about a worker. Returns whether that is done. */
static bool tell_one(struct gate_link *link)
{
    if (!link->ops)
        return !link->is_told || tell_about(link, GATE_REMOVE, 0, 0);
    if (!link->is_told)
        link->is_told = tell_add(link);
    if (!link->is_told)
        return false;
    if (link->is_interrupted && !tell_about(link, GATE_INTERRUPT, 0, 0))
        return false;
    link->is_interrupted = false;
    return tell_watches(link);
}

void tell_free_link(struct gate_link *link)
{
    HASH_DEL(link->client->links, link);
    free(link->watches);
    free(link);
}

void tell_all(struct gate_client *client)
{
    struct gate_request known = {.kind = GATE_KNOWN};

    while (client->socket >= 0 && client->untold && tell_one(client->untold)) {
        struct gate_link *link = client->untold;

        client->untold = link->next_untold;
        if (!client->untold)
            client->last_untold = &client->untold;
        link->is_untold = false;
        if (!link->ops)
            tell_free_link(link);
    }
    if (client->socket >= 0 && !client->untold && client->is_known_due)
        client->is_known_due = !tell_send(client, &known, sizeof(known), NULL, 0);
}

void tell_queue(struct gate_link *link)
{
    struct gate_client *client = link->client;

    if (link->is_untold)
        return;
    link->is_untold = true;
    link->next_untold = NULL;
    *client->last_untold = link;
    client->last_untold = &link->next_untold;
}

void tell_update(struct gate_link *link)
{
    tell_queue(link);
    tell_all(link->client);
}

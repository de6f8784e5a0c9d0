/* SPDX-License-Identifier: BSD-2-Clause */
/* One worker at its gate, as the broker sees it. Runs in the broker. */
#include "broker/gate/link.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/gate/client_private.h"
#include "broker/gate/message.h"
#include "broker/gate/tell.h"
#include "firecurtain/cleanup.h"

static struct client_watch *link_find_watch(const struct gate_link *link, int fd)
{
    for (size_t i = 0; i < link->n_watches; i++) {
        if (link->watches[i].fd == fd)
            return &link->watches[i];
    }
    return NULL;
}

bool gate_link_is_watching(const struct gate_link *link, int fd)
{
    return link_find_watch(link, fd) != NULL;
}

static bool link_fits(const struct gate_link_spec *spec)
{
    static struct gate_add add;

    return gate_write_rules(&add, spec->policy) == 0;
}

int gate_link_new(struct gate_link **linkp, struct gate_client *client, const struct gate_link_spec *spec,
                  int listener, const struct gate_link_ops *ops, void *userdata)
{
    FC_AUTO_CLOSE int own = listener;
    struct gate_link *link = NULL;

    if (!link_fits(spec))
        return -E2BIG;
    link = calloc(1, sizeof(*link));
    if (!link)
        return -ENOMEM;
    link->id = ++client->last_id;
    link->client = client;
    link->spec = *spec;
    link->ops = ops;
    link->userdata = userdata;
    HASH_ADD(hh, client->links, id, sizeof(link->id), link);
    if (!link->hh.tbl) {
        free(link);
        return -ENOMEM;
    }
    link->listener = fc_steal_fd(&own);
    *linkp = link;
    tell_update(link);
    return 0;
}

struct gate_link *gate_link_free(struct gate_link *link)
{
    if (!link)
        return NULL;
    fc_closep(&link->listener);
    link->listener = -1;
    link->ops = NULL;
    tell_update(link);
    return NULL;
}

int gate_link_watch(struct gate_link *link, int fd, uint64_t cookie)
{
    struct client_watch *watch = link_find_watch(link, fd);

    if (!link->watches)
        link->watches = calloc(GATE_MAX_ARMED, sizeof(*link->watches));
    if (!link->watches || (!watch && link->n_watches == GATE_MAX_ARMED))
        return -ENOSPC;
    if (!watch)
        watch = &link->watches[link->n_watches++];
    *watch = (struct client_watch){.fd = fd, .cookie = cookie};
    tell_update(link);
    return 0;
}

void gate_link_forget(struct gate_link *link, int fd)
{
    struct client_watch *watch = link_find_watch(link, fd);

    if (watch)
        *watch = link->watches[--link->n_watches];
}

void gate_link_interrupt(struct gate_link *link)
{
    if (!link)
        return;
    link->is_interrupted = true;
    tell_update(link);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists what is mapped to what. */
#include "broker/control/routes.h"

#include <string.h>

#include "broker/control/private.h"
#include "broker/control/reply.h"
#include "broker/control/scope.h"
#include "broker/show/show.h"

/* A page of routes that is being filled. */
struct routes_page {
    struct control *control;
    const struct control_call *call;
    struct control_route *items;
    size_t n;
    size_t n_bytes;
    uint64_t passed; /* routes that the caller may see, on earlier pages and on this one */
    uint64_t from;
    bool is_full;
};

static void routes_add(struct routes_page *page, const struct fc_instance *from, uint32_t from_channel,
                       const struct route_target *to)
{
    struct control_route *item = &page->items[page->n];

    if (!control_may_see_route(page->call, from, to->instance))
        return;
    if (page->passed < page->from) {
        page->passed++;
        return;
    }
    *item = (struct control_route){.from = control_channel_name(page->control, from, from_channel),
                                   .to = control_channel_name(page->control, to->instance, to->channel)};
    page->n_bytes += strlen(item->from) + strlen(item->to) + 8;
    page->n++;
    page->passed++;
    page->is_full = page->n == CONTROL_MAX_ITEMS || page->n_bytes > CONTROL_MAX_PAGE;
}

/* Adds the routes of a channel; if `only` is given, those that begin or end there. */
static void routes_of(struct routes_page *page, const struct fc_instance *instance, uint32_t id,
                      const struct route_target *only)
{
    const struct channel *channel = &instance->channels[id];
    const struct router *router = &page->control->show->router;
    bool is_it = !only || (only->instance == instance && only->channel == id);

    for (uint32_t i = 0; i < channel->n_targets && !page->is_full; i++) {
        const struct route_target *target = &router->targets[channel->first_target + i];

        if (is_it || (target->instance == only->instance && target->channel == only->channel))
            routes_add(page, instance, id, target);
    }
}

bool control_routes(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply)
{
    const struct show *show = control->show;
    struct routes_page page = {.control = control, .call = call, .from = request->from};
    struct route_target only = {0};
    int64_t id = 0;

    if (request->n_names)
        id = control_find_channel(control, call, request->names[0], &only.instance, reply);
    if (id < 0)
        return true;
    only.channel = (uint32_t)id;
    page.items = arena_alloc(&control->texts, (CONTROL_MAX_ITEMS + 1) * sizeof(*page.items));
    for (size_t i = 0; page.items && i < show->n_instances && !page.is_full; i++) {
        for (uint32_t n = 0; n < show->instances[i]->n_channels && !page.is_full; n++)
            routes_of(&page, show->instances[i], n, request->n_names ? &only : NULL);
    }
    reply->routes = page.items;
    reply->n_routes = page.n;
    reply->next = page.is_full ? page.passed : 0;
    return true;
}

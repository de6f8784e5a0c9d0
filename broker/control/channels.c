/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists the channels of an instance, or of all that the caller may see, with their present values. */
#include "broker/control/channels.h"

#include <math.h>
#include <string.h>

#include "broker/control/private.h"
#include "broker/control/reply.h"
#include "broker/control/scope.h"
#include "broker/show/show.h"

#define CHANNELS_ITEMS      512 /* in one reply */
#define CHANNELS_ITEM_BYTES 24  /* of a channel, in addition to its name */

/* A page of channels that is being filled. */
struct channels_page {
    struct control *control;
    const struct control_call *call;
    struct control_channel *items;
    size_t n;
    size_t n_bytes;
    uint64_t passed; /* channels that the caller may see, on earlier pages and on this one */
    uint64_t from;
    bool is_full;
};

static void channels_add(struct channels_page *page, const struct fc_instance *instance, uint32_t id)
{
    double value = instance->values[id];
    unsigned directions = instance->channels[id].directions;
    struct control_channel *item = &page->items[page->n];
    struct fc_control shown;

    if (!control_may_see_channel(page->call, instance, id) || page->passed++ < page->from)
        return;
    *item = (struct control_channel){.channel = control_channel_name(page->control, instance, id),
                                     .is_source = directions & FC_SOURCE,
                                     .is_target = directions & FC_TARGET,
                                     .has_value = !isnan(value),
                                     .value = isnan(value) ? 0 : value};
    if (instance->backend->control &&
        instance->backend->control(instance->self, instance_channel_name(instance, id), &shown)) {
        item->kind = shown.kind;
        item->label = shown.label;
        item->place = shown.place;
        page->n_bytes += strlen(item->label);
    }
    page->n_bytes += strlen(item->channel) + CHANNELS_ITEM_BYTES;
    page->n++;
    page->is_full = page->n == CHANNELS_ITEMS || page->n_bytes > CONTROL_MAX_PAGE;
}

static void channels_of(struct channels_page *page, const struct fc_instance *instance)
{
    for (uint32_t id = 0; id < instance->n_channels && !page->is_full; id++)
        channels_add(page, instance, id);
}

/* Adds what a name stands for. Returns false, with the answer in `reply`, if that is nothing for this caller.
 */
static bool channels_named(struct channels_page *page, const char *name, struct control_reply *reply)
{
    struct fc_instance *instance = NULL;
    int64_t id;

    if (strchr(name, '.')) {
        id = control_find_channel(page->control, page->call, name, &instance, reply);
        if (id >= 0)
            channels_add(page, instance, (uint32_t)id);
        return id >= 0;
    }
    HASH_FIND_STR(page->control->show->by_name, name, instance);
    if (instance)
        channels_of(page, instance);
    /* to users, an instance of the house is there if they may see a channel of it */
    return page->passed || control_find(page->control, page->call, name, reply);
}

bool control_channels(struct control *control, const struct control_call *call,
                      const struct control_request *request, struct control_reply *reply)
{
    const struct show *show = control->show;
    struct channels_page page = {.control = control, .call = call, .from = request->from};

    page.items = arena_alloc(&control->texts, CHANNELS_ITEMS * sizeof(*page.items));
    if (!page.items)
        return true;
    if (request->n_names && !channels_named(&page, request->names[0], reply))
        return true;
    for (size_t i = 0; !request->n_names && i < show->n_instances && !page.is_full; i++)
        channels_of(&page, show->instances[i]);
    reply->channels = page.items;
    reply->n_channels = page.n;
    reply->next = page.is_full ? page.passed : 0;
    return true;
}

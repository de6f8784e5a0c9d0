/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks for pages that are gone while something is held, and only then. A page that opens its stream anew,
 * since it watches something else, has none for a moment: it is gone when it has had none for a while.
 */
#include "broker/desk/holds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/time.h"

#define HOLDS_SWEEP_NS (100 * FC_NS_PER_MS)
#define HOLDS_GONE_NS  FC_NS_PER_S /* without a stream of events */

struct hold {
    struct hold *next;
    struct desk_browser browser;
    uint64_t page;
    uint64_t seen_ns; /* when the page was last found open */
    char channel[CONTROL_MAX_NAME + 1];
};

static bool hold_is_of(const struct hold *hold, const struct desk_browser *browser, uint64_t page)
{
    return hold->page == page && memcmp(hold->browser.token, browser->token, sizeof(browser->token)) == 0;
}

static void hold_remove(struct hold **place)
{
    struct hold *hold = *place;

    *place = hold->next;
    free(hold);
}

static void holds_sweep(void *userdata)
{
    struct holds *holds = userdata;
    const struct holds_spec *spec = &holds->spec;
    uint64_t now_ns = fc_now_ns();

    for (struct hold **place = &holds->list; *place;) {
        struct hold *hold = *place;

        if (spec->is_open(spec->userdata, &hold->browser, hold->page))
            hold->seen_ns = now_ns;
        if (now_ns - hold->seen_ns >= HOLDS_GONE_NS &&
            spec->let_go(spec->userdata, &hold->browser, hold->channel))
            hold_remove(place);
        else
            place = &hold->next;
    }
    if (holds->list)
        loop_set_timer(spec->loop, &holds->sweep, now_ns + HOLDS_SWEEP_NS);
}

bool holds_begin(struct holds *holds, const struct desk_browser *browser, uint64_t page, const char *channel)
{
    struct hold *hold;
    size_t n = 0;

    for (hold = holds->list; hold; hold = hold->next) {
        if (!hold_is_of(hold, browser, page))
            continue;
        if (strcmp(hold->channel, channel) == 0)
            return true;
        n++;
    }
    if (n >= HOLDS_PER_PAGE || !holds->spec.is_open(holds->spec.userdata, browser, page))
        return false;
    hold = malloc(sizeof(*hold));
    if (!hold)
        return false;
    *hold = (struct hold){.next = holds->list, .browser = *browser, .page = page, .seen_ns = fc_now_ns()};
    snprintf(hold->channel, sizeof(hold->channel), "%s", channel);
    if (!holds->list)
        loop_set_timer(holds->spec.loop, &holds->sweep, hold->seen_ns + HOLDS_SWEEP_NS);
    holds->list = hold;
    return true;
}

void holds_end(struct holds *holds, const struct desk_browser *browser, uint64_t page, const char *channel)
{
    for (struct hold **place = &holds->list; *place; place = &(*place)->next) {
        if (!hold_is_of(*place, browser, page) || strcmp((*place)->channel, channel) != 0)
            continue;
        hold_remove(place);
        return;
    }
}

void holds_init(struct holds *holds, const struct holds_spec *spec)
{
    *holds = (struct holds){.spec = *spec, .sweep = {.fn = holds_sweep, .userdata = holds}};
}

void holds_deinit(struct holds *holds)
{
    loop_cancel_timer(holds->spec.loop, &holds->sweep);
    while (holds->list)
        hold_remove(&holds->list);
}

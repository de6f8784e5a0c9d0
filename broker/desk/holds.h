/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buttons that pages hold. When a page is gone that holds one, because its browser was killed or the
 * network ended, the button is let go on its behalf: with the rights of its browser, which the broker judges
 * as ever. In the desk.
 */
#ifndef BROKER_DESK_HOLDS_H
#define BROKER_DESK_HOLDS_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/base/loop.h"
#include "proto/desk_messages.h"

#define HOLDS_PER_PAGE 32

struct hold;

struct holds_spec {
    struct loop *loop;
    /* Returns whether the page of this number is open in this browser. */
    bool (*is_open)(void *userdata, const struct desk_browser *browser, uint64_t page);
    /* Asks the broker to set a channel to 0. False if that cannot be now. */
    bool (*let_go)(void *userdata, const struct desk_browser *browser, const char *channel);
    void *userdata;
};

struct holds {
    struct holds_spec spec;
    struct hold *list;
    struct timer sweep;
};

void holds_init(struct holds *holds, const struct holds_spec *spec);
void holds_deinit(struct holds *holds);

/* Notes that an open page holds a channel. False if it holds too many, or it is not open. */
bool holds_begin(struct holds *holds, const struct desk_browser *browser, uint64_t page, const char *channel);

/* Notes that it does not, or no longer. */
void holds_end(struct holds *holds, const struct desk_browser *browser, uint64_t page, const char *channel);

#endif

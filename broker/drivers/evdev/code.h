/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of events, as <linux/input-event-codes.h> has them: EV_KEY.KEY_A. The table is made of that header
 * when the program is built, so that nothing of libevdev is needed to check a configuration. Pure; in the
 * broker and drivers.
 */
#ifndef BROKER_DRIVERS_EVDEV_CODE_H
#define BROKER_DRIVERS_EVDEV_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "firecurtain/backend.h"

/* What an event is about: its type, and which key or axis. */
struct code {
    uint16_t type;
    uint16_t code;
};

struct code_name {
    const char *name;
    struct code code;
};

/* All names of codes, made by codes.py. Of several names for a code, the usual one comes first. */
extern const struct code_name code_names[];
extern const size_t code_n_names;

/* Reads `EV_TYPE.CODE`, of which either part may be a number. -EINVAL with `reason`. */
int code_read(struct code *code, const char *text, struct fc_reason *reason);

/* Reads the name or number of a code of a type. -EINVAL with `reason`. */
int code_read_of(uint16_t type, const char *text, struct code *code, struct fc_reason *reason);

/* Writes it with its usual names, or with a number if there is none. */
void code_write(const struct code *code, char *text, size_t bytes);

static inline bool code_is(const struct code *a, uint16_t type, uint16_t code)
{
    return a->type == type && a->code == code;
}

#endif

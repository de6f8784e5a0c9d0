/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of events. Pure; in the broker and drivers. */
#include "broker/drivers/evdev/code.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/suggest.h"

/* The types whose events have values of which a show can make something. */
static const struct code_type {
    const char *name;
    uint16_t type;
    uint16_t most; /* of its codes */
} code_types[] = {
    {"EV_KEY", EV_KEY, KEY_MAX}, {"EV_REL", EV_REL, REL_MAX}, {"EV_ABS", EV_ABS, ABS_MAX},
    {"EV_MSC", EV_MSC, MSC_MAX}, {"EV_SW", EV_SW, SW_MAX},    {"EV_LED", EV_LED, LED_MAX},
    {"EV_SND", EV_SND, SND_MAX},
};

/* Reads a number, decimal or with 0x; -1: it is none, or more than `most`. */
static long code_number(const char *text, uint16_t most)
{
    char *end;
    long number;

    if (text[0] < '0' || text[0] > '9')
        return -1;
    number = strtol(text, &end, strncmp(text, "0x", 2) == 0 ? 16 : 10);
    return *end || number > most ? -1 : number;
}

static const struct code_type *code_type(uint16_t type)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(code_types); i++) {
        if (code_types[i].type == type)
            return &code_types[i];
    }
    return NULL;
}

static const char *code_type_name(const void *userdata, size_t i)
{
    (void)userdata;
    return i < FC_ARRAY_SIZE(code_types) ? code_types[i].name : NULL;
}

static const struct code_type *code_read_type(const char *text, struct fc_reason *reason)
{
    char hint[FC_HINT_BYTES];
    long number = code_number(text, EV_MAX);

    for (size_t i = 0; i < FC_ARRAY_SIZE(code_types); i++) {
        if (strcmp(code_types[i].name, text) == 0)
            return &code_types[i];
    }
    if (number >= 0 && code_type((uint16_t)number))
        return code_type((uint16_t)number);
    fc_refuse(reason, "\"%.40s\" is not a type of events; %s", text,
              fc_suggest(hint, sizeof(hint), text, code_type_name, NULL)
                  ?: "those are EV_KEY, EV_REL, EV_ABS, EV_MSC, EV_SW, EV_LED and EV_SND");
    return NULL;
}

/* The names of a type, of which each is offered. */
static const char *code_name_of(const void *userdata, size_t i)
{
    const uint16_t *type = userdata;

    for (size_t n = 0; n < code_n_names; n++) {
        if (code_names[n].code.type == *type && i-- == 0)
            return code_names[n].name;
    }
    return NULL;
}

int code_read_of(uint16_t type, const char *text, struct code *code, struct fc_reason *reason)
{
    const struct code_type *known = code_type(type);
    long number = code_number(text, known->most);
    char hint[FC_HINT_BYTES];

    for (size_t i = 0; i < code_n_names; i++) {
        if (code_names[i].code.type == type && strcmp(code_names[i].name, text) == 0) {
            *code = code_names[i].code;
            return 0;
        }
    }
    if (number < 0)
        return fc_refuse(reason, "\"%.40s\" is not a code of %s; %s", text, known->name,
                         fc_suggest(hint, sizeof(hint), text, code_name_of, &type)
                             ?: "evtest shows those of a device");
    *code = (struct code){.type = type, .code = (uint16_t)number};
    return 0;
}

int code_read(struct code *code, const char *text, struct fc_reason *reason)
{
    const char *dot = strchr(text, '.');
    char name[32];
    const struct code_type *type;

    if (!dot || dot == text || !dot[1])
        return fc_refuse(reason,
                         "\"%.80s\" is not a channel: those are a type and a code, such as EV_KEY.KEY_A, and "
                         "alive",
                         text);
    snprintf(name, sizeof(name), "%.*s", (int)(dot - text), text);
    type = code_read_type(name, reason);
    return type ? code_read_of(type->type, dot + 1, code, reason) : -EINVAL;
}

void code_write(const struct code *code, char *text, size_t bytes)
{
    const struct code_type *type = code_type(code->type);

    for (size_t i = 0; type && i < code_n_names; i++) {
        if (code_is(&code_names[i].code, code->type, code->code)) {
            snprintf(text, bytes, "%s.%s", type->name, code_names[i].name);
            return;
        }
    }
    if (type)
        snprintf(text, bytes, "%s.%u", type->name, code->code);
    else
        snprintf(text, bytes, "%u.%u", code->type, code->code);
}

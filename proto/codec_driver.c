/* SPDX-License-Identifier: BSD-2-Clause */
/* Encodes and decodes what only drivers are told, and tell; in the broker and drivers. */
#include "proto/codec_driver.h"

#include <errno.h>

#include "proto/arena.h"
#include "proto/codec_name.h"
#include "proto/worker.pb-c.h"

/* protobuf-c takes a missing text for an empty one only if it is not NULL. */
static char *driver_text(const char *text)
{
    return (char *)(text ? text : "");
}

int codec_prepare_driver(struct arena *arena, const struct message_setup *from, Firecurtain__Setup *setup)
{
    setup->backend = driver_text(from->backend);
    setup->folder = driver_text(from->folder);
    setup->hosts = driver_text(from->hosts);
    setup->failed = driver_text(from->failed);
    setup->probe = from->is_probe;
    setup->n_options = from->n_options;
    setup->options = arena_alloc(arena, from->n_options * sizeof(*setup->options));
    if (!setup->options)
        return -ENOMEM;
    for (size_t i = 0; i < from->n_options; i++) {
        Firecurtain__Option *option = arena_alloc(arena, sizeof(*option));

        if (!option)
            return -ENOMEM;
        firecurtain__option__init(option);
        option->scope = from->options[i].scope;
        option->name = driver_text(from->options[i].name);
        option->value = driver_text(from->options[i].value);
        setup->options[i] = option;
    }
    return 0;
}

int codec_prepare_device(struct arena *arena, const struct message_device *from, Firecurtain__Report *report)
{
    Firecurtain__Device *device;

    if (!from)
        return 0;
    device = arena_alloc(arena, sizeof(*device));
    if (!device)
        return -ENOMEM;
    firecurtain__device__init(device);
    device->up = from->is_up;
    device->status = driver_text(from->status);
    device->malformed = from->malformed;
    report->device = device;
    return 0;
}

int codec_take_driver(struct arena *arena, const Firecurtain__Setup *from, struct message_setup *setup)
{
    struct message_option *options = arena_alloc(arena, from->n_options * sizeof(*options));

    if (!options)
        return -EMSGSIZE;
    for (size_t i = 0; i < from->n_options; i++)
        options[i] = (struct message_option){.scope = from->options[i]->scope,
                                             .name = from->options[i]->name,
                                             .value = from->options[i]->value};
    setup->backend = from->backend;
    setup->folder = from->folder;
    setup->hosts = from->hosts;
    setup->failed = from->failed;
    setup->is_probe = from->probe;
    setup->options = options;
    setup->n_options = from->n_options;
    return 0;
}

int codec_take_device(struct arena *arena, const Firecurtain__Report *from, struct message_report *report)
{
    struct message_device *device;

    report->device = NULL;
    if (!from->device)
        return 0;
    if (from->device->status[0] && !codec_is_name(from->device->status))
        return -EBADMSG;
    device = arena_alloc(arena, sizeof(*device));
    if (!device)
        return -EMSGSIZE;
    *device = (struct message_device){.is_up = from->device->up,
                                      .status = from->device->status,
                                      .malformed = from->device->malformed};
    report->device = device;
    return 0;
}

bool codec_report_fits_driver(const struct message_report *report)
{
    return !report->n_new_channels && !report->n_intervals && !report->n_sockets && !report->n_files &&
           !report->ticked.n && !report->exceptions;
}

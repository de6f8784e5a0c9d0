/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of messages that only drivers have. In the broker and drivers. */
#ifndef PROTO_CODEC_DRIVER_H
#define PROTO_CODEC_DRIVER_H

#include "proto/codec.h"

struct Firecurtain__Report; /* generated */
struct Firecurtain__Setup;
struct arena;

/* For codec.c: points the generated structures at what the caller has. 0 or -ENOMEM. */
int codec_prepare_driver(struct arena *arena, const struct message_setup *from,
                         struct Firecurtain__Setup *setup);
int codec_prepare_device(struct arena *arena, const struct message_device *from,
                         struct Firecurtain__Report *report);

/* The way back. 0; -EBADMSG if it is malformed, -EMSGSIZE if it is too large. */
int codec_take_driver(struct arena *arena, const struct Firecurtain__Setup *from,
                      struct message_setup *setup);
int codec_take_device(struct arena *arena, const struct Firecurtain__Report *from,
                      struct message_report *report);

/* Tells whether a report says nothing that only scripts have: intervals, sockets, files, new channels. */
bool codec_report_fits_driver(const struct message_report *report);

#endif

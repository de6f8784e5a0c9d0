/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of message types, for the log; and which names channels and files may have, on both sides of the
 * link. */
#ifndef PROTO_CODEC_NAME_H
#define PROTO_CODEC_NAME_H

#include "proto/codec.h"

/* Returns the name of a message type for the log, such as "batch". */
const char *message_name(enum message_type type);

/*
 * Tells whether a text can be the name of a channel or file: neither empty nor too long, UTF-8 without
 * control characters. A message from a worker with any other name is malformed.
 */
bool codec_is_name(const char *text);

#endif

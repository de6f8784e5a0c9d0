/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of message types, for the log; which names channels and files may have, on both sides of the link;
 * and texts that may be anything. */
#ifndef PROTO_CODEC_NAME_H
#define PROTO_CODEC_NAME_H

#include "proto/codec.h"

struct arena;

/* Returns the name of a message type for the log, such as "batch". */
const char *message_name(enum message_type type);

/*
 * Tells whether a text can be the name of a channel or file: neither empty nor too long, UTF-8 without
 * control characters. A message from a worker with any other name is malformed.
 */
bool codec_is_name(const char *text);

/*
 * Returns a text as a string of protobuf, which is UTF-8: parsers other than ours refuse a whole message that
 * has another one. What is not UTF-8 becomes a question mark, in a copy in the arena; "" if there is no room.
 */
const char *codec_utf8(struct arena *arena, const char *text);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of sACN sources, which come from the network and are shown to people. Pure; used in the broker. */
#ifndef BROKER_BACKENDS_SACN_NAME_H
#define BROKER_BACKENDS_SACN_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "broker/backends/sacn_codec.h"

/* Copies a name up to its NUL: what is not UTF-8, or a control character, becomes a question mark. */
void sacn_name_read(char name[SACN_NAME_BYTES], const uint8_t field[SACN_NAME_BYTES]);

/* Writes `address (name)`, or only the address if the name is empty, cut at a whole character. */
void sacn_name_with_address(char *text, size_t bytes, const char *address, const char *name);

#endif

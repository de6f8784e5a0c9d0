/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tells this installation apart from others: 16 random bytes in the file `identity` of the state folder,
 * made by the first broker. Used in the broker: opened before it is confined.
 */
#ifndef BROKER_OS_IDENTITY_H
#define BROKER_OS_IDENTITY_H

#include <stdint.h>

#define IDENTITY_BYTES 16

/*
 * Reads the file, or makes it. A file that does not hold an identity is left alone, and a random one used
 * instead, which the log says. 0 or -errno.
 */
int identity_open(const char *state_folder, uint8_t identity[IDENTITY_BYTES]);

/* Makes the identity of one of an installation's shows, in the form of a UUID. */
void identity_of_show(const uint8_t installation[IDENTITY_BYTES], const char *show,
                      uint8_t identity[IDENTITY_BYTES]);

#endif

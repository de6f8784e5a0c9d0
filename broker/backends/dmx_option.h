/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that the DMX protocols have in common, from text. Pure; used in the broker. */
#ifndef BROKER_BACKENDS_DMX_OPTION_H
#define BROKER_BACKENDS_DMX_OPTION_H

#include "firecurtain/backend.h"

/* Reads a number as the original does: decimal, hexadecimal or octal. -EINVAL with `reason` filled. */
int dmx_option_number(unsigned *number, const char *option, const char *value, unsigned lowest,
                      unsigned highest, struct fc_reason *reason);

/* Reads what `detect` may be, where verbose is the same as on. -EINVAL with `reason` filled. */
int dmx_option_detect(bool *detect, const char *value, struct fc_reason *reason);

#endif

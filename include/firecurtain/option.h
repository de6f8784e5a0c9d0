/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds of values that options of many backends have. Pure; as the slot `configure` of backend.h. */
#ifndef FIRECURTAIN_OPTION_H
#define FIRECURTAIN_OPTION_H

#include "firecurtain/backend.h"

/*
 * Reads a switch: on, yes, true or 1; off, no, false or 0. 0, or -EINVAL with `reason`, and then `*is_on` is
 * as it was.
 */
int fc_option_switch(bool *is_on, const char *option, const char *value, struct fc_reason *reason);

/* Reads the option `detect` as MIDIMonster does: whatever is no word of a switch means on. 0, or FC_DOUBT
 * with `reason`. */
int fc_option_detect(bool *detects, const char *value, struct fc_reason *reason);

#endif

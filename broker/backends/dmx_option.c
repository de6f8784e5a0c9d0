/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers and `detect` from text. Pure; used in the broker. */
#include "broker/backends/dmx_option.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/option.h"

int dmx_option_number(unsigned *number, const char *option, const char *value, unsigned lowest,
                      unsigned highest, struct fc_reason *reason)
{
    char *end = NULL;
    unsigned long read = value[0] >= '0' && value[0] <= '9' ? strtoul(value, &end, 0) : ULONG_MAX;

    if (!end || *end || read < lowest || read > highest)
        return fc_refuse(reason, "%s is a number from %u to %u, not \"%.40s\"", option, lowest, highest,
                         value);
    *number = (unsigned)read;
    return 0;
}

int dmx_option_detect(bool *detect, const char *value, struct fc_reason *reason)
{
    *detect = strcmp(value, "verbose") == 0;
    if (*detect || fc_option_switch(detect, "detect", value, reason) == 0)
        return 0;
    return fc_refuse(reason, "detect is on, verbose or off, not \"%.40s\"", value);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* fc_refuse() and fc_doubt() of firecurtain/backend.h: also the folders below the show need them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "firecurtain/backend.h"

int fc_refuse(struct fc_reason *reason, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reason->text, sizeof(reason->text), format, args);
    va_end(args);
    return -EINVAL;
}

int fc_doubt(struct fc_reason *reason, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reason->text, sizeof(reason->text), format, args);
    va_end(args);
    return FC_DOUBT;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* fc_refuse() of firecurtain/backend.h: also the folders below the show need it. */
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* The one function of the backends' contract that everything below the show needs, too. */
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

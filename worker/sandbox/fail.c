/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors of the sandbox's layers. */
#include "worker/sandbox/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int sandbox_fail(struct sandbox_error *error, const char *layer, const char *format, ...)
{
    va_list args;

    error->layer = layer;
    error->error = errno;
    va_start(args, format);
    vsnprintf(error->what, sizeof(error->what), format, args);
    va_end(args);
    return -error->error;
}

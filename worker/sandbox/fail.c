/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors of the sandbox's layers. */
#include "worker/sandbox/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "firecurtain/cleanup.h"
#include "proto/kernel.h"

#define FAIL_ADVICE "; a system call filter may refuse it: in a container its seccomp profile, in a service "

/* By layer: the options of systemd's units that take away what it needs. */
static const struct {
    const char *layer;
    const char *advice;
} fail_advice[] = {
    {"identity", FAIL_ADVICE "ProtectHostname=, PrivateUsers= or SystemCallFilter="},
    {"limits", FAIL_ADVICE "SystemCallFilter="},
    {"private root", FAIL_ADVICE "RestrictSUIDSGID=, RestrictNamespaces= or SystemCallFilter="},
    {"capabilities", FAIL_ADVICE "SystemCallFilter="},
    {"Landlock", FAIL_ADVICE "SystemCallFilter="},
    {"system calls", FAIL_ADVICE "SystemCallFilter="},
};

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

const char *sandbox_advice(const struct sandbox_error *error)
{
    for (size_t i = 0; kernel_refuses(error->error) && i < FC_ARRAY_SIZE(fail_advice); i++) {
        if (strcmp(fail_advice[i].layer, error->layer) == 0)
            return fail_advice[i].advice;
    }
    return "";
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that runs out when a test wants it. For programs linked with --wrap for the functions below.
 */
#ifndef TESTS_UNIT_SCARCE_MEMORY_H
#define TESTS_UNIT_SCARCE_MEMORY_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Allocations that still succeed; negative: all. */
static long left = -1;

static bool refused(void)
{
    if (left < 0)
        return false;
    if (left == 0) {
        errno = ENOMEM;
        return true;
    }
    left--;
    return false;
}

#define WRAP(result, name, parameters, arguments)                                                            \
    result __real_##name parameters;                                                                         \
    result __wrap_##name parameters;                                                                         \
    result __wrap_##name parameters                                                                          \
    {                                                                                                        \
        return refused() ? NULL : __real_##name arguments;                                                   \
    }

WRAP(void *, malloc, (size_t bytes), (bytes))
WRAP(void *, calloc, (size_t n, size_t bytes), (n, bytes))
WRAP(void *, realloc, (void *old, size_t bytes), (old, bytes))
WRAP(void *, reallocarray, (void *old, size_t n, size_t bytes), (old, n, bytes))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t bytes), (text, bytes))
WRAP(char *, realpath, (const char *path, char *resolved), (path, resolved))

int __real_vasprintf(char **text, const char *format, va_list arguments);
int __wrap_vasprintf(char **text, const char *format, va_list arguments);
int __wrap_vasprintf(char **text, const char *format, va_list arguments)
{
    return refused() ? -1 : __real_vasprintf(text, format, arguments);
}

/* Under _FORTIFY_SOURCE asprintf() calls another function, and then only the others can fail. */
int __wrap_asprintf(char **text, const char *format, ...);
int __wrap_asprintf(char **text, const char *format, ...)
{
    va_list arguments;
    int r = -1;

    va_start(arguments, format);
    if (!refused())
        r = __real_vasprintf(text, format, arguments);
    va_end(arguments);
    return r;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes what belongs together at once, which keeps lines of several threads apart. */
#include "worker/base/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void say(const char *format, ...)
{
    char line[1024];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    if (n < 0)
        return;
    if (n > (int)sizeof(line) - 2)
        n = (int)sizeof(line) - 2;
    line[n++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        return; /* the broker is gone, and with it the log */
}

#define SAY_CONTINUED "<3+>" /* the broker keeps the line with the one before */
#define SAY_LINE      1000

static void say_write(const char *text, size_t bytes)
{
    if (write(STDERR_FILENO, text, bytes) < 0)
        return; /* the broker is gone, and with it the log */
}

void say_together(const char *first, const char *text)
{
    char out[16384];
    size_t n = (size_t)snprintf(out, sizeof(out), SAY_ERROR "%.*s\n", SAY_LINE, first), line;

    for (; *text; text += line + (text[line] == '\n')) {
        line = strcspn(text, "\n");
        if (n + sizeof(SAY_CONTINUED) + SAY_LINE > sizeof(out))
            say_write(out, n), n = 0;
        if (line > 0)
            n += (size_t)snprintf(out + n, sizeof(out) - n, SAY_CONTINUED "%.*s\n",
                                  line > SAY_LINE ? SAY_LINE : (int)line, text);
    }
    say_write(out, n);
}

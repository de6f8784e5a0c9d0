/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes lines with a priority in front, see sd-daemon(3). */
#include "broker/desk/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#define SAY_MOST 512

void say_warning(const char *format, ...)
{
    char text[SAY_MOST];
    va_list args;
    int n = snprintf(text, sizeof(text), "<%d>", LOG_WARNING);
    int room = (int)sizeof(text) - n - 1;
    int more;

    va_start(args, format);
    more = vsnprintf(text + n, (size_t)room, format, args);
    va_end(args);
    n += more < 0 ? 0 : more < room ? more : room - 1;
    text[n++] = '\n';
    if (write(STDERR_FILENO, text, (size_t)n) < 0)
        return; /* nobody reads the log */
}

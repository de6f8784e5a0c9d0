/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads numbers, percentages and paths. */
#include "broker/base/option_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool option_value_clean_path(char *path)
{
    char *end = path;

    for (const char *part = path; *part;) {
        size_t n;

        part += strspn(part, "/");
        n = strcspn(part, "/");
        if (n == 2 && part[0] == '.' && part[1] == '.')
            return false;
        if (n > 1 || (n == 1 && part[0] != '.')) {
            *end++ = '/';
            memmove(end, part, n);
            end += n;
        }
        part += n;
    }
    *end = '\0';
    return end > path;
}

int option_value_number(const char *value, uint64_t min, uint64_t max, bool sizes, uint64_t *number,
                        struct fc_reason *reason)
{
    static const char units[] = "kmg";
    const char *unit = NULL;
    char *end;

    errno = 0;
    *number = strtoull(value, &end, 10);
    if (sizes && *end)
        unit = strchr(units, tolower((unsigned char)*end));
    if (unit) {
        unsigned shift = 10 * (unsigned)(unit - units + 1);

        *number = *number > max >> shift ? max + 1 : *number << shift;
        end++;
    }
    if (!isdigit((unsigned char)value[0]) || *end || errno || *number < min || *number > max)
        return fc_refuse(reason, "\"%.50s\" is not a number from %llu to %llu%s", value,
                         (unsigned long long)min, (unsigned long long)max,
                         sizes ? " (k, M and G may follow)" : "");
    return 0;
}

int option_value_percent(const char *value, uint64_t *percent, struct fc_reason *reason)
{
    size_t n = strlen(value);
    char number[16];

    if (n < 2 || n > sizeof(number) || value[n - 1] != '%')
        return fc_refuse(reason, "cpu is a percentage of one core, such as 50%%, not \"%.50s\"", value);
    snprintf(number, sizeof(number), "%.*s", (int)n - 1, value);
    return option_value_number(number, 1, 10000, false, percent, reason);
}

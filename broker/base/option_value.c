/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads numbers, percentages, switches and paths. */
#include "broker/base/option_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/option.h"

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

/* Writes a size as in an option: 512M. */
static const char *option_value_size(uint64_t bytes, char *text, size_t n)
{
    static const char *const units[] = {"", "k", "M", "G", "T"};
    unsigned unit = 0;

    for (; unit < 4 && bytes && bytes % 1024 == 0; unit++)
        bytes /= 1024;
    if (unit == 4)
        snprintf(text, n, "%lluG", (unsigned long long)bytes * 1024);
    else
        snprintf(text, n, "%llu%s", (unsigned long long)bytes, units[unit]);
    return text;
}

/* Refuses what is no size, or none in the range. */
static int option_value_refuse_size(const char *value, uint64_t min, uint64_t max, struct fc_reason *reason)
{
    char least[32], most[32];

    option_value_size(min, least, sizeof(least));
    if (max >= UINT64_C(1) << 60)
        return fc_refuse(
            reason, "\"%.50s\" is not a size of at least %s, such as 512M (k, M and G may follow the number)",
            value, least);
    return fc_refuse(reason,
                     "\"%.50s\" is not a size from %s to %s, such as 512M (k, M and G may follow the number)",
                     value, least, option_value_size(max, most, sizeof(most)));
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
    if (isdigit((unsigned char)value[0]) && !*end && !errno && *number >= min && *number <= max)
        return 0;
    if (sizes)
        return option_value_refuse_size(value, min, max, reason);
    return fc_refuse(reason, "\"%.50s\" is not a number from %llu to %llu", value, (unsigned long long)min,
                     (unsigned long long)max);
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

int fc_option_switch(bool *is_on, const char *option, const char *value, struct fc_reason *reason)
{
    static const char *const words[][2] = {{"off", "on"}, {"no", "yes"}, {"false", "true"}, {"0", "1"}};

    for (size_t i = 0; i < FC_ARRAY_SIZE(words); i++) {
        bool is_second = strcmp(value, words[i][1]) == 0;

        if (!is_second && strcmp(value, words[i][0]) != 0)
            continue;
        *is_on = is_second;
        return 0;
    }
    return fc_refuse(reason, "%s is on or off, not \"%.40s\"", option, value);
}

int fc_option_detect(bool *detects, const char *value, struct fc_reason *reason)
{
    if (fc_option_switch(detects, "detect", value, reason) == 0)
        return 0;
    *detects = true;
    return fc_doubt(reason, "detect is on or off; \"%.40s\" means on", value);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads names of channels, and writes them in one spelling. */
#include "broker/backends/osc_name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads the number after a colon, which `digits` is. */
static int read_index(const char *name, const char *digits, size_t *n, struct fc_reason *reason)
{
    if (!*digits || digits[strspn(digits, "0123456789")])
        return fc_refuse(
            reason,
            "\"%.60s\": a number must follow the last colon, that of a value, counted from 0; if "
            "the address itself has a colon, put it in quotes: \"%.60s\"",
            name, name);
    *n = strtoul(digits, NULL, 10);
    return 0;
}

/* Returns the end of the address in a channel's name: its last colon, or what follows its quotes. NULL if
 * these are not closed. */
static const char *find_path_end(const char *name)
{
    const char *end = strrchr(name, *name == '"' ? '"' : ':');

    if (*name == '"')
        return end == name ? NULL : end + 1;
    return end ? end : name + strlen(name);
}

/* Refuses an address, and shows the quotes if they would allow it. */
static int refuse_address(const char *path, const char *complaint, struct fc_reason *reason)
{
    if (osc_pattern_complaint(path, OSC_PATTERN_ANY_NAME))
        return fc_refuse(reason, "\"%.100s\" is not an OSC address: %s", path, complaint);
    return fc_refuse(reason, "\"%.80s\" is not an OSC address: %s, as in INSTANCE.\"%.80s\"", path, complaint,
                     path);
}

int osc_name_read(struct osc_name *parsed, const char *name, struct fc_reason *reason)
{
    const char *end = find_path_end(name);
    size_t quotes = *name == '"';
    const char *complaint;
    size_t length;

    if (!end)
        return fc_refuse(reason, "%.100s: the quotation mark at the end is missing", name);
    if (quotes && *end && *end != ':')
        return fc_refuse(reason,
                         "%.100s: after the quotation mark at the end may only be a colon and a number",
                         name);
    length = (size_t)(end - name) - 2 * quotes;
    if (length >= sizeof(parsed->path))
        return fc_refuse(reason, "\"%.100s…\" is not an OSC address: it is too long", name);
    memcpy(parsed->path, name + quotes, length);
    parsed->path[length] = '\0';
    parsed->n = 0;
    complaint = osc_pattern_complaint(parsed->path, quotes ? OSC_PATTERN_ANY_NAME : OSC_PATTERN_ADDRESS);
    if (complaint)
        return refuse_address(parsed->path, complaint, reason);
    return *end ? read_index(name, end + 1, &parsed->n, reason) : 0;
}

int osc_name_canonical(const char *name, char *canonical, size_t bytes, struct fc_reason *reason)
{
    struct osc_name parsed;
    const char *quote;
    int length;
    int r = osc_name_read(&parsed, name, reason);

    if (r < 0)
        return r;
    quote = osc_pattern_complaint(parsed.path, OSC_PATTERN_ADDRESS) ? "\"" : "";
    /* if the path itself has a colon, what follows that would be the number without this one */
    if (parsed.n == 0 && (*quote || !strchr(parsed.path, ':')))
        length = snprintf(canonical, bytes, "%s%s%s", quote, parsed.path, quote);
    else
        length = snprintf(canonical, bytes, "%s%s%s:%zu", quote, parsed.path, quote, parsed.n);
    if (length < 0 || (size_t)length >= bytes)
        return fc_refuse(reason, "\"%.100s…\" is too long", name);
    return 0;
}

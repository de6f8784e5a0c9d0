/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of devices, as people see them in `aconnect -l`. Pure; in drivers. */
#include "broker/drivers/midi/match.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    MATCH_NONE,
    MATCH_BEGINNING, /* of a name */
    MATCH_CLIENT,
    MATCH_PORT,
    MATCH_BOTH, /* client and port */
};

/* Whether a text of `n` bytes is a number, and this one. */
static bool match_number(const char *text, size_t n, int number)
{
    return n > 0 && n < 6 && strspn(text, "0123456789") >= n && atoi(text) == number;
}

/* Whether a text of `n` bytes is the number or the name. */
static bool match_one(const char *text, size_t n, int number, const char *name)
{
    return match_number(text, n, number) || (strlen(name) == n && strncmp(text, name, n) == 0);
}

/* Names may have colons themselves, so each of them may be the one between client and port. */
static bool match_both(const char *name, const struct alsa_found *found)
{
    for (const char *colon = strchr(name, ':'); colon; colon = strchr(colon + 1, ':')) {
        if (match_one(name, (size_t)(colon - name), found->client, found->client_name) &&
            match_one(colon + 1, strlen(colon + 1), found->port, found->port_name))
            return true;
    }
    return false;
}

unsigned alsa_match(const char *name, const struct alsa_found *found)
{
    size_t n = strlen(name);

    if (match_both(name, found))
        return MATCH_BOTH;
    if (strcmp(name, found->port_name) == 0)
        return MATCH_PORT;
    if (match_one(name, n, found->client, found->client_name))
        return MATCH_CLIENT;
    if (strncmp(name, found->client_name, n) == 0 || strncmp(name, found->port_name, n) == 0)
        return MATCH_BEGINNING;
    return MATCH_NONE;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares names without regard to case; a port says nothing, since a proxy may have another one. */
#include "broker/desk/origin.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define ORIGIN_MAX_HOST 256

/* Copies the host without its port and brackets. False if it is none. */
static bool origin_split(const char *host, char name[ORIGIN_MAX_HOST])
{
    bool is_six = host[0] == '[';
    size_t n = strcspn(host + is_six, is_six ? "]" : ":");
    const char *rest = host + is_six + n;

    if (!n || n >= ORIGIN_MAX_HOST || (is_six && *rest++ != ']'))
        return false;
    memcpy(name, host + is_six, n);
    name[n] = '\0';
    return !*rest || (*rest == ':' && strspn(rest + 1, "0123456789") == strlen(rest + 1));
}

static bool origin_is_in(const char *name, const char *names)
{
    size_t n = strlen(name);

    while (*names) {
        size_t length = strcspn(names, " ");

        if (length == n && strncasecmp(names, name, n) == 0)
            return true;
        names += length + strspn(names + length, " ");
    }
    return false;
}

bool origin_is_host(const char *host, const char *names)
{
    char name[ORIGIN_MAX_HOST];
    struct in6_addr address;

    if (!host || !origin_split(host, name))
        return false;
    return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1 ||
           strcasecmp(name, "localhost") == 0 || origin_is_in(name, names);
}

bool origin_is_own(const char *origin, const char *host)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; origin && host && i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t n = strlen(schemes[i]);

        if (strncmp(origin, schemes[i], n) == 0 && strcasecmp(origin + n, host) == 0)
            return true;
    }
    return false;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for getaddrinfo() in drivers, also for their libraries: it opens no file and asks no server.
 * Where a name has several addresses, each call begins with another one, since libraries may try only the
 * first.
 */
#include "broker/host/names.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX_BYTES 256

typedef int (*names_fn)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static char *names_hosts; /* lines of an address, a blank and a name */
static unsigned names_turn;

int names_set(const char *hosts)
{
    free(names_hosts);
    names_hosts = strdup(hosts);
    return names_hosts ? 0 : -ENOMEM;
}

/* The C library's, which needs nothing for an address. */
static int names_address(const char *address, const char *service, const struct addrinfo *hints,
                         struct addrinfo **list)
{
    names_fn next = (names_fn)dlsym(RTLD_NEXT, "getaddrinfo");
    struct addrinfo numeric = hints ? *hints : (struct addrinfo){0};

    numeric.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | (numeric.ai_flags & AI_PASSIVE);
    return next ? next(address, service, &numeric, list) : EAI_SYSTEM;
}

/* Puts what follows a number of entries before them. */
static struct addrinfo *names_rotate(struct addrinfo *list, unsigned n)
{
    struct addrinfo **link = &list, *first, *last;

    for (unsigned i = 0; i < n; i++)
        link = &(*link)->ai_next;
    first = *link;
    *link = NULL;
    for (last = first; last->ai_next; last = last->ai_next)
        ;
    last->ai_next = list;
    return first;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    struct addrinfo *list = NULL, **end = &list;
    char address[NAMES_MAX_BYTES], known[NAMES_MAX_BYTES];
    unsigned n = 0;

    if (names_address(name, service, hints, result) == 0)
        return 0;
    for (const char *line = names_hosts; name && line && *line;
         line = strchrnul(line, '\n'), line += *line != 0) {
        if (sscanf(line, "%255[^ \n] %255[^ \n]", address, known) != 2 || strcasecmp(known, name) != 0 ||
            names_address(address, service, hints, end) != 0)
            continue;
        for (; *end; end = &(*end)->ai_next)
            n++;
    }
    if (!list)
        return EAI_NONAME;
    *result = names_rotate(list, names_turn++ % n);
    return 0;
}

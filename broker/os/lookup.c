/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers numeric addresses at once, and has names looked up. Every list is one block, to be freed alike. */
#include "broker/os/lookup.h"

#include <stdlib.h>
#include <string.h>

static lookup_fn lookup_there;
static struct keeper *lookup_keeper;

void lookup_by(lookup_fn lookup, struct keeper *keeper)
{
    lookup_there = lookup;
    lookup_keeper = keeper;
}

/* An entry of a list, and its address. */
struct lookup_entry {
    struct addrinfo info;
    struct sockaddr_storage storage;
};

static struct addrinfo *lookup_copy(const struct addrinfo *list)
{
    struct lookup_entry *entries;
    size_t n = 0, i = 0;

    for (const struct addrinfo *info = list; info; info = info->ai_next)
        n++;
    entries = calloc(n, sizeof(*entries));
    for (; entries && list; list = list->ai_next, i++) {
        entries[i].info = *list;
        entries[i].info.ai_canonname = NULL;
        memcpy(&entries[i].storage, list->ai_addr, list->ai_addrlen);
        entries[i].info.ai_addr = (struct sockaddr *)&entries[i].storage;
        entries[i].info.ai_next = list->ai_next ? &entries[i + 1].info : NULL;
    }
    return entries ? &entries[0].info : NULL;
}

static int lookup_here(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **list)
{
    struct addrinfo *found = NULL;
    int r = getaddrinfo(host, port, hints, &found);

    if (r != 0)
        return r;
    *list = lookup_copy(found);
    freeaddrinfo(found);
    return *list ? 0 : EAI_MEMORY;
}

int fc_lookup(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **list)
{
    struct addrinfo numeric = *hints;
    int r;

    if (!lookup_there)
        return lookup_here(host, port, hints, list);
    numeric.ai_flags |= AI_NUMERICHOST;
    r = lookup_here(host, port, &numeric, list);
    return r == EAI_NONAME ? lookup_there(lookup_keeper, host, port, hints, list) : r;
}

void fc_lookup_free(struct addrinfo *list)
{
    free(list);
}

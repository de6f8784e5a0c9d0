/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for getaddrinfo(), which only knows the names of the options `connect` and `listen`: a name that
 * it does not find is mentioned in the log with the option that is missing, once.
 */
#include "worker/libc/names.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <string.h>

#include "worker/base/say.h"
#include "worker/libc/libc.h"

#define LOOKUP_MAX_TOLD  16 /* names that are mentioned */
#define LOOKUP_MAX_BYTES 256

/* Tells whether a name is mentioned for the first time. */
static bool lookup_is_new(const char *name)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char told[LOOKUP_MAX_TOLD][LOOKUP_MAX_BYTES];
    static size_t n;
    bool is_new = strlen(name) < LOOKUP_MAX_BYTES;

    pthread_mutex_lock(&lock);
    for (size_t i = 0; is_new && i < n; i++)
        is_new = strcmp(told[i], name) != 0;
    is_new = is_new && n < LOOKUP_MAX_TOLD;
    if (is_new)
        strcpy(told[n++], name);
    pthread_mutex_unlock(&lock);
    return is_new;
}

static void lookup_missed(const char *name, const char *service)
{
    int saved = errno;

    if (lookup_is_new(name))
        say(SAY_WARNING "the name %s is not known to this script: the option connect = %s:%s is missing",
            name, name, service && *service && strcmp(service, "0") != 0 ? service : "PORT");
    errno = saved;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    int r = LIBC_NEXT(getaddrinfo)(name, service, hints, result);
    bool is_number = hints && hints->ai_flags & AI_NUMERICHOST;

    if (libc_facts.is_confined && !libc_facts.has_network && name && *name && !is_number &&
        (r == EAI_NONAME || r == EAI_AGAIN || r == EAI_NODATA || r == EAI_FAIL))
        lookup_missed(name, service);
    return r;
}

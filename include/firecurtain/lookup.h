/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks up names as getaddrinfo() does, but without waiting: an instance that needs one starts when the
 * answer is there. In a running broker each name is looked up in a process of its own, since answers of name
 * servers are not to be trusted.
 */
#ifndef FIRECURTAIN_LOOKUP_H
#define FIRECURTAIN_LOOKUP_H

#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <string.h>

/* The names that one instance needs to start, and their answers; fc_instance_lookups() in backend.h. */
struct fc_lookups;

/*
 * Returns 0 with a list, which is borrowed and valid until the caller's slot `start` returns something other
 * than -EINPROGRESS; EAI_INPROGRESS if the name is being looked up, upon which the caller closes what it has
 * opened and returns -EINPROGRESS, and asks for the same again when `start` is called again; or another code
 * of gai_strerror(). Numeric addresses are answered at once. `port` may be NULL.
 */
int fc_lookup(struct fc_lookups *lookups, const char *host, const char *port, const struct addrinfo *hints,
              const struct addrinfo **list);

/* What to say of an address as in fc_is_no_address(). */
#define FC_NO_ADDRESS "\"%.100s\" is not an address: that has four numbers, each at most 255"

/* Whether a host is neither a name, in which there is a letter, nor an IPv4 address. Few numbers, as in
 * 127.1, are one. */
static inline bool fc_is_no_address(const char *host)
{
    struct in_addr any;

    return strspn(host, "0123456789.") == strlen(host) && !inet_aton(host, &any);
}

/* Says in words why a name has no address, and what to do about it. */
static inline const char *fc_lookup_words(int error)
{
    switch (error) {
    case EAI_NONAME:
#ifdef EAI_NODATA
    case EAI_NODATA:
#endif
        return "there is no machine of this name; correct it, or write the address";
    case EAI_AGAIN:
        return "no name server answers; write the address if there is none in this network";
    default:
        return gai_strerror(error);
    }
}

#endif

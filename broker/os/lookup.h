/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names that instances look up (firecurtain/lookup.h): asked for, waited for in the broker's loop, and kept
 * until the instance has started. Each account has so many lookups at once, and stands in a line of its own
 * for them; in each turn of the loop one is begun. Without a service, as in a command, lookups block.
 */
#ifndef BROKER_OS_LOOKUP_H
#define BROKER_OS_LOOKUP_H

#include <stdbool.h>

#include "firecurtain/lookup.h"

#define LOOKUP_AT_ONCE   8  /* of an account; the keeper allows twice as many, since these end a bit later */
#define LOOKUP_MAX_S     30 /* then the process that looks it up ends itself */
#define LOOKUP_OVERDUE_S 35 /* then nobody waits for it any more */

struct keeper;
struct loop;
struct lookup_service;

/*
 * Begins to look a name up, as keeper_lookup() does. Returns a descriptor that does not block, from which the
 * answer (lookup_answer.h) can be read to its end, and which cancels the lookup when it is closed; or -errno.
 */
typedef int (*lookup_fn)(struct keeper *keeper, unsigned account, const char *host, const char *port,
                         const struct addrinfo *hints);

/* Makes the service for the accounts 0 to n_accounts - 1. 0 or -ENOMEM. */
int lookup_service_new(struct lookup_service **service, struct loop *loop, lookup_fn begin,
                       struct keeper *keeper, unsigned n_accounts);

/* All lookups must have been freed. Takes NULL; returns NULL. */
struct lookup_service *lookup_service_free(struct lookup_service *service);

/*
 * Makes an empty set of names. `answered` is called from the loop when there are answers to all that were
 * asked for, and may free the set. With NULL as the service, fc_lookup() blocks and `answered` may be NULL,
 * too. NULL without memory, with which fc_lookup() fails.
 */
struct fc_lookups *lookups_new(struct lookup_service *service, unsigned account,
                               void (*answered)(void *userdata), void *userdata);

/* Cancels what is being looked up, and frees the lists. Takes NULL; returns NULL. */
struct fc_lookups *lookups_free(struct fc_lookups *lookups);

/* Returns a name that is being looked up, which is valid as long as the set; or NULL if there is none. */
const char *lookups_awaited(const struct fc_lookups *lookups);

#endif

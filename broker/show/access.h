/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an administrator can do to a user at run time. It lasts when the configuration is read again, for as
 * long as the process runs and the configuration has the user. Nothing here blocks.
 */
#ifndef BROKER_SHOW_ACCESS_H
#define BROKER_SHOW_ACCESS_H

#include <stdbool.h>

struct show;
struct user;

/*
 * Freezes or unfreezes a user. While they are frozen, nothing that their instances put out reaches the house,
 * from this moment on, and the values that they have set stay. The instances go on, and still receive events.
 * Idempotent.
 */
void user_freeze(struct user *user, bool freeze);

/*
 * Revokes a user: nothing passes between their instances and the house any more, in either direction, until
 * the process is restarted. With `on-revoke = zero`, channels of the house that they were the last to write
 * go to 0 in the loop's next turn. Idempotent. Their workers end only with a configuration that does not have
 * them.
 */
void user_revoke(struct show *show, struct user *user);

/*
 * Freezes or unfreezes all outputs: while they are frozen, no event reaches a device, whoever made it, and
 * the values that were set there stay. All else goes on. Idempotent.
 */
void show_freeze(struct show *show, bool freeze);

bool show_is_frozen(const struct show *show);

/* Freezes and revokes in the next show the users that are frozen or revoked in the running one. */
void user_access_take_over(struct show *next, const struct show *show);

#endif

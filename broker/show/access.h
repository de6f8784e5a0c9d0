/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the administrator does to a user at run time. For the loop's thread, between two events; none blocks.
 * What is said here stays when the configuration is read again, for as long as the process runs and the user
 * is in it.
 */
#ifndef BROKER_SHOW_ACCESS_H
#define BROKER_SHOW_ACCESS_H

#include <stdbool.h>

struct show;
struct user;

/*
 * While she is frozen, nothing that her instances put out reaches the house, from this moment on, and what
 * she has put out stays. They go on, and hear what they are mapped to. Idempotent.
 */
void user_freeze(struct user *user, bool freeze);

/*
 * Nothing passes between her instances and the house any more, either way, until the process is started anew;
 * with `on-revoke = zero` the house's channels that she was the last to write go to 0 in the loop's next
 * turn. Idempotent. That her workers end takes a configuration without her.
 */
void user_revoke(struct show *show, struct user *user);

/* The next show's users are as those of the running one were. */
void user_access_take_over(struct show *next, const struct show *show);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What runtime_init() makes for the house and for each user: the uid and gid of their workers. Functions
 * return 0 or -errno, with the reason in the log, and block briefly.
 */
#ifndef BROKER_RUNTIME_ACCOUNTS_H
#define BROKER_RUNTIME_ACCOUNTS_H

#include "broker/runtime/runtime.h"

/* Allocates the accounts; `users` may be NULL. */
int runtime_accounts_init(struct runtime *runtime, const struct users *users);

/* Notes whose the private folders of the house's show and of users' shows are, and that they run. What cannot
 * be noted is only said. */
void runtime_mark_shows(struct runtime *runtime, const char *house, const struct users *users);

#endif

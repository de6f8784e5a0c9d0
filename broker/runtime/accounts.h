/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What runtime_init() makes for the house and for each user: who their workers are, and their link folders.
 * 0 or -errno, with the reason in the log. Blocks briefly.
 */
#ifndef BROKER_RUNTIME_ACCOUNTS_H
#define BROKER_RUNTIME_ACCOUNTS_H

#include "broker/runtime/runtime.h"

/* Allocates them; `users` may be NULL. */
int runtime_accounts_init(struct runtime *runtime, const struct users *users);

/* Makes the link folders below the runtime folder. */
int runtime_accounts_make_folders(struct runtime *runtime);

#endif

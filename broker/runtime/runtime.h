/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes and unmakes what a running broker has besides its show (base/runtime.h). Made once; shows come and
 * go. */
#ifndef BROKER_RUNTIME_RUNTIME_H
#define BROKER_RUNTIME_RUNTIME_H

#include "broker/base/runtime.h"

struct path_set;
struct users;

/*
 * Makes everything. Blocks briefly. Negative errno with the reason in the log; -EADDRINUSE if another broker
 * has the runtime folder. `runtime` must be RUNTIME_NONE but for what is to be set before, and stays where it
 * is. This process must have one thread. Workers of the house may see what is in `shown`; `users` were fixed,
 * and outlive the runtime, or there are none (NULL).
 */
int runtime_init(struct runtime *runtime, const struct path_set *shown, struct users *users);

/*
 * Closes the broker's own curtain (curtain.h): before anything is started that could be told anything. What
 * is in `readable` can be read afterwards. Negative errno with the reason in the log.
 */
int runtime_confine(const struct runtime *runtime, const struct path_set *readable);

/* All instances must have been freed. Survives a half-made runtime. */
void runtime_deinit(struct runtime *runtime);

/* Where the runtime folder of the calling user is: an allocated path, or NULL. */
char *runtime_find_folder(void);

#endif

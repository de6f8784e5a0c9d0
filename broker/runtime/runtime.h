/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes and unmakes what a running broker has in addition to its show (base/runtime.h). It is made once;
 * shows come and go.
 *
 * The folder runtime/ runs the broker: runtime.c and accounts.c make what it needs, service.c is its life
 * from the configuration to the end, reload.c reads the configuration again, and findings.c logs what is
 * wrong with it. It runs in the broker. It must not know options of the command line or exit statuses.
 */
#ifndef BROKER_RUNTIME_RUNTIME_H
#define BROKER_RUNTIME_RUNTIME_H

#include "broker/base/runtime.h"

struct path_set;
struct users;

/*
 * Makes everything. Blocks briefly. Negative errno with the reason in the log; -EADDRINUSE if another broker
 * has the runtime folder. `runtime` must be RUNTIME_NONE except for what is set before, and must not be moved
 * afterwards. This process must have one thread. Workers of the house may see what is in `shown`; `users`
 * have been fixed and outlive the runtime, or are NULL.
 */
int runtime_init(struct runtime *runtime, const struct path_set *shown, struct users *users);

/*
 * Confines the broker itself (os/confine.h), before it starts anything that others can send something to.
 * What is in `readable` can be read afterwards. Negative errno with the reason in the log.
 */
int runtime_confine(const struct runtime *runtime, const struct path_set *readable);

/* Unmakes everything, also of a half-made runtime. All instances must have been freed. */
void runtime_deinit(struct runtime *runtime);

/* Returns the path of the calling user's runtime folder, allocated, or NULL. */
char *runtime_find_folder(void);

/* Returns the path of the calling user's state folder, allocated, or NULL. */
char *runtime_find_state(void);

#endif

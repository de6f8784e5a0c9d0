/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of an instance: its start, what its running worker tells it, its end. Only for this folder.
 */
#ifndef BROKER_PYTHON_RUN_H
#define BROKER_PYTHON_RUN_H

#include <stdbool.h>

#include "broker/guest/guest.h"

struct fc_lookups;
struct fc_reason;
struct python;

/* What the running worker tells its instance. */
extern const struct guest_ops python_guest_ops;

/* Makes the allowance for the log, which an instance keeps when it is started again. 0 or -ENOMEM. */
int python_limit_log(struct python *python);

/*
 * Makes the private folder and looks up the names of the policy. -EINPROGRESS while they are being looked up,
 * to be called again; another -errno with the reason filled in.
 */
int python_prepare(struct python *python, struct fc_lookups *lookups, struct fc_reason *reason);

/* Slots of the backend's table. */
int python_start(void *self);
void python_stop(void *self);
bool python_quiesce(void *self);

#endif

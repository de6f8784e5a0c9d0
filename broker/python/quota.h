/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a user's quota is shared out among their instances. That happens when the show is built and does not
 * change while it runs: what one instance does not use is not given to another.
 */
#ifndef BROKER_PYTHON_QUOTA_H
#define BROKER_PYTHON_QUOTA_H

#include <stddef.h>

#include "broker/config/config.h"

struct fc_instance;
struct user;

/*
 * Judges the options of all instances of a user. An instance without an option gets its default or an equal
 * part of what is left, whichever is less. Adds errors to `config`, and the shares to the signatures. 0 or
 * -ENOMEM.
 */
int python_share_out(struct fc_instance **instances, size_t n, const struct user *user,
                     struct config *config);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a user's quota leaves for each of her instances. It is shared out when the show is built and does not
 * change while it runs: what one instance does not use is not another's.
 */
#ifndef BROKER_PYTHON_QUOTA_H
#define BROKER_PYTHON_QUOTA_H

#include <stddef.h>

#include "broker/config/config.h"

struct fc_instance;
struct user;

/*
 * Judges the options of all her instances, and gives those that leave one open its share: the default, or an
 * equal part of the rest, whichever is less. What is wrong is added to `config`. What they got is part of
 * their signatures. 0 or -ENOMEM.
 */
int python_share_out(struct fc_instance **instances, size_t n, const struct user *user,
                     struct config *config);

#endif

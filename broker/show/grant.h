/* SPDX-License-Identifier: BSD-2-Clause */
/* The channels of the house that a user may use. Looked up while a show is built, never later. Runs in the
 * broker. */
#ifndef BROKER_SHOW_GRANT_H
#define BROKER_SHOW_GRANT_H

#include <stdbool.h>

struct config;
struct fc_instance;
struct show;
struct user;

/* Finds the channels of her grants; what is wrong is added to `config`. 0 or -ENOMEM. */
int user_add_grants(struct user *user, const struct show *show, struct config *config);

/* Whether she may use a channel, by its canonical name, of the house in all these directions. */
bool user_may(const struct user *user, const struct fc_instance *instance, const char *channel,
              unsigned directions);

/* Frees what user_add_grants() has found. */
void user_forget_grants(struct user *user);

#endif

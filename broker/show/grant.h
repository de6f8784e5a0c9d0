/* SPDX-License-Identifier: BSD-2-Clause */
/* The channels of the house that a user may use. They are looked up only while a show is built. */
#ifndef BROKER_SHOW_GRANT_H
#define BROKER_SHOW_GRANT_H

#include <stdbool.h>

struct config;
struct fc_instance;
struct show;
struct user;

/* Finds the channels that a user's grants name. Errors are added to `config`. 0 or -ENOMEM. */
int user_add_grants(struct user *user, const struct show *show, struct config *config);

/* Whether a user may use a channel of the house, given by its canonical name, in all these directions. */
bool user_may(const struct user *user, const struct fc_instance *instance, const char *channel,
              unsigned directions);

/* Frees what user_add_grants() has found. */
void user_forget_grants(struct user *user);

#endif

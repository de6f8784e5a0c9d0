/* SPDX-License-Identifier: BSD-2-Clause */
/* The users' part of a show. */
#ifndef BROKER_BUILD_JOIN_H
#define BROKER_BUILD_JOIN_H

#include <stdbool.h>

#include "broker/build/build.h"

struct build;
struct config;
struct show;
struct users;

/* Reads the sections [user NAME] of the house's configuration. 0 or -ENOMEM. */
int join_read_users(struct build *build);

/*
 * Adds the users' shows, as far as they are sound, to a show of which the house is built and sound. 0 or
 * -ENOMEM. *is_refused says whether `users->only` names a user whose configuration has errors.
 */
int join_users(struct show *show, struct config *config, struct users *users, enum build_scripts scripts,
               bool *is_refused);

#endif

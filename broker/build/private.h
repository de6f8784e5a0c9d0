/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of building a show share: show_build.c (instances), show_build_map.c (mappings) and
 * show_users.c (the users' shows). Every function returns 0 or -ENOMEM: what is wrong with a configuration is
 * a finding in it.
 */
#ifndef BROKER_BUILD_PRIVATE_H
#define BROKER_BUILD_PRIVATE_H

#include "broker/config/config.h"
#include "broker/python/backend.h"
#include "broker/show/show.h"

#define BUILD_MAX_NAME 1024

struct users;

/* One configuration on its way into a show. */
struct build {
    struct show *show;
    struct config *config;
    struct user *user; /* whose it is; NULL: the house's */
};

/* The name that an instance of this configuration has in the show. -ENAMETOOLONG. */
int show_build_name(const struct build *build, const char *own, char *name, size_t bytes);

/* Whether a section is a [user NAME]. */
bool show_build_is_user(const struct config_section *section);

int show_build_instances(struct build *build);
int show_build_mapping(struct build *build, const struct config_mapping *mapping);

/* Of this configuration alone. */
void show_build_check_scripts(const struct build *build);

/* The sections [user NAME] of the house's configuration. */
int show_build_users(struct build *build);

/*
 * Adds the users' shows, as far as they are sound, to one of which the house is built and is sound. -EINVAL
 * with `users->only` too.
 */
int show_join_users(struct show *show, struct config *config, struct users *users, bool check_scripts);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From configuration to show: this folder knows both the configuration's structure and the backends, and
 * makes instances, channels and routes of the one with the help of the other. Every error is found, not only
 * the first, and becomes a finding in the configuration. Runs in the broker, and in `firecurtain check`;
 * apart from reading the users' files it touches nothing outside the process.
 *
 * It must not know recordings, the control interface or the command line.
 *
 * build.c puts the steps in order: instances.c (sections), map.c (mappings), join.c (the users' shows), with
 * users.c (the users' accounts), shown.c (folders that scripts see) and backends.c (the table of backends).
 */
#ifndef BROKER_BUILD_BUILD_H
#define BROKER_BUILD_BUILD_H

#include <stdbool.h>

struct config;
struct show;
struct users;

/* How much of the scripts is looked at. */
enum build_scripts {
    BUILD_SCRIPTS_UNSEEN,
    /* an error is what keeps an instance from ever starting: a module or file that is not there */
    BUILD_SCRIPTS_TO_START,
    BUILD_SCRIPTS_ALL, /* also a handler that is not there, without which the rest plays */
};

/*
 * Makes a show from a configuration without errors so far. Errors that only the backends can see are added to
 * `config`. Returns 0 with *show set if there are none, -EINVAL if there are, or -ENOMEM. `config` need not
 * outlive the show.
 *
 * Without `users` (NULL), the sections [user NAME] are judged, but the users' own shows are not read. With
 * `users`, each user's files are read and their show is built on trial: errors in it are reported through
 * `users`, and the show is built without it, or with their last sound one. If `users->only` names a user,
 * only theirs are read, and errors in them make this -EINVAL.
 */
int build_show(struct show **show, struct config *config, const char *path, enum build_scripts scripts,
               struct users *users);

#endif

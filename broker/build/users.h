/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The users of an installation as the process knows them: who they are for the system, which is fixed when
 * the process starts, and how their files are read. The house has number 0; users are numbered from 1.
 */
#ifndef BROKER_BUILD_USERS_H
#define BROKER_BUILD_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "broker/base/path_set.h"
#include "broker/config/config.h"
#include "broker/os/file_as.h"

struct keeper;
struct show;
struct user;

/* One user, for as long as the process runs. */
struct users_account {
    char *name;
    char *show;
    char *uid_text;
    struct file_identity identity;
    struct path_set folders; /* where the user's configuration files may be, and what the scripts may see */
    struct config *sound;    /* the configuration that the running show was made from, or NULL */
    struct config *next;     /* the one that a show is being made from, if it is a new one */
    struct config *read;     /* that users_read() has read; no show was made from it so far */
};

enum users_outcome {
    USERS_TAKEN,    /* the user's new configuration is part of the next show */
    USERS_KEPT,     /* it has errors; the user's show stays as it was */
    USERS_LEFT_OUT, /* it has errors, and the next show has nothing of this user */
};

struct users {
    struct users_account *list; /* of number 1, 2, … */
    size_t n;
    bool is_fixed;         /* new users need a restart of the process */
    struct config *old;    /* that was sound before, until users_forget_old() */
    unsigned only;         /* the number of the one user whose configuration is read again; 0: all */
    struct keeper *keeper; /* reads the users' files once this process no longer can; NULL before */
    /* called when a user's configuration was judged, with the findings in `config`; or NULL */
    void (*judged)(void *userdata, const char *user, const struct config *config, enum users_outcome outcome);
    void *userdata;
};

/*
 * Gives the show's users their numbers. The first time this finds out who they are, which reads the system's
 * accounts; later all users must be among those. Errors are added to `config`. 0 or -ENOMEM.
 */
int users_match(struct users *users, struct show *show, struct config *config);

/* Reads a user's configuration with that user's rights. Blocks on file reads. As config_load_user(). */
int users_load(const struct users *users, const struct user *user, struct config **config);

/*
 * Reads a user's configuration for the next build_show(), which then need not: each takes its time, and turns
 * of the loop should be short. The user is one of the running show. As users_load().
 */
int users_read(struct users *users, const struct user *user);

/* Forgets what users_read() has read. */
void users_forget_read(struct users *users);

/* Frees what the last change has left over. */
void users_forget_old(struct users *users);

/*
 * Fixes, before the keeper is forked, who the users are and which folders their configurations and scripts
 * may use: those that they use now. 0 or -ENOMEM.
 */
int users_fix(struct users *users, const struct show *show);

/* Returns the account of a user that users_match() has numbered. */
struct users_account *users_account(const struct users *users, const struct user *user);

void users_deinit(struct users *users);

#endif

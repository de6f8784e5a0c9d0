/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The users of an installation as the process knows them: who they are for the system, which is fixed when it
 * starts, and how their files are read. The house has number 0, users count from 1.
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

struct users_account {
    char *name;
    char *show;
    char *uid_text;
    struct file_identity identity;
    struct path_set folders; /* that her configuration's files may be in, and her scripts may see */
    struct config *sound;    /* what her show was last made from, or NULL */
    struct config *next;     /* while a show is built: what it is made from, if that is another one */
};

enum users_outcome {
    USERS_TAKEN,    /* her show is part of the next one */
    USERS_KEPT,     /* what she had before is, since this has errors */
    USERS_LEFT_OUT, /* nothing of hers is */
};

struct users {
    struct users_account *list; /* of number 1, 2, … */
    size_t n;
    bool is_fixed;         /* whoever is not in the list needs a new start */
    unsigned only;         /* whose configuration is read; the others' shows are as they were. 0: all */
    struct keeper *keeper; /* reads her files, once this process no longer can; NULL before */
    /* her configuration was judged; the findings are in `config`. May be NULL */
    void (*judged)(void *userdata, const char *user, const struct config *config, enum users_outcome outcome);
    void *userdata;
};

/*
 * Gives the show's users their numbers: the first time it finds out who they are, which reads the system's
 * accounts; afterwards they must be among those. What is wrong is added to `config`. 0 or -ENOMEM.
 */
int users_match(struct users *users, struct show *show, struct config *config);

/* Reads her configuration with her rights: blocks on file reads. As config_load_guest(). */
int users_load(const struct users *users, const struct user *user, struct config **config);

/*
 * Before the keeper is forked: whatever her configurations and scripts use now they may use later, too; and
 * who she is does not change any more. 0 or -ENOMEM.
 */
int users_fix(struct users *users, const struct show *show);

/* Of a user of the show who was matched. */
struct users_account *users_account(const struct users *users, const struct user *user);

void users_deinit(struct users *users);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A user as a section [user NAME] describes them: which channels of the house and how much of the machine
 * their show may use, and whether it may act at all. Made with each configuration. It must not know files and
 * processes; build/users.h does.
 */
#ifndef BROKER_SHOW_USER_H
#define BROKER_SHOW_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/base/hash.h"
#include "broker/base/path_set.h"
#include "broker/base/runtime.h"
#include "broker/config/config.h"
#include "broker/gate/policy.h"

#define USER_MAX          (RUNTIME_MAX_ACCOUNTS - 1) /* users of one installation */
#define USER_MAX_NAME     32                         /* bytes */
#define USER_MAX_GRANTS   65536                      /* channels, of one user */
#define USER_MAX_ROUTES   100000                     /* of the option routes */
#define USER_MAX_PER_KIND 64 /* lines of each of the options grant-… and allow-… */

struct fc_instance;
struct show;

/* Limits for all instances of a user together. */
struct user_quota {
    uint64_t instances;
    uint64_t memory_bytes;
    uint64_t cpu_percent; /* of one core; 0: no limit */
    uint64_t rate;        /* events a second */
    uint64_t channels;
    uint64_t routes;
    uint64_t state_bytes;
    uint64_t connections;
};

enum user_rest {
    USER_HOLD, /* the values that the user has set stay */
    USER_ZERO, /* they go to 0 */
};

/* A grant in the configuration, kept until the house's instances are known. */
struct user_grant_line {
    const struct config_option *option; /* borrowed from the configuration */
    unsigned directions;                /* enum fc_direction, of the house's channel */
};

struct user_grant; /* of one channel; grant.c */

struct user {
    char *name;
    unsigned number; /* of the user's account, from 1 (build/users.h); 0: none so far */
    char *show;      /* path of the user's configuration: absolute, without ".." */
    char *uid;       /* name or number, or NULL */
    struct config_location at;
    struct user_quota quota;
    struct policy network;    /* limits the rules of the user's instances */
    struct path_set readable; /* limits their options `read` */
    struct user_grant_line *lines;
    size_t n_lines;
    struct user_grant *grants; /* hash */
    enum user_rest on_revoke;
    bool is_frozen_by_configuration;
    bool is_frozen;  /* at run time */
    bool is_revoked; /* until the process is restarted */
};

/*
 * Reads a section [user NAME]. Errors are added to `config`, which must outlive only user_add_grants(). 0
 * with *user set, even if there are errors, or -ENOMEM.
 */
int user_new(struct user **user, struct config *config, const struct config_section *section);

/* Takes NULL; returns NULL. */
struct user *user_free(struct user *user);

/* Whether nothing of the user reaches the house at the moment. */
static inline bool user_is_stopped(const struct user *user)
{
    return user->is_frozen || user->is_frozen_by_configuration || user->is_revoked;
}

/* Whether two configurations mean the same user with the same rights to files, which are fixed at the start.
 */
bool user_is_same(const struct user *a, const struct user *b);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A user of an installation as the administrator's configuration has her: what of the house's channels her
 * show may use, how much of the machine, and whether it may act at all. Made with each configuration; knows
 * nothing of files and processes (see users.h).
 */
#ifndef BROKER_SHOW_USER_H
#define BROKER_SHOW_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/base/hash.h"
#include "broker/base/path_set.h"
#include "broker/config/config.h"
#include "broker/gate/policy.h"

#define USER_MAX          64    /* users of one installation */
#define USER_MAX_NAME     32    /* bytes */
#define USER_MAX_GRANTS   65536 /* channels, of one user */
#define USER_MAX_ROUTES   100000
#define USER_MAX_PER_KIND 64 /* lines of each grant- and allow- option */

struct fc_instance;
struct show;

/* For all instances of a user together. */
struct user_quota {
    uint64_t instances;
    uint64_t memory_bytes;
    uint64_t cpu_percent; /* of one core; 0: no limit */
    uint64_t rate;        /* events a second */
    uint64_t channels;
    uint64_t state_bytes;
    uint64_t connections;
};

enum user_rest {
    USER_HOLD, /* what she has put out stays */
    USER_ZERO, /* goes to 0 */
};

/* A line of the configuration that is judged when the house's instances are known. */
struct user_grant_line {
    const struct config_option *option; /* borrowed from the configuration */
    unsigned directions;                /* enum fc_direction, of the house's channel */
};

struct user_grant; /* a channel; see user_grant.c */

struct user {
    char *name;
    unsigned number; /* her account's, from 1; see users.h. 0: none so far */
    char *show;      /* her configuration: absolute, without ".." */
    char *uid;       /* name or number, or NULL */
    struct config_location at;
    struct user_quota quota;
    struct policy network;    /* what her rules must lie within */
    struct path_set readable; /* what her options `read` must lie within */
    struct user_grant_line *lines;
    size_t n_lines;
    struct user_grant *grants; /* hash */
    enum user_rest on_revoke;
    bool is_frozen_by_configuration;
    bool is_frozen;  /* at run time */
    bool is_revoked; /* for good: until another configuration */
};

/*
 * Reads a section [user NAME]; what is wrong is added to `config`, which must outlive the next call only.
 * 0 with *user set, also then, or -ENOMEM.
 */
int user_new(struct user **user, struct config *config, const struct config_section *section);

/* Takes NULL; returns NULL. */
struct user *user_free(struct user *user);

/* Whether nothing of hers reaches the house at the moment. */
static inline bool user_is_stopped(const struct user *user)
{
    return user->is_frozen || user->is_frozen_by_configuration || user->is_revoked;
}

/*
 * Whether two configurations mean the same person with the same rights to files: what is fixed when the
 * process starts.
 */
bool user_is_same(const struct user *a, const struct user *b);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each uid may do through the control interface: the section [control], as numbers. Names are looked up
 * once, before the broker gives up the right to read the system's accounts.
 */
#ifndef BROKER_CONFIG_ROLES_H
#define BROKER_CONFIG_ROLES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct config;
struct config_section;

/*
 * Each role sees what the one before it sees, and an administrator may do everything. Being a user is
 * independent of it in one respect: users may change what is theirs, also those that are observers
 * (control_roles_account()).
 */
enum control_role {
    CONTROL_NOBODY,
    CONTROL_USER, /* sees that user's own part of the show */
    CONTROL_OBSERVER,
    CONTROL_OPERATOR, /* may also set panels, freeze, and restart instances */
    CONTROL_ADMINISTRATOR,
};

/* A role that the configuration gives to a uid, a gid or everybody. */
struct control_grant {
    enum control_role role;
    bool is_group;
    bool is_everybody;
    id_t id;
};

/* A [user NAME]; its number in build/users.h is one more than its place in the list. */
struct control_user {
    char *name;
    uid_t uid; /* (uid_t)-1: the broker's own, when it does not run as root */
};

struct control_roles {
    uid_t owner;    /* that the broker was started with: an administrator, like root */
    uid_t excluded; /* of house workers, as root: nobody, whatever was configured; (uid_t)-1: none */
    struct control_grant *grants;
    size_t n_grants;
    struct control_user *users;
    size_t n_users;
    char *text; /* the options that this was read from */
};

void control_roles_deinit(struct control_roles *roles);

/*
 * Reads [control] and looks up its names, which may block. Unknown names are errors in `config`. A group
 * stands for its current members, and for those whose primary group it is. -ENOMEM.
 */
int control_roles_read(struct control_roles *roles, struct config *config);

/*
 * Adds the next user, once the list of users is fixed; `name` is copied. `uid` is (uid_t)-1 if the user has
 * no uid of their own, so that nobody can ask in their name. -ENOMEM.
 */
int control_roles_add_user(struct control_roles *roles, uid_t uid, const char *name);

/* Returns whether a configuration that was read later says the same; also true when out of memory. */
bool control_roles_are_of(const struct control_roles *roles, const struct config *config);

/* Returns whether a section is [control]. */
bool control_roles_is_section(const struct config_section *section);

/* Finds the errors of a section [control] that can be found without looking up names. */
void control_roles_check(struct config *config, const struct config_section *section);

/* Returns the role of a process with these ids. */
enum control_role control_roles_find(const struct control_roles *roles, uid_t uid, gid_t gid);

/*
 * Returns the number of the user with this uid (build/users.h), or 0. The user's workers have that uid, too.
 */
unsigned control_roles_account(const struct control_roles *roles, uid_t uid);

/* Returns whether the uid is root's or the broker's own. */
bool control_roles_is_owner(const struct control_roles *roles, uid_t uid);

/* Returns a word such as "administrator". */
const char *control_role_name(enum control_role role);

/* Returns the role with this name, or CONTROL_NOBODY. */
enum control_role control_role_named(const char *name);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may do what through the control interface: the section [control], as numbers. Names are looked up once,
 * before the broker gives up the right to read who is who.
 */
#ifndef BROKER_CONFIG_ROLES_H
#define BROKER_CONFIG_ROLES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct config;
struct config_section;

/*
 * Each sees what the one before sees, and an administrator may do everything. To be a user is more than this:
 * she may change what is hers, also as an observer (control_roles_account()).
 */
enum control_role {
    CONTROL_NOBODY,
    CONTROL_USER, /* sees what is hers */
    CONTROL_OBSERVER,
    CONTROL_ADMINISTRATOR,
};

/* Named by the configuration. */
struct control_grant {
    enum control_role role;
    bool is_group;
    bool is_everybody;
    id_t id;
};

/* A [user NAME], whose number in users.h is one more than her place. */
struct control_user {
    char *name;
    uid_t uid; /* (uid_t)-1: not her own, without root */
};

struct control_roles {
    uid_t owner;    /* the broker's own, as it was started: an administrator, like root */
    uid_t excluded; /* as root, whose workers are: nobody, whatever was configured; (uid_t)-1: none */
    struct control_grant *grants;
    size_t n_grants;
    struct control_user *users;
    size_t n_users;
    char *text; /* the options that this was read from */
};

void control_roles_deinit(struct control_roles *roles);

/*
 * Reads [control] and looks up its names, which may block. Names that nobody has are errors in `config`. A
 * group stands for its members as they are now, and for those whose first group it is. -ENOMEM.
 */
int control_roles_read(struct control_roles *roles, struct config *config);

/*
 * Adds the next user, once it is fixed who the users are; `name` is copied. `uid` is (uid_t)-1 if nobody can
 * ask in her name. -ENOMEM.
 */
int control_roles_add_user(struct control_roles *roles, uid_t uid, const char *name);

/* Whether a configuration that was read later says the same; true also when out of memory. */
bool control_roles_are_of(const struct control_roles *roles, const struct config *config);

/* Whether a section is [control]. */
bool control_roles_is_section(const struct config_section *section);

/* Finds the errors of a section [control] that need no look-up. Touches nothing outside. */
void control_roles_check(struct config *config, const struct config_section *section);

/* What a process with these ids may do. */
enum control_role control_roles_find(const struct control_roles *roles, uid_t uid, gid_t gid);

/* The number of the user with this uid, see users.h; 0: it is no user's. Her workers have it, too. */
unsigned control_roles_account(const struct control_roles *roles, uid_t uid);

/* Root, or the broker's own user. */
bool control_roles_is_owner(const struct control_roles *roles, uid_t uid);

/* "administrator"… */
const char *control_role_name(enum control_role role);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the section [control], looks up its names, and finds the role of a uid. */
#include "broker/config/roles.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/base/grow.h"
#include "broker/base/suggest.h"
#include "broker/config/config.h"
#include "firecurtain/cleanup.h"

#define ROLES_SECTION   "control"
#define ROLES_MAX       1024 /* grants, including those of members of groups */
#define ROLES_MAX_NAMES 64   /* in one option */

static const struct {
    const char *option;
    enum control_role role;
} roles_options[] = {
    {"administrators", CONTROL_ADMINISTRATOR},
    {"operators", CONTROL_OPERATOR},
    {"observers", CONTROL_OBSERVER},
};

static const char *const role_names[] = {
    [CONTROL_NOBODY] = "nobody",
    [CONTROL_USER] = "user",
    [CONTROL_OBSERVER] = "observer",
    [CONTROL_OPERATOR] = "operator",
    [CONTROL_ADMINISTRATOR] = "administrator",
};

const char *control_role_name(enum control_role role)
{
    return role_names[role];
}

enum control_role control_role_named(const char *name)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(role_names); i++) {
        if (strcmp(role_names[i], name) == 0)
            return (enum control_role)i;
    }
    return CONTROL_NOBODY;
}

void control_roles_deinit(struct control_roles *roles)
{
    for (size_t i = 0; i < roles->n_users; i++)
        free(roles->users[i].name);
    free(roles->users);
    free(roles->grants);
    free(roles->text);
    *roles = (struct control_roles){0};
}

bool control_roles_is_section(const struct config_section *section)
{
    return !section->instance && strcmp(section->backend, ROLES_SECTION) == 0;
}

static enum control_role roles_of_option(const char *name)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(roles_options); i++) {
        if (strcmp(roles_options[i].option, name) == 0)
            return roles_options[i].role;
    }
    return CONTROL_NOBODY;
}

void control_roles_check(struct config *config, const struct config_section *section)
{
    for (size_t i = 0; i < section->n_options; i++) {
        const struct config_option *option = &section->options[i];
        struct suggest suggest;
        char hint[128];

        if (roles_of_option(option->name) != CONTROL_NOBODY) {
            if (strcmp(option->value, "*") == 0 && strcmp(option->name, "observers") != 0)
                config_diagnose(config, CONFIG_ERROR, option->value_at, NULL, "only observers can be \"*\"");
            continue;
        }
        suggest_init(&suggest, option->name);
        for (size_t n = 0; n < FC_ARRAY_SIZE(roles_options); n++)
            suggest_offer(&suggest, roles_options[n].option);
        config_diagnose(config, CONFIG_ERROR, option->at, suggest_hint(&suggest, hint, sizeof(hint)),
                        "the section [control] has no option \"%s\"", option->name);
    }
}

static int roles_grant(struct control_roles *roles, struct control_grant grant)
{
    struct control_grant *grants;

    if (roles->n_grants >= ROLES_MAX)
        return -ENOSPC;
    grants = grow_by_one(roles->grants, roles->n_grants, sizeof(*grants));
    if (!grants)
        return -ENOMEM;
    roles->grants = grants;
    grants[roles->n_grants++] = grant;
    return 0;
}

/* Of a peer's groups, the kernel tells only the primary one, so members are granted one by one. */
static int roles_grant_group(struct control_roles *roles, enum control_role role, struct group *group)
{
    int r = roles_grant(roles, (struct control_grant){.role = role, .is_group = true, .id = group->gr_gid});

    for (char **member = group->gr_mem; r == 0 && *member; member++) {
        const struct passwd *account = getpwnam(*member);

        if (account)
            r = roles_grant(roles, (struct control_grant){.role = role, .id = account->pw_uid});
    }
    return r;
}

/* Grants to a user, and to a group of that name, which often is that user's own. -ENOENT. */
static int roles_grant_name(struct control_roles *roles, enum control_role role, const char *name)
{
    const struct passwd *account;
    struct group *group;
    int r = -ENOENT;

    if (strcmp(name, "*") == 0)
        return roles_grant(roles, (struct control_grant){.role = role, .is_everybody = true});
    account = getpwnam(name);
    if (account)
        r = roles_grant(roles, (struct control_grant){.role = role, .id = account->pw_uid});
    group = r == 0 || r == -ENOENT ? getgrnam(name) : NULL;
    return group ? roles_grant_group(roles, role, group) : r;
}

static int roles_read_option(struct control_roles *roles, struct config *config,
                             const struct config_option *option)
{
    enum control_role role = roles_of_option(option->name);
    FC_AUTO_FREE char *names = strdup(option->value);
    char *rest = NULL;
    unsigned n = 0;

    if (!names)
        return -ENOMEM;
    for (char *name = strtok_r(names, " ,", &rest); name; name = strtok_r(NULL, " ,", &rest)) {
        int r = ++n > ROLES_MAX_NAMES ? -ENOSPC : roles_grant_name(roles, role, name);

        if (r == -ENOMEM)
            return r;
        if (r < 0)
            config_diagnose(config, CONFIG_ERROR, option->value_at, NULL,
                            r == -ENOSPC ? "there are too many names (%s)"
                                         : "there is no user or group \"%s\"",
                            name);
    }
    if (!n)
        config_diagnose(config, CONFIG_ERROR, option->value_at, NULL, "expected names of users or groups");
    return 0;
}

/* Returns the options as text, which the caller frees; or NULL. */
static char *roles_text(const struct config *config)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    for (size_t i = 0; out && i < config->n_sections; i++) {
        const struct config_section *section = &config->sections[i];

        for (size_t n = 0; control_roles_is_section(section) && n < section->n_options; n++)
            fprintf(out, "%s=%s\n", section->options[n].name, section->options[n].value);
    }
    if (out)
        fclose(out);
    return text;
}

bool control_roles_are_of(const struct control_roles *roles, const struct config *config)
{
    FC_AUTO_FREE char *text = roles_text(config);

    return !text || !roles->text || strcmp(text, roles->text) == 0;
}

int control_roles_read(struct control_roles *roles, struct config *config)
{
    *roles = (struct control_roles){.owner = geteuid(), .excluded = (uid_t)-1, .text = roles_text(config)};
    for (size_t i = 0; i < config->n_sections; i++) {
        const struct config_section *section = &config->sections[i];

        for (size_t n = 0; control_roles_is_section(section) && n < section->n_options; n++) {
            int r = roles_of_option(section->options[n].name) == CONTROL_NOBODY
                        ? 0 /* said by control_roles_check() */
                        : roles_read_option(roles, config, &section->options[n]);

            if (r < 0)
                return r;
        }
    }
    return 0;
}

int control_roles_add_user(struct control_roles *roles, uid_t uid, const char *name)
{
    struct control_user *users = grow_by_one(roles->users, roles->n_users, sizeof(*users));
    char *copy = users ? strdup(name) : NULL;

    if (users)
        roles->users = users;
    if (!copy)
        return -ENOMEM;
    users[roles->n_users++] = (struct control_user){.uid = uid, .name = copy};
    return 0;
}

unsigned control_roles_account(const struct control_roles *roles, uid_t uid)
{
    for (size_t i = 0; i < roles->n_users; i++) {
        if (roles->users[i].uid == uid)
            return (unsigned)i + 1;
    }
    return 0;
}

bool control_roles_is_owner(const struct control_roles *roles, uid_t uid)
{
    return uid == 0 || uid == roles->owner;
}

enum control_role control_roles_find(const struct control_roles *roles, uid_t uid, gid_t gid)
{
    enum control_role role = control_roles_account(roles, uid) ? CONTROL_USER : CONTROL_NOBODY;

    if (control_roles_is_owner(roles, uid))
        return CONTROL_ADMINISTRATOR;
    if (uid == roles->excluded)
        return CONTROL_NOBODY;
    for (size_t i = 0; i < roles->n_grants; i++) {
        const struct control_grant *grant = &roles->grants[i];
        bool fits = grant->is_everybody || (grant->is_group ? grant->id == gid : grant->id == uid);

        if (fits && grant->role > role)
            role = grant->role;
    }
    return role;
}

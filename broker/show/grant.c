/* SPDX-License-Identifier: BSD-2-Clause */
/* Grants of a user as a hash of channels' names. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/glob.h"
#include "broker/show/grant.h"
#include "broker/show/instance.h"
#include "broker/show/show.h"
#include "broker/show/user.h"
#include "firecurtain/cleanup.h"

#define GRANT_MAX_NAME 1024
#define GRANT_MAX_KEY  (GRANT_MAX_NAME + 128)

struct user_grant {
    UT_hash_handle hh;
    unsigned directions;
    char key[]; /* INSTANCE.CHANNEL: names of instances have no dots */
};

void user_forget_grants(struct user *user)
{
    struct user_grant *grant, *next;

    HASH_ITER(hh, user->grants, grant, next) {
        HASH_DEL(user->grants, grant);
        free(grant);
    }
}

static int grant_add(struct user *user, const char *instance, const char *channel, unsigned directions)
{
    char key[GRANT_MAX_KEY];
    struct user_grant *grant;
    int n = snprintf(key, sizeof(key), "%s.%s", instance, channel);

    if (n >= (int)sizeof(key))
        return -EINVAL;
    HASH_FIND_STR(user->grants, key, grant);
    if (grant) {
        grant->directions |= directions;
        return 0;
    }
    grant = calloc(1, sizeof(*grant) + (size_t)n + 1);
    if (!grant)
        return -ENOMEM;
    memcpy(grant->key, key, (size_t)n + 1);
    grant->directions = directions;
    HASH_ADD(hh, user->grants, key, (unsigned)n, grant);
    if (grant->hh.tbl)
        return 0;
    free(grant);
    return -ENOMEM;
}

/* Adds name `n` of a glob, in the spelling of the instance. */
static int grant_add_name(struct user *user, const struct fc_instance *instance, const struct glob *glob,
                          uint64_t n, unsigned directions, struct fc_reason *reason)
{
    char name[GRANT_MAX_NAME], canonical[GRANT_MAX_NAME];
    int r = glob_name(glob, n, name, sizeof(name));

    if (r < 0)
        return fc_refuse(reason, "a channel name is longer than %d bytes", GRANT_MAX_NAME - 1);
    r = instance_canonical(instance, name, canonical, sizeof(canonical), reason);
    return r < 0 ? r : grant_add(user, instance->name, canonical, directions);
}

static int grant_add_glob(struct user *user, const struct fc_instance *instance, const char *channels,
                          unsigned directions, struct fc_reason *reason)
{
    FC_CLEANUP(glob_deinit) struct glob glob = {0};
    struct glob_error error;
    int r = glob_parse(&glob, channels, &error);

    if (r == -EINVAL)
        return fc_refuse(reason, "%s", error.text);
    if (r == 0 && HASH_COUNT(user->grants) + glob.n_names > USER_MAX_GRANTS)
        return fc_refuse(reason, "a user's grants stand for more than %d channels", USER_MAX_GRANTS);
    for (uint64_t i = 0; r == 0 && i < glob.n_names; i++)
        r = grant_add_name(user, instance, &glob, i, directions, reason);
    return r;
}

static int grant_add_line(struct user *user, const struct show *show, const struct user_grant_line *line,
                          struct fc_reason *reason)
{
    const char *value = line->option->value;
    const char *dot = strchr(value, '.');
    FC_AUTO_FREE char *name = NULL;
    struct fc_instance *instance;

    if (!dot || dot == value || !dot[1])
        return fc_refuse(reason, "\"%.100s\" names no channel: expected INSTANCE.CHANNEL", value);
    name = strndup(value, (size_t)(dot - value));
    if (!name)
        return -ENOMEM;
    HASH_FIND_STR(show->by_name, name, instance);
    if (!instance)
        return fc_refuse(reason, "unknown instance \"%.100s\"", name);
    return grant_add_glob(user, instance, dot + 1, line->directions, reason);
}

int user_add_grants(struct user *user, const struct show *show, struct config *config)
{
    for (size_t i = 0; i < user->n_lines; i++) {
        struct fc_reason reason = {.text = "is not valid"};
        int r = grant_add_line(user, show, &user->lines[i], &reason);

        if (r == -ENOMEM)
            return r;
        if (r < 0)
            config_diagnose(config, CONFIG_ERROR, user->lines[i].option->value_at, NULL, "%s", reason.text);
    }
    free(user->lines); /* they borrow from the configuration */
    user->lines = NULL;
    user->n_lines = 0;
    return 0;
}

bool user_may(const struct user *user, const struct fc_instance *instance, const char *channel,
              unsigned directions)
{
    const struct user_grant *grant;
    char key[GRANT_MAX_KEY];

    if (snprintf(key, sizeof(key), "%s.%s", instance->name, channel) >= (int)sizeof(key))
        return false;
    HASH_FIND_STR(user->grants, key, grant);
    return grant && (grant->directions & directions) == directions;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of a section [user NAME]. Only reads text. */
#include "broker/show/user.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/base/option_value.h"
#include "broker/base/suggest.h"
#include "broker/show/grant.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/option.h"

#define USER_MIN_MEMORY (UINT64_C(64) << 20)

static const struct user_quota user_default_quota = {
    .instances = 4,
    .memory_bytes = UINT64_C(1) << 30,
    .rate = 100000,
    .channels = 4096,
    .routes = 8192,
    .state_bytes = UINT64_C(256) << 20,
    .connections = 64,
};

/* An option that is being applied to a user. */
struct user_setting {
    struct user *user;
    const struct config_section *section;
    const struct config_option *option;
    struct fc_reason *reason;
};

typedef int (*user_set_fn)(const struct user_setting *setting);

/* Makes a path absolute, relative to the folder of the configuration's file, and clean. */
static int user_path(const struct user_setting *setting, char **path)
{
    const char *value = setting->option->value;
    const char *folder = value[0] == '/' ? "" : setting->section->directory;

    if (asprintf(path, "%s/%s", folder, value) < 0) {
        *path = NULL;
        return -ENOMEM;
    }
    if (!value[0] || !option_value_clean_path(*path))
        return fc_refuse(setting->reason, "\"%.100s\" is not a path without \"..\"", value);
    return 0;
}

static int user_set_show(const struct user_setting *setting)
{
    FC_AUTO_FREE char *path = NULL;
    int r = user_path(setting, &path);

    if (r < 0)
        return r;
    free(setting->user->show);
    setting->user->show = fc_steal(path);
    return 0;
}

static int user_set_uid(const struct user_setting *setting)
{
    free(setting->user->uid);
    setting->user->uid = strdup(setting->option->value);
    if (!setting->user->uid)
        return -ENOMEM;
    return setting->user->uid[0] ? 0 : fc_refuse(setting->reason, "uid is the name or number of an account");
}

static int user_set_grant(const struct user_setting *setting, unsigned directions)
{
    struct user *user = setting->user;
    struct user_grant_line *lines;

    if (user->n_lines == 2 * USER_MAX_PER_KIND)
        return fc_refuse(setting->reason, "a user has at most %d grants", 2 * USER_MAX_PER_KIND);
    lines = grow_by_one(user->lines, user->n_lines, sizeof(*lines));
    if (!lines)
        return -ENOMEM;
    user->lines = lines;
    lines[user->n_lines++] = (struct user_grant_line){.option = setting->option, .directions = directions};
    return 0;
}

static int user_set_grant_input(const struct user_setting *setting)
{
    return user_set_grant(setting, FC_SOURCE);
}

static int user_set_grant_output(const struct user_setting *setting)
{
    return user_set_grant(setting, FC_TARGET);
}

static int user_set_policy(const struct user_setting *setting, enum policy_use use)
{
    if (setting->user->network.n_read == 2 * USER_MAX_PER_KIND)
        return fc_refuse(setting->reason, "a user has at most %d rules", 2 * USER_MAX_PER_KIND);
    return policy_add(&setting->user->network, use, setting->option->value, setting->reason);
}

static int user_set_allow_connect(const struct user_setting *setting)
{
    return user_set_policy(setting, POLICY_CONNECT);
}

static int user_set_allow_listen(const struct user_setting *setting)
{
    return user_set_policy(setting, POLICY_LISTEN);
}

static int user_set_allow_read(const struct user_setting *setting)
{
    FC_AUTO_FREE char *path = NULL;
    int r = user_path(setting, &path);

    if (r == 0 && setting->user->readable.n == USER_MAX_PER_KIND)
        r = fc_refuse(setting->reason, "a user has at most %d paths to read", USER_MAX_PER_KIND);
    return r < 0 ? r : path_set_add(&setting->user->readable, path);
}

static int user_set_on_revoke(const struct user_setting *setting)
{
    const char *value = setting->option->value;

    if (strcmp(value, "hold") != 0 && strcmp(value, "zero") != 0)
        return fc_refuse(setting->reason, "on-revoke is hold or zero, not \"%.50s\"", value);
    setting->user->on_revoke = strcmp(value, "zero") == 0 ? USER_ZERO : USER_HOLD;
    return 0;
}

static int user_set_frozen(const struct user_setting *setting)
{
    return fc_option_switch(&setting->user->is_frozen_by_configuration, "frozen", setting->option->value,
                            setting->reason);
}

static int user_set_instances(const struct user_setting *setting)
{
    return option_value_number(setting->option->value, 1, 1000, false, &setting->user->quota.instances,
                               setting->reason);
}

static int user_set_memory(const struct user_setting *setting)
{
    return option_value_number(setting->option->value, USER_MIN_MEMORY, UINT64_C(1) << 40, true,
                               &setting->user->quota.memory_bytes, setting->reason);
}

static int user_set_cpu(const struct user_setting *setting)
{
    return option_value_percent(setting->option->value, &setting->user->quota.cpu_percent, setting->reason);
}

static int user_set_rate(const struct user_setting *setting)
{
    return option_value_number(setting->option->value, 1, 100000000, false, &setting->user->quota.rate,
                               setting->reason);
}

static int user_set_channels(const struct user_setting *setting)
{
    return option_value_number(setting->option->value, 1, 1000000, false, &setting->user->quota.channels,
                               setting->reason);
}

static int user_set_routes(const struct user_setting *setting)
{
    return option_value_number(setting->option->value, 1, USER_MAX_ROUTES, false,
                               &setting->user->quota.routes, setting->reason);
}

static int user_set_state(const struct user_setting *setting)
{
    return option_value_number(setting->option->value, 4096, UINT64_C(1) << 50, true,
                               &setting->user->quota.state_bytes, setting->reason);
}

static int user_set_connections(const struct user_setting *setting)
{
    return option_value_number(setting->option->value, 1, 100000, false, &setting->user->quota.connections,
                               setting->reason);
}

static const struct {
    const char *name;
    user_set_fn set;
    bool repeatable;
} user_options[] = {
    {"show", user_set_show, false},
    {"uid", user_set_uid, false},
    {"grant-input", user_set_grant_input, true},
    {"grant-output", user_set_grant_output, true},
    {"allow-connect", user_set_allow_connect, true},
    {"allow-listen", user_set_allow_listen, true},
    {"allow-read", user_set_allow_read, true},
    {"instances", user_set_instances, false},
    {"memory", user_set_memory, false},
    {"cpu", user_set_cpu, false},
    {"rate", user_set_rate, false},
    {"channels", user_set_channels, false},
    {"routes", user_set_routes, false},
    {"state", user_set_state, false},
    {"connections", user_set_connections, false},
    {"on-revoke", user_set_on_revoke, false},
    {"frozen", user_set_frozen, false},
};

static void user_report_unknown(struct config *config, const struct config_option *option)
{
    struct suggest suggest;
    char hint[128];

    suggest_init(&suggest, option->name);
    for (size_t i = 0; i < FC_ARRAY_SIZE(user_options); i++)
        suggest_offer(&suggest, user_options[i].name);
    config_diagnose(config, CONFIG_ERROR, option->at, suggest_hint(&suggest, hint, sizeof(hint)),
                    "a user has no option \"%s\"", option->name);
}

static int user_configure(struct user *user, struct config *config, const struct config_section *section,
                          const struct config_option *option, unsigned *given)
{
    struct fc_reason reason = {.text = "is not valid"};
    struct user_setting setting = {user, section, option, &reason};
    size_t i = 0;
    int r;

    while (i < FC_ARRAY_SIZE(user_options) && strcmp(user_options[i].name, option->name) != 0)
        i++;
    if (i == FC_ARRAY_SIZE(user_options)) {
        user_report_unknown(config, option);
        return 0;
    }
    if (!user_options[i].repeatable && (*given & 1u << i))
        config_diagnose(config, CONFIG_WARNING, option->at, NULL,
                        "\"%s\" was set before in this section; the last one counts", option->name);
    *given |= 1u << i;
    r = user_options[i].set(&setting);
    if (r == -EINVAL)
        config_diagnose(config, CONFIG_ERROR, option->value_at, NULL, "%s", reason.text);
    return r == -ENOMEM ? r : 0;
}

struct user *user_free(struct user *user)
{
    if (!user)
        return NULL;
    user_forget_grants(user);
    policy_deinit(&user->network);
    path_set_deinit(&user->readable);
    free(user->lines);
    free(user->name);
    free(user->show);
    free(user->uid);
    free(user);
    return NULL;
}

int user_new(struct user **userp, struct config *config, const struct config_section *section)
{
    struct user *user = calloc(1, sizeof(*user));
    unsigned given = 0;
    int r = 0;

    if (!user)
        return -ENOMEM;
    user->quota = user_default_quota;
    user->at = section->instance_at;
    user->name = strdup(section->instance);
    if (!user->name)
        r = -ENOMEM;
    for (size_t i = 0; r == 0 && i < section->n_options; i++)
        r = user_configure(user, config, section, &section->options[i], &given);
    if (r < 0) {
        user_free(user);
        return r;
    }
    if (strlen(section->instance) > USER_MAX_NAME)
        config_diagnose(config, CONFIG_ERROR, user->at, NULL, "a user's name has at most %d bytes",
                        USER_MAX_NAME);
    if (!(given & 1u))
        config_diagnose(config, CONFIG_ERROR, user->at, NULL,
                        "the user \"%s\" has no show: add \"show = PATH\"", user->name);
    *userp = user;
    return 0;
}

static bool user_is_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool user_is_same(const struct user *a, const struct user *b)
{
    return user_is_equal(a->name, b->name) && user_is_equal(a->show, b->show) &&
           user_is_equal(a->uid, b->uid);
}

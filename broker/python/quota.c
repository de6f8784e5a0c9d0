/* SPDX-License-Identifier: BSD-2-Clause */
/* How a user's quota is shared out. */
#include "broker/python/quota.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/gate/policy_describe.h"
#include "broker/python/backend.h"
#include "broker/python/options.h"
#include "broker/python/private.h"
#include "broker/show/user.h"
#include "firecurtain/cleanup.h"
#include "proto/spawn_paths.h"

/* Of what a user has a share, and the least that an instance can do with. */
static const struct {
    const char *option;
    size_t of_instance; /* offsets of uint64_t */
    size_t of_quota;
    uint64_t least;
} quota_kinds[] = {
    {"memory", offsetof(struct python, memory_bytes), offsetof(struct user_quota, memory_bytes),
     PYTHON_LEAST_MEMORY},
    {"cpu", offsetof(struct python, cpu_percent), offsetof(struct user_quota, cpu_percent), 1},
    {"rate", offsetof(struct python, outflow.per_second), offsetof(struct user_quota, rate), 1},
    {"connections", offsetof(struct python, connections), offsetof(struct user_quota, connections), 1},
    {"state", offsetof(struct python, state_bytes), offsetof(struct user_quota, state_bytes), 4096},
};

/* What costs the broker or the machine, and has no quota: not more than without the option. */
static const struct {
    const char *option;
    size_t of_instance;
    uint64_t most;
} quota_limits[] = {
    {"threads", offsetof(struct python, threads), PYTHON_THREADS},
    {"files", offsetof(struct python, files), PYTHON_FILES},
    {"state-files", offsetof(struct python, state_files), PYTHON_STATE_FILES},
    {"queue", offsetof(struct python, queue.limit), PYTHON_QUEUE_EVENTS},
    {"log-rate", offsetof(struct python, log_rate), PYTHON_LOG_RATE},
};

static uint64_t *quota_field(struct python *python, size_t offset)
{
    return (uint64_t *)(void *)((char *)python + offset);
}

static const struct config_option *quota_find(const struct config_section *section, const char *option)
{
    const struct config_option *found = NULL;

    for (size_t i = 0; i < section->n_options; i++) {
        if (strcmp(section->options[i].name, option) == 0)
            found = &section->options[i];
    }
    return found;
}

/* Where an instance's option stands: below its header, below its backend's, or nowhere. */
static struct config_location quota_at(const struct config *config, const struct python *python,
                                       const char *option)
{
    const struct config_option *found = NULL;

    for (size_t i = 0; !found && i < config->n_sections; i++) {
        const struct config_section *section = &config->sections[i];

        if (section->instance && strcmp(section->instance, instance_own_name(python->instance)) == 0)
            found = quota_find(section, option);
    }
    for (size_t i = 0; !found && i < config->n_sections; i++) {
        if (!config->sections[i].instance && strcmp(config->sections[i].backend, "python") == 0)
            found = quota_find(&config->sections[i], option);
    }
    return found ? found->value_at : python->instance->at;
}

static struct python *quota_python(const struct fc_instance *instance)
{
    return instance->backend == &backend_python ? instance->self : NULL;
}

/* What the options ask for, all together. False if that is too much. */
static bool quota_add_up(struct fc_instance **instances, size_t n, size_t kind, const struct user *user,
                         struct config *config, uint64_t *asked, size_t *n_open)
{
    const char *option = quota_kinds[kind].option;
    uint64_t quota =
        *(const uint64_t *)(const void *)((const char *)&user->quota + quota_kinds[kind].of_quota);

    for (size_t i = 0; i < n; i++) {
        struct python *python = quota_python(instances[i]);

        if (python && !python_is_given(python, option)) {
            ++*n_open;
            continue;
        }
        if (!python)
            continue;
        *asked += *quota_field(python, quota_kinds[kind].of_instance);
        if (*asked <= quota)
            continue;
        config_diagnose(
            config, CONFIG_ERROR, quota_at(config, python, option), NULL,
            "with this, the instances of the user \"%s\" have %s = %llu, and all of them may have %llu",
            user->name, option, (unsigned long long)*asked, (unsigned long long)quota);
        return false;
    }
    return true;
}

static void quota_share(struct fc_instance **instances, size_t n, size_t kind, const struct user *user,
                        struct config *config)
{
    uint64_t quota =
        *(const uint64_t *)(const void *)((const char *)&user->quota + quota_kinds[kind].of_quota);
    uint64_t asked = 0, share;
    size_t n_open = 0;

    if (quota == 0 || !quota_add_up(instances, n, kind, user, config, &asked, &n_open) || n_open == 0)
        return;
    share = (quota - asked) / n_open;
    for (size_t i = 0; i < n; i++) {
        struct python *python = quota_python(instances[i]);
        uint64_t *value = python ? quota_field(python, quota_kinds[kind].of_instance) : NULL;

        if (!python || python_is_given(python, quota_kinds[kind].option))
            continue;
        if (share < quota_kinds[kind].least) {
            config_diagnose(config, CONFIG_ERROR, python->instance->at, NULL,
                            "the user's quota leaves %s = %llu for this instance, and it needs %llu",
                            quota_kinds[kind].option, (unsigned long long)share,
                            (unsigned long long)quota_kinds[kind].least);
            return;
        }
        if (*value == 0 || *value > share) /* 0: no limit */
            *value = share;
    }
}

static void quota_check_network(const struct python *python, const struct user *user, struct config *config)
{
    if (python->network != SPAWN_NETWORK_NONE)
        config_diagnose(config, CONFIG_ERROR, quota_at(config, python, "insecure-network"), NULL,
                        "insecure-network is not for users");
    for (size_t i = 0; i < python->policy.n_read; i++) {
        char option[300], words[2];

        if (policy_holds(&user->network, &python->policy, i))
            continue;
        policy_describe(&python->policy, i, option, sizeof(option), words, sizeof(words));
        config_diagnose(config, CONFIG_ERROR,
                        quota_at(config, python, strncmp(option, "listen", 6) == 0 ? "listen" : "connect"),
                        "the administrator could allow it with allow-connect or allow-listen",
                        "the user \"%s\" may not use \"%s\"", user->name, option);
    }
}

static void quota_check_reads(const struct python *python, const struct user *user, struct config *config)
{
    const struct spawn_paths paths = {.shown = (const char *const *)user->readable.paths,
                                      .n_shown = user->readable.n};
    const char *path = python->reads.text;

    for (uint32_t i = 0; i < python->reads.n; i++, path += strlen(path) + 1) {
        if (!spawn_paths_show(&paths, path))
            config_diagnose(config, CONFIG_ERROR, quota_at(config, python, "read"),
                            "the administrator could allow it with allow-read",
                            "the user \"%s\" may not use \"read = %s\"", user->name, path);
    }
}

static void quota_check_limits(struct python *python, struct config *config)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(quota_limits); i++) {
        if (*quota_field(python, quota_limits[i].of_instance) <= quota_limits[i].most)
            continue;
        config_diagnose(config, CONFIG_ERROR, quota_at(config, python, quota_limits[i].option), NULL,
                        "a user's instance has %s = %llu at most", quota_limits[i].option,
                        (unsigned long long)quota_limits[i].most);
    }
}

/* An instance with another share is another one. */
static int quota_sign(struct python *python)
{
    struct fc_instance *instance = python->instance;
    char *signature;

    if (asprintf(&signature, "%s%llu %llu %llu %llu %llu\n", instance->signature,
                 (unsigned long long)python->memory_bytes, (unsigned long long)python->cpu_percent,
                 (unsigned long long)python->outflow.per_second, (unsigned long long)python->state_bytes,
                 (unsigned long long)python->connections) < 0)
        return -ENOMEM;
    free(instance->signature);
    instance->signature = signature;
    return 0;
}

int python_share_out(struct fc_instance **instances, size_t n, const struct user *user, struct config *config)
{
    int r = 0;

    for (size_t kind = 0; kind < FC_ARRAY_SIZE(quota_kinds); kind++)
        quota_share(instances, n, kind, user, config);
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct python *python = quota_python(instances[i]);

        if (!python)
            continue;
        quota_check_network(python, user, config);
        quota_check_reads(python, user, config);
        quota_check_limits(python, config);
        r = quota_sign(python);
    }
    return r;
}

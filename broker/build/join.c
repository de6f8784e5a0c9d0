/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Adds the users' shows to the house's, which is built before. Each user's show is added on trial, and taken
 * back as a whole if anything is wrong with it. All that stays behind then are channels of the house without
 * a direction.
 */
#include "broker/build/join.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/build/instances.h"
#include "broker/build/map.h"
#include "broker/build/private.h"
#include "broker/build/shown.h"
#include "broker/build/users.h"
#include "broker/python/quota.h"
#include "broker/show/grant.h"
#include "broker/show/show.h"
#include "broker/show/user.h"
#include "firecurtain/cleanup.h"

static int join_read_user(struct build *build, const struct config_section *section)
{
    struct show *show = build->show;
    struct user **users = grow_by_one(show->users, show->n_users, sizeof(*users));
    struct user *user;
    int r;

    if (!users)
        return -ENOMEM;
    show->users = users;
    r = user_new(&user, build->config, section);
    if (r < 0)
        return r;
    users[show->n_users++] = user;
    return user_add_grants(user, show, build->config);
}

int join_read_users(struct build *build)
{
    const struct config *config = build->config;
    int r = 0;

    for (size_t i = 0; r == 0 && i < config->n_sections; i++) {
        if (!build_is_user(&config->sections[i]))
            continue;
        if (build->show->n_users < USER_MAX)
            r = join_read_user(build, &config->sections[i]);
        else
            config_diagnose(build->config, CONFIG_ERROR, config->sections[i].at, NULL,
                            "more than %d users in one installation", USER_MAX);
    }
    return r;
}

/* The size of the show before a user was tried. */
struct join_mark {
    size_t n_instances;
    size_t n_edges;
    unsigned **directions; /* of each instance's channels */
    uint32_t *n_channels;
};

static void join_mark_deinit(struct join_mark *mark)
{
    for (size_t i = 0; mark->directions && i < mark->n_instances; i++)
        free(mark->directions[i]);
    free(mark->directions);
    free(mark->n_channels);
}

static int join_mark_init(struct join_mark *mark, const struct show *show)
{
    mark->n_instances = show->n_instances;
    mark->n_edges = show->router.n_edges;
    mark->directions = calloc(show->n_instances + 1, sizeof(*mark->directions));
    mark->n_channels = calloc(show->n_instances + 1, sizeof(*mark->n_channels));
    if (!mark->directions || !mark->n_channels)
        return -ENOMEM;
    for (size_t i = 0; i < show->n_instances; i++) {
        const struct fc_instance *instance = show->instances[i];

        mark->n_channels[i] = instance->n_channels;
        mark->directions[i] = calloc(instance->n_channels + 1, sizeof(unsigned));
        if (!mark->directions[i])
            return -ENOMEM;
        for (uint32_t id = 0; id < instance->n_channels; id++)
            mark->directions[i][id] = instance->channels[id].directions;
    }
    return 0;
}

/* Gives an instance's channels the directions that they had, and none to later ones. 0 or -ENOMEM. */
static int join_restore(struct fc_instance *instance, const unsigned *directions, uint32_t n)
{
    int r = 0;

    for (uint32_t id = 0; r == 0 && id < instance->n_channels; id++) {
        struct channel *channel = &instance->channels[id];
        unsigned before = id < n ? directions[id] : 0;
        struct fc_reason reason;

        if (id >= n)
            channel->at = channel->source_at =
                (struct config_location){0}; /* the file that it names will be freed */
        if (channel->directions == before)
            continue;
        channel->directions = before;
        r = instance->backend->channel(instance->self, id, channel->name->text, before, &reason);
        if (r == -EINVAL || r == FC_DOUBT) /* it was refused before, too, and has no direction then */
            r = 0;
    }
    return r;
}

/* Removes from the show what a user's trial has added. 0 or -ENOMEM. */
static int join_take_back(struct show *show, const struct join_mark *mark)
{
    int r = 0;

    while (show->n_instances > mark->n_instances) {
        struct fc_instance *instance = show->instances[--show->n_instances];

        if (instance->hh.tbl)
            HASH_DEL(show->by_name, instance);
        instance_free(instance);
    }
    show->router.n_edges = mark->n_edges;
    for (size_t i = 0; r == 0 && i < mark->n_instances; i++)
        r = join_restore(show->instances[i], mark->directions[i], mark->n_channels[i]);
    return r;
}

static void join_check_instances(struct build *build)
{
    const struct config *config = build->config;
    uint64_t n = 0, quota = build->user->quota.instances;

    for (size_t i = 0; i < config->n_sections; i++) {
        const struct config_section *section = &config->sections[i];

        if (section->instance && ++n == quota + 1)
            config_diagnose(build->config, CONFIG_ERROR, section->instance_at, NULL,
                            "the user \"%s\" may have at most %llu instances (option instances)",
                            build->user->name, (unsigned long long)quota);
    }
}

/* The quota may have become smaller since the configuration was read. */
static void join_check_routes(struct build *build)
{
    const struct config *config = build->config;
    uint64_t n_routes = 0;

    for (size_t i = 0; i < config->n_mappings; i++) {
        n_routes += config_count_routes(&config->mappings[i]);
        if (n_routes <= build->user->quota.routes)
            continue;
        config_diagnose(build->config, CONFIG_ERROR, config->mappings[i].left.at, NULL,
                        CONFIG_TOO_MANY_ROUTES, build->user->quota.routes);
        return;
    }
}

/* Checks sizes before anything is built: a user must not be able to keep the broker busy. */
static bool join_is_small(struct build *build)
{
    join_check_instances(build);
    join_check_routes(build);
    return !build->config->n_errors;
}

/* Shares the channels that the user's mappings leave equally among their instances, for scripts to make more.
 */
static void join_share_channels(struct build *build, size_t n_before)
{
    const struct show *show = build->show;
    uint64_t used = 0, quota = build->user->quota.channels;
    size_t n = show->n_instances - n_before;

    for (size_t i = n_before; i < show->n_instances; i++) {
        struct fc_instance *instance = show->instances[i];

        used += instance->n_channels;
        if (used <= quota)
            continue;
        config_diagnose(
            build->config, CONFIG_ERROR, instance->at, NULL,
            "the mappings of the user \"%s\" use more than %llu of the user's own channels (option channels)",
            build->user->name, (unsigned long long)quota);
        return;
    }
    for (size_t i = n_before; i < show->n_instances; i++) {
        struct fc_instance *instance = show->instances[i];
        uint64_t all = instance->n_channels + (quota - used) / n;

        instance->max_channels = all < INSTANCE_MAX_CHANNELS ? (uint32_t)all : INSTANCE_MAX_CHANNELS;
    }
}

/* Reports folders that the keeper, which was told them when the broker started, will not show to scripts. */
static int join_check_shown(struct build *build, const struct users_account *account, size_t n_before)
{
    FC_CLEANUP(path_set_deinit) struct path_set beyond = {0};
    int r = shown_find_beyond(build->show, build->user->number, &account->folders, &beyond);

    for (size_t i = 0; r == 0 && i < beyond.n; i++)
        config_diagnose(build->config, CONFIG_ERROR, build->show->instances[n_before]->at, NULL,
                        "scripts can see %s only after firecurtain has been restarted", beyond.paths[i]);
    return r;
}

/* Checks the scripts with the user's rights, as the user's workers would find them. */
static int join_check_scripts(struct build *build, const struct users_account *account)
{
    if (build->scripts == BUILD_SCRIPTS_UNSEEN) {
        build_check(build);
        return 0;
    }
    if (file_as_begin(&account->identity) < 0) {
        config_diagnose(build->config, CONFIG_ERROR, build->user->at, NULL,
                        "the scripts of the user \"%s\" cannot be read with that user's permissions",
                        build->user->name);
        return 0;
    }
    build_check(build);
    file_as_end(&account->identity);
    return 0;
}

/* Adds everything of a user's configuration, or finds errors in it. 0 or -ENOMEM. */
static int join_build(struct build *build, struct users *users)
{
    struct config *config = build->config;
    struct show *show = build->show;
    size_t n_before = show->n_instances;
    int r;

    if (!join_is_small(build))
        return 0;
    r = build_instances(build);
    if (r < 0)
        return r;
    if (!config->n_errors)
        r = python_share_out(show->instances + n_before, show->n_instances - n_before, build->user, config);
    if (r == 0 && users->is_fixed && show->n_instances > n_before)
        r = join_check_shown(build, users_account(users, build->user), n_before);
    for (size_t i = 0; r == 0 && i < config->n_mappings && config->n_errors < CONFIG_MAX_DIAGNOSTICS; i++)
        r = build_mapping(build, &config->mappings[i]);
    if (r == 0 && !config->n_errors)
        join_share_channels(build, n_before);
    if (r == 0)
        r = join_check_scripts(build, users_account(users, build->user));
    return r;
}

/* Adds a user's show if `config` has no errors, which building it may find. 0 or -ENOMEM. */
static int join_try(struct show *show, struct user *user, struct config *config, struct users *users,
                    enum build_scripts scripts, bool *is_joined)
{
    FC_CLEANUP(join_mark_deinit) struct join_mark mark = {0};
    struct build build = {.show = show, .config = config, .user = user, .scripts = scripts};
    int r;

    *is_joined = false;
    if (config->n_errors)
        return 0;
    r = join_mark_init(&mark, show);
    if (r == 0)
        r = join_build(&build, users);
    if (r < 0)
        return r;
    *is_joined = !config->n_errors;
    return *is_joined ? 0 : join_take_back(show, &mark);
}

/* Adds the show that the user had last, if any and if it still fits. 0 or -ENOMEM. */
static int join_keep(struct show *show, struct user *user, struct users *users, bool *is_joined)
{
    struct config *sound = users_account(users, user)->sound;

    *is_joined = false;
    if (!sound)
        return 0;
    config_forget_findings(sound);
    return join_try(show, user, sound, users, BUILD_SCRIPTS_UNSEEN, is_joined);
}

/* Decides what becomes of a user whose new configuration was tried. 0 or -ENOMEM. */
static int join_judge(struct show *show, struct user *user, struct users *users, bool is_joined,
                      enum users_outcome *outcome)
{
    int r;

    *outcome = is_joined ? USERS_TAKEN : USERS_KEPT;
    if (is_joined || users->only) /* then the running show stays as a whole */
        return 0;
    r = join_keep(show, user, users, &is_joined);
    if (r == 0 && !is_joined)
        *outcome = USERS_LEFT_OUT;
    return r;
}

/* Reads a user's configuration and adds the show, or reports why not. 0 or -ENOMEM. */
static int join_user(struct show *show, struct user *user, struct users *users, enum build_scripts scripts,
                     bool *is_refused)
{
    struct users_account *account = users_account(users, user);
    FC_CLEANUP(config_freep) struct config *config = fc_steal(account->read);
    enum users_outcome outcome = USERS_LEFT_OUT;
    bool is_joined = false;
    int r = config ? 0 : users_load(users, user, &config);

    if (r == 0)
        r = join_try(show, user, config, users, scripts, &is_joined);
    if (r == 0)
        r = join_judge(show, user, users, is_joined, &outcome);
    if (r < 0)
        return r;
    if (users->judged)
        users->judged(users->userdata, user->name, config, outcome);
    if (outcome == USERS_TAKEN)
        account->next = fc_steal(config);
    *is_refused = users->only && !is_joined;
    return 0;
}

/* Remembers what the show was made from as sound or, without success, forgets it. */
static void join_settle(struct users *users, bool success)
{
    for (size_t i = 0; i < users->n; i++) {
        struct users_account *account = &users->list[i];

        if (success && account->next) {
            users_forget_old(users);
            users->old = account->sound;
            account->sound = fc_steal(account->next);
        }
        account->next = config_free(account->next);
    }
}

int join_users(struct show *show, struct config *config, struct users *users, enum build_scripts scripts,
               bool *is_refused)
{
    int r = users_match(users, show, config);
    bool is_joined; /* of others it was decided before, and would be again with the same result */

    *is_refused = false;
    for (size_t i = 0; r == 0 && !*is_refused && !config->n_errors && i < show->n_users; i++)
        r = users->only && users->only != show->users[i]->number
                ? join_keep(show, show->users[i], users, &is_joined)
                : join_user(show, show->users[i], users, scripts, is_refused);
    join_settle(users, r == 0 && !*is_refused && !config->n_errors);
    return r;
}

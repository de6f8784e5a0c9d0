/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes channels and routes of mappings, and checks users' mappings against their grants. */
#include "broker/build/map.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "broker/base/suggest.h"
#include "broker/build/instances.h"
#include "broker/build/private.h"
#include "broker/show/grant.h"
#include "broker/show/show.h"
#include "broker/show/user.h"
#include "firecurtain/cleanup.h"

/* One side of a mapping. */
struct build_side {
    const struct config_endpoint *endpoint;
    struct fc_instance *instance;
    unsigned directions;
    int64_t single; /* the channel of a side with only one name, once it was looked up; else -1 */
};

static void build_report_grant(struct build *build, const struct build_side *side, const char *channel,
                               unsigned direction)
{
    const char *instance = side->instance->name, *user = build->user->name;
    bool reads = direction == FC_SOURCE;
    char hint[2 * BUILD_MAX_NAME];

    snprintf(hint, sizeof(hint), "the administrator could grant it in [user %s]: grant-%s = %s.%s", user,
             reads ? "input" : "output", instance, channel);
    config_diagnose(build->config, CONFIG_ERROR, side->endpoint->channel_at, hint,
                    "the user \"%s\" may not %s %s.%s", user, reads ? "read" : "write", instance, channel);
}

/*
 * Whether the configuration's owner may use a channel: users may use their own and, of the house's, those
 * that they were granted. Reports what is not granted.
 */
static bool build_may(struct build *build, const struct build_side *side, const char *channel)
{
    const unsigned all[] = {FC_SOURCE, FC_TARGET};
    bool may = true;

    if (!build->user || side->instance->owner)
        return true;
    for (size_t i = 0; i < FC_ARRAY_SIZE(all); i++) {
        if (!(side->directions & all[i]) || user_may(build->user, side->instance, channel, all[i]))
            continue;
        build_report_grant(build, side, channel, all[i]);
        may = false;
    }
    return may;
}

/* Finds or adds a channel. 0, -EINVAL if an error was reported, or -ENOMEM. */
static int build_channel(struct build *build, struct build_side *side, const char *name, int64_t *id)
{
    struct fc_instance *instance = side->instance;
    struct fc_reason reason = {.text = "is not valid"};
    char canonical[BUILD_MAX_NAME];
    uint32_t n_before = instance->n_channels;
    struct channel *channel;
    int r = instance_canonical(instance, name, canonical, sizeof(canonical), &reason);

    if (r == 0) {
        if (!build_may(build, side, canonical))
            return -EINVAL;
        *id = instance_add_channel(instance, canonical);
        if (*id == -ENOSPC)
            r = fc_refuse(&reason, "an instance has at most %u channels", instance->max_channels);
        else if (*id < 0)
            return (int)*id;
    }
    if (r == 0) {
        channel = &instance->channels[*id];
        if ((channel->directions & side->directions) == side->directions)
            return 0;
        if (!channel->at.file)
            channel->at = side->endpoint->channel_at;
        if ((side->directions & FC_SOURCE) && !channel->source_at.file)
            channel->source_at = side->endpoint->channel_at;
        channel->directions |= side->directions;
        r = instance->backend->channel(instance->self, (uint32_t)*id, channel->name->text,
                                       channel->directions, &reason);
        if (r < 0 && instance->n_channels > n_before) /* backends know no gaps */
            instance_drop_channel(instance);
    }
    build_report_reason(build, side->endpoint->channel_at, r, &reason);
    return r == FC_DOUBT ? 0 : r;
}

/* Finds the channel that name `n` of a side stands for. As build_channel(). */
static int build_side_channel(struct build *build, struct build_side *side, uint64_t n, int64_t *id)
{
    char name[BUILD_MAX_NAME];
    int r;

    if (side->single >= 0) {
        *id = side->single;
        return 0;
    }
    r = glob_name(&side->endpoint->glob, side->endpoint->glob.n_names == 1 ? 0 : n, name, sizeof(name));
    if (r < 0) {
        config_diagnose(build->config, CONFIG_ERROR, side->endpoint->channel_at, NULL,
                        "a channel name is longer than %d bytes", BUILD_MAX_NAME - 1);
        return -EINVAL;
    }
    r = build_channel(build, side, name, id);
    if (r == 0 && side->endpoint->glob.n_names == 1)
        side->single = *id;
    return r;
}

static int build_route(struct build *build, const struct build_side *from, int64_t from_id,
                       const struct build_side *to, int64_t to_id)
{
    if (build->user && !to->instance->owner)
        to->instance->channels[to_id].is_written_by_users = true;
    return router_add(&build->show->router,
                      (struct route_target){.instance = from->instance, .channel = (uint32_t)from_id},
                      (struct route_target){.instance = to->instance, .channel = (uint32_t)to_id});
}

/* In a user's show a name means one of the user's own instances, or else one of the house's. */
static struct fc_instance *build_find_instance(const struct build *build, const char *own)
{
    struct fc_instance *instance = NULL;
    char name[BUILD_MAX_NAME];

    if (strchr(own, '/') || build_name(build, own, name, sizeof(name)) < 0)
        return NULL;
    HASH_FIND_STR(build->show->by_name, name, instance);
    if (!instance && build->user)
        HASH_FIND_STR(build->show->by_name, own, instance);
    return instance;
}

static struct build_side build_side(const struct build *build, const struct config_endpoint *endpoint,
                                    bool source, bool target)
{
    struct build_side side = {.endpoint = endpoint, .single = -1};

    side.instance = build_find_instance(build, endpoint->instance);
    side.directions = (source ? FC_SOURCE : 0u) | (target ? FC_TARGET : 0u);
    return side;
}

/*
 * Whether the instance exists. Reports one that does not, unless it was declared: then it could not be made,
 * and that was reported.
 */
static bool build_is_complete(struct build *build, const struct build_side *side)
{
    const struct config *config = build->config;
    const char *name = side->endpoint->instance;
    struct suggest suggest;
    char hint[128];

    if (side->instance)
        return true;
    suggest_init(&suggest, name);
    for (size_t i = 0; i < config->n_sections; i++) {
        const struct config_section *section = &config->sections[i];

        if (!section->instance || build_is_user(section))
            continue;
        if (strcmp(section->instance, name) == 0)
            return false;
        suggest_offer(&suggest, section->instance);
    }
    if (build->user)
        config_diagnose(build->config, CONFIG_ERROR, side->endpoint->at,
                        suggest_hint(&suggest, hint, sizeof(hint)), "unknown instance \"%.*s\"", 80, name);
    else
        config_diagnose(build->config, CONFIG_ERROR, side->endpoint->at, NULL,
                        "\"%.*s\" is a user, and has no channels", 80, name);
    return false;
}

/*
 * Whether one side of a user's mapping is the user's own. A route between two instances of the house would
 * stay active when the user is frozen.
 */
static bool build_is_hers(struct build *build, const struct build_side *left, const struct build_side *right)
{
    if (!build->user || left->instance->owner || right->instance->owner)
        return true;
    config_diagnose(build->config, CONFIG_ERROR, left->endpoint->at, NULL,
                    "one side of a user's mapping must be an instance of that user");
    return false;
}

/*
 * Checks the channels of a side whose counterpart has no instance, so that one missing backend does not hide
 * what else is wrong. 0 or -ENOMEM.
 */
static int build_lone_side(struct build *build, struct build_side *side)
{
    int64_t id;
    int r = 0;

    if (!build_is_complete(build, side))
        return 0;
    for (uint64_t n = 0; r == 0 && n < side->endpoint->glob.n_names; n++)
        r = build_side_channel(build, side, n, &id);
    return r == -ENOMEM ? r : 0;
}

int build_mapping(struct build *build, const struct config_mapping *mapping)
{
    struct build_side left =
        build_side(build, &mapping->left, mapping->left_to_right, mapping->right_to_left);
    struct build_side right =
        build_side(build, &mapping->right, mapping->right_to_left, mapping->left_to_right);
    uint64_t n_left = mapping->left.glob.n_names, n_right = mapping->right.glob.n_names;
    int64_t left_id = -1, right_id = -1;

    if (!build_is_complete(build, &left))
        return build_lone_side(build, &right);
    if (!build_is_complete(build, &right))
        return build_lone_side(build, &left);
    if (!build_is_hers(build, &left, &right))
        return 0;
    for (uint64_t n = 0; n < (n_left > n_right ? n_left : n_right); n++) {
        int r = build_side_channel(build, &left, n, &left_id);
        int s = r == -ENOMEM ? r : build_side_channel(build, &right, n, &right_id);

        if (r < 0 || s < 0)
            return r == -ENOMEM || s == -ENOMEM ? -ENOMEM : 0; /* one error per mapping is enough */
        if (mapping->left_to_right)
            r = build_route(build, &left, left_id, &right, right_id);
        if (r == 0 && mapping->right_to_left)
            r = build_route(build, &right, right_id, &left, left_id);
        if (r < 0)
            return r;
    }
    return 0;
}

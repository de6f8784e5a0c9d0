/*
 * See show.h: from the configuration's structure to instances, channels and routes. Every error is found, not
 * one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/backends/table.h"
#include "broker/control_roles.h"
#include "broker/python.h"
#include "broker/show.h"
#include "broker/suggest.h"

#define BUILD_MAX_NAME     1024
#define BUILD_MAX_INSTANCE 64 /* it is a folder's name, and in every line of the log */

struct build {
    struct show *show;
    struct config *config;
};

static const struct fc_option *build_find_option(const struct fc_backend *backend, enum fc_scope scope,
                                                 const char *name)
{
    for (const struct fc_option *option = backend->options; option && option->name; option++) {
        bool prefix = strcmp(option->name, "/") == 0 && name[0] == '/';

        if ((option->scopes & scope) && (prefix || strcmp(option->name, name) == 0))
            return option;
    }
    return NULL;
}

static void build_unknown_option(struct build *build, const struct fc_backend *backend, enum fc_scope scope,
                                 const struct config_option *option)
{
    bool elsewhere = build_find_option(backend, scope ^ (FC_SCOPE_BACKEND | FC_SCOPE_INSTANCE), option->name);
    struct suggest suggest;
    char hint[128];

    suggest_init(&suggest, option->name);
    for (const struct fc_option *known = backend->options; known && known->name; known++) {
        if (known->scopes & scope)
            suggest_offer(&suggest, known->name);
    }
    if (elsewhere)
        config_diagnose(build->config, CONFIG_ERROR, option->at, NULL,
                        "the option \"%s\" belongs in %s section", option->name,
                        scope == FC_SCOPE_BACKEND ? "an instance's" : "the backend's");
    else
        config_diagnose(build->config, CONFIG_ERROR, option->at, suggest_hint(&suggest, hint, sizeof(hint)),
                        "the backend %s has no option \"%s\"", backend->name, option->name);
}

/* Several assignments count only where the option says so; then the last one does, as ever. */
static void build_warn_repeated(struct build *build, const struct config_section *section, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(section->options[i].name, section->options[index].name) != 0)
            continue;
        config_diagnose(build->config, CONFIG_WARNING, section->options[index].at, NULL,
                        "\"%s\" was set before in this section; the last one counts",
                        section->options[index].name);
        return;
    }
}

static int build_configure(struct build *build, struct fc_instance *instance,
                           const struct config_section *section, enum fc_scope scope, bool diagnose_names)
{
    const struct fc_backend *backend = instance->backend;

    for (size_t i = 0; i < section->n_options; i++) {
        const struct config_option *option = &section->options[i];
        const struct fc_option *known = build_find_option(backend, scope, option->name);
        struct fc_reason reason = {.text = "is not possible"};
        int r;

        if (!known) {
            if (diagnose_names)
                build_unknown_option(build, backend, scope, option);
            continue;
        }
        if (!known->repeatable && diagnose_names)
            build_warn_repeated(build, section, i);
        r = backend->configure(instance->self, scope, option->name, option->value, &reason);
        if (r == -ENOMEM)
            return r;
        if (r < 0 && diagnose_names)
            config_diagnose(build->config, CONFIG_ERROR, option->value_at, NULL, "%s", reason.text);
    }
    return 0;
}

static const struct fc_backend *build_find_backend(struct build *build, const struct config_section *section)
{
    const struct fc_backend *backend = backend_find(section->backend);
    struct suggest suggest;
    char hint[128];

    if (backend)
        return backend;
    suggest_init(&suggest, section->backend);
    for (size_t i = 0; i < backend_table_size; i++)
        suggest_offer(&suggest, backend_table[i]->name);
    config_diagnose(build->config, CONFIG_ERROR, section->at, suggest_hint(&suggest, hint, sizeof(hint)),
                    "there is no backend \"%s\"", section->backend);
    return NULL;
}

/* Names and values of a [backend …] section are judged once, on an instance that nobody sees. */
static int build_backend_section(struct build *build, const struct config_section *section)
{
    const struct fc_backend *backend;
    struct fc_instance *probe;
    int r;

    if (control_roles_is_section(section)) {
        control_roles_check(build->config, section);
        return 0;
    }
    backend = build_find_backend(build, section);
    if (!backend)
        return 0;
    r = instance_new(&probe, build->show, section->backend, backend, section->directory);
    if (r < 0)
        return r;
    r = build_configure(build, probe, section, FC_SCOPE_BACKEND, true);
    instance_free(probe);
    return r;
}

/* The defaults of [backend NAME], then the instance's own options. */
static int build_options(struct build *build, struct fc_instance *instance,
                         const struct config_section *section)
{
    const struct config *config = build->config;
    struct fc_reason reason = {.text = "is not possible"};
    int r = 0;

    for (size_t i = 0; r == 0 && i < config->n_sections; i++) {
        if (!config->sections[i].instance && strcmp(config->sections[i].backend, section->backend) == 0)
            r = build_configure(build, instance, &config->sections[i], FC_SCOPE_BACKEND, false);
    }
    if (r == 0)
        r = build_configure(build, instance, section, FC_SCOPE_INSTANCE, true);
    if (r == 0 && instance->backend->configured)
        r = instance->backend->configured(instance->self, &reason);
    if (r == -EINVAL) {
        config_diagnose(build->config, CONFIG_ERROR, section->instance_at, NULL, "%s", reason.text);
        r = 0;
    }
    return r;
}

static void build_print_options(const struct config_section *section, FILE *out)
{
    for (size_t i = 0; i < section->n_options; i++) /* values have no line breaks */
        fprintf(out, "%s=%s\n", section->options[i].name, section->options[i].value);
}

/* Everything that makes the instance what it is, but for its mappings. */
static int build_signature(struct build *build, struct fc_instance *instance,
                           const struct config_section *section)
{
    const struct config *config = build->config;
    size_t bytes;
    FILE *out = open_memstream(&instance->signature, &bytes);

    if (!out)
        return -ENOMEM;
    fprintf(out, "%s\n%s\n", section->backend, section->directory);
    for (size_t i = 0; i < config->n_sections; i++) {
        if (!config->sections[i].instance && strcmp(config->sections[i].backend, section->backend) == 0)
            build_print_options(&config->sections[i], out);
    }
    build_print_options(section, out);
    return fclose(out) == 0 ? 0 : -ENOMEM;
}

static int build_instance(struct build *build, const struct config_section *section)
{
    const struct fc_backend *backend = build_find_backend(build, section);
    struct show *show = build->show;
    struct fc_instance *instance;
    int r;

    if (!backend)
        return 0;
    if (strlen(section->instance) > BUILD_MAX_INSTANCE) {
        config_diagnose(build->config, CONFIG_ERROR, section->instance_at, NULL,
                        "an instance name has at most %d bytes", BUILD_MAX_INSTANCE);
        return 0;
    }
    r = instance_new(&instance, show, section->instance, backend, section->directory);
    if (r < 0)
        return r;
    instance->at = section->instance_at;
    show->instances[show->n_instances++] = instance;
    HASH_ADD_KEYPTR(hh, show->by_name, instance->name, strlen(instance->name), instance);
    if (!instance->hh.tbl)
        return -ENOMEM;
    r = build_signature(build, instance, section);
    return r < 0 ? r : build_options(build, instance, section);
}

static int build_instances(struct build *build)
{
    const struct config *config = build->config;
    int r = 0;

    build->show->instances = calloc(config->n_sections + 1, sizeof(struct fc_instance *));
    if (!build->show->instances)
        return -ENOMEM;
    for (size_t i = 0; r == 0 && i < config->n_sections; i++)
        r = config->sections[i].instance ? build_instance(build, &config->sections[i])
                                         : build_backend_section(build, &config->sections[i]);
    return r;
}

/* One side of a mapping: where it leads, and how it is used. */
struct build_side {
    const struct config_endpoint *endpoint;
    struct fc_instance *instance;
    unsigned directions;
    int64_t single; /* the channel, if the side has one name only; -1 as long as it was not looked up */
};

static int build_channel(struct build *build, struct build_side *side, const char *name, int64_t *id)
{
    struct fc_instance *instance = side->instance;
    struct fc_reason reason = {.text = "is not possible"};
    char canonical[BUILD_MAX_NAME];
    struct channel *channel;
    int r = 0;

    if (instance->backend->canonical)
        r = instance->backend->canonical(instance->self, name, canonical, sizeof(canonical), &reason);
    if (r == 0) {
        *id = instance_add_channel(instance, instance->backend->canonical ? canonical : name);
        if (*id == -ENOSPC)
            r = fc_refuse(&reason, "an instance has at most %u channels", INSTANCE_MAX_CHANNELS);
        else if (*id < 0)
            return (int)*id;
    }
    if (r == 0) {
        channel = &instance->channels[*id];
        if ((channel->directions & side->directions) == side->directions)
            return 0;
        if (!channel->at.file)
            channel->at = side->endpoint->channel_at;
        channel->directions |= side->directions;
        r = instance->backend->channel(instance->self, (uint32_t)*id, channel->name->text,
                                       channel->directions, &reason);
    }
    if (r == -EINVAL)
        config_diagnose(build->config, CONFIG_ERROR, side->endpoint->channel_at, NULL, "%s", reason.text);
    return r;
}

/* The channel that name `n` of a side stands for. */
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
    return router_add(&build->show->router,
                      (struct route_target){.instance = from->instance, .channel = (uint32_t)from_id},
                      (struct route_target){.instance = to->instance, .channel = (uint32_t)to_id});
}

static struct build_side build_side(const struct build *build, const struct config_endpoint *endpoint,
                                    bool source, bool target)
{
    struct build_side side = {.endpoint = endpoint, .single = -1};

    HASH_FIND_STR(build->show->by_name, endpoint->instance, side.instance);
    side.directions = (source ? FC_SOURCE : 0u) | (target ? FC_TARGET : 0u);
    return side;
}

static int build_mapping(struct build *build, const struct config_mapping *mapping)
{
    struct build_side left =
        build_side(build, &mapping->left, mapping->left_to_right, mapping->right_to_left);
    struct build_side right =
        build_side(build, &mapping->right, mapping->right_to_left, mapping->left_to_right);
    uint64_t n_left = mapping->left.glob.n_names, n_right = mapping->right.glob.n_names;
    int64_t left_id = -1, right_id = -1;

    if (!left.instance || !right.instance)
        return 0; /* its backend is unknown, which was said */
    for (uint64_t n = 0; n < (n_left > n_right ? n_left : n_right); n++) {
        int r = build_side_channel(build, &left, n, &left_id);
        int s = r == -ENOMEM ? r : build_side_channel(build, &right, n, &right_id);

        if (r < 0 || s < 0)
            return r == -ENOMEM || s == -ENOMEM ? -ENOMEM : 0; /* one finding per mapping is enough */
        if (mapping->left_to_right)
            r = build_route(build, &left, left_id, &right, right_id);
        if (r == 0 && mapping->right_to_left)
            r = build_route(build, &right, right_id, &left, left_id);
        if (r < 0)
            return r;
    }
    return 0;
}

static void build_check_scripts(const struct build *build)
{
    for (size_t i = 0; i < build->show->n_instances; i++) {
        if (build->show->instances[i]->backend == &backend_python)
            python_check(build->show->instances[i], build->config);
    }
}

int show_collect_shown(const struct show *show, struct path_set *shown)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < show->n_instances; i++) {
        if (show->instances[i]->backend == &backend_python)
            r = python_collect_shown(show->instances[i], shown);
    }
    return r;
}

int show_build(struct show **showp, struct config *config, const char *path, bool check_scripts)
{
    struct show *show = calloc(1, sizeof(*show));
    struct build build = {.show = show, .config = config};
    int r;

    if (!show)
        return -ENOMEM;
    show->path = realpath(path, NULL);
    if (!show->path)
        show->path = strdup(path);
    r = show->path ? build_instances(&build) : -ENOMEM;
    for (size_t i = 0; r == 0 && i < config->n_mappings; i++)
        r = build_mapping(&build, &config->mappings[i]);
    if (r == 0 && check_scripts)
        build_check_scripts(&build);
    if (r == 0)
        r = router_seal(&show->router);
    if (r == 0 && config->n_errors)
        r = -EINVAL;
    if (r < 0) {
        show_free(show);
        return r;
    }
    *showp = show;
    return 0;
}

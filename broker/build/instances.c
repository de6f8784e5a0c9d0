/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes instances of sections, and checks names and values of their options against the backends' tables. */
#include "broker/build/instances.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/suggest.h"
#include "broker/build/backends.h"
#include "broker/build/private.h"
#include "broker/config/console.h"
#include "broker/config/roles.h"
#include "broker/python/backend.h"
#include "broker/python/check.h"
#include "broker/show/show.h"
#include "broker/show/user.h"
#include "firecurtain/cleanup.h"

#define BUILD_MAX_INSTANCE 64 /* bytes: the name is a folder's name, and part of every line of the log */

bool build_is_user(const struct config_section *section)
{
    return section->instance && strcmp(section->backend, "user") == 0;
}

int build_name(const struct build *build, const char *own, char *name, size_t bytes)
{
    int n = build->user ? snprintf(name, bytes, "%s/%s", build->user->name, own)
                        : snprintf(name, bytes, "%s", own);

    return n < (int)bytes ? 0 : -ENAMETOOLONG;
}

static const struct fc_option *build_find_option(const struct fc_backend *backend, enum fc_scope scope,
                                                 const char *name)
{
    for (const struct fc_option *option = backend->options; option && option->name; option++) {
        size_t n = strlen(option->name);
        bool prefix = strcmp(option->name, "*") == 0 ||
                      (strcmp(option->name, "/") == 0 && name[name[0] == '"'] == '/') || /* also in quotes */
                      (option->name[n - 1] == '.' && strncmp(option->name, name, n) == 0);

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
                        scope == FC_SCOPE_BACKEND
                            ? "the option \"%s\" belongs in an instance's section, such as [%s NAME]"
                            : "the option \"%s\" belongs in the backend's section, [backend %s]",
                        option->name, backend->name);
    else
        config_diagnose(build->config, CONFIG_ERROR, option->at, suggest_hint(&suggest, hint, sizeof(hint)),
                        "the backend %s has no option \"%s\"", backend->name, option->name);
}

/* Warns of a second assignment to an option that takes only one: the last one counts. */
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

/* Returns what to say of a refused value that probably ends with a comment; else NULL. */
static const char *build_comment_hint(const char *value)
{
    return strstr(value, " ;") || strstr(value, "\t;")
               ? "a comment is a line of its own, which begins with \";\""
               : NULL;
}

/* Reports what a slot returned `r` for, with a hint, which may be NULL. */
static void build_report_with_hint(struct build *build, struct config_location at, const char *hint, int r,
                                   const struct fc_reason *reason)
{
    if (r == -EINVAL || r == FC_DOUBT)
        config_diagnose(build->config, r == FC_DOUBT ? CONFIG_WARNING : CONFIG_ERROR, at, hint, "%s",
                        reason->text);
}

void build_report_reason(struct build *build, struct config_location at, int r,
                         const struct fc_reason *reason)
{
    build_report_with_hint(build, at, NULL, r, reason);
}

/*
 * Whether an option of a backend's section does not count for an instance that is declared before it, in the
 * same file.
 */
static bool build_is_for_later(const struct fc_option *known, const struct config_option *option,
                               const struct config_section *instance)
{
    return (known->scopes & FC_SCOPE_LATER) && option->at.line > instance->at.line &&
           strcmp(option->at.file, instance->at.file) == 0;
}

/* Applies the options of a section to an instance, whose own section is `owner`; NULL: to no real one. */
static int build_configure(struct build *build, struct fc_instance *instance,
                           const struct config_section *section, const struct config_section *owner,
                           enum fc_scope scope)
{
    bool diagnose_names = scope == FC_SCOPE_INSTANCE || !owner;
    const struct fc_backend *backend = instance->backend;

    for (size_t i = 0; i < section->n_options; i++) {
        const struct config_option *option = &section->options[i];
        const struct fc_option *known = build_find_option(backend, scope, option->name);
        struct fc_reason reason = {.text = "is not valid"};
        int r;

        if (!known) {
            if (diagnose_names)
                build_unknown_option(build, backend, scope, option);
            continue;
        }
        if (scope == FC_SCOPE_BACKEND && owner && build_is_for_later(known, option, owner))
            continue;
        if (!known->repeatable && !(known->scopes & FC_SCOPE_LATER) && diagnose_names)
            build_warn_repeated(build, section, i);
        r = backend->configure(instance->self, scope, option->name, option->value, &reason);
        if (r == -ENOMEM)
            return r;
        instance->is_misread |= r == -EINVAL;
        if (diagnose_names)
            build_report_with_hint(build, option->value_at, build_comment_hint(option->value), r, &reason);
    }
    return 0;
}

/* Whether a section before this one has the same backend: one that is missing is reported once. */
static bool build_is_known_backend(const struct config *config, const struct config_section *section)
{
    for (const struct config_section *before = config->sections; before < section; before++) {
        if (strcmp(before->backend, section->backend) == 0)
            return true;
    }
    return false;
}

/* Backends of MIDIMonster that do not exist here, and what serves instead. */
static const struct build_foreign {
    const char *name;
    const char *instead; /* NULL: nothing */
} build_foreign[] = {
    {"atem", NULL},
    {"jack", NULL},
    {"lua", "write it in Python: [python NAME]"},
    {"maweb", NULL},
    {"ola", NULL},
    {"openpixelcontrol", NULL},
    {"visca", NULL},
    {"wininput", "on Linux that is evdev"},
    {"winmidi", "on Linux that is midi"},
};

static const struct build_foreign *build_find_foreign(const char *name)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(build_foreign); i++) {
        if (strcmp(build_foreign[i].name, name) == 0)
            return &build_foreign[i];
    }
    return NULL;
}

/* Writes down which backends there are, but for the one that is made for tests. Once; NULL after that. */
static const char *build_list_backends(struct build *build, char *text, size_t bytes)
{
    size_t n = 0;

    if (build->backends_listed)
        return NULL;
    build->backends_listed = true;
    for (size_t i = 0; i < backend_table_size && n < bytes; i++) {
        if (strcmp(backend_table[i]->name, "loopback-driver") != 0)
            n += (size_t)snprintf(text + n, bytes - n, "%s%s", i ? ", " : "the backends are ",
                                  backend_table[i]->name);
    }
    return text;
}

/* Reports a backend that does not exist, with the one that was meant or all that there are. */
static void build_unknown_backend(struct build *build, const struct config_section *section)
{
    const struct build_foreign *foreign = build_find_foreign(section->backend);
    struct suggest suggest;
    char text[128];
    const char *hint;

    if (build_is_known_backend(build->config, section))
        return;
    suggest_init(&suggest, section->backend);
    for (size_t i = 0; !foreign && i < backend_table_size; i++)
        suggest_offer(&suggest, backend_table[i]->name);
    hint = foreign ? foreign->instead : suggest_hint(&suggest, text, sizeof(text));
    if (!hint)
        hint = build_list_backends(build, text, sizeof(text));
    config_diagnose(build->config, CONFIG_ERROR, section->at, hint,
                    foreign ? "MIDIMonster's backend \"%s\" does not exist here (docs/differences.md)"
                            : "there is no backend \"%s\"",
                    section->backend);
}

static const struct fc_backend *build_find_backend(struct build *build, const struct config_section *section)
{
    const struct fc_backend *backend = backend_find(section->backend);

    if (backend && build->user && !backend->is_for_users) {
        config_diagnose(
            build->config, CONFIG_ERROR, section->at, NULL,
            "only the administrator may use the backend %s; users have python, loopback and panel",
            backend->name);
        return NULL;
    }
    if (!backend)
        build_unknown_backend(build, section);
    return backend;
}

/* Checks the options of a [backend NAME] section once, on an instance made only for that. */
static int build_backend_section(struct build *build, const struct config_section *section)
{
    const struct fc_backend *backend;
    struct fc_instance *probe;
    int r;

    if (control_roles_is_section(section)) {
        control_roles_check(build->config, section);
        return 0;
    }
    if (console_config_is_section(section)) {
        if (build->user)
            config_diagnose(build->config, CONFIG_ERROR, section->at, NULL,
                            "only the administrator may open a console");
        else
            console_config_check(build->config, section);
        return 0;
    }
    backend = build_find_backend(build, section);
    if (!backend)
        return 0;
    r = instance_new(&probe, build->show, section->backend, backend, section->directory);
    if (r < 0)
        return r;
    r = build_configure(build, probe, section, NULL, FC_SCOPE_BACKEND);
    instance_free(probe);
    return r;
}

/* Asks the backend whether the instance may be in a show with those of the same backend before it. */
static int build_beside(const struct build *build, struct fc_instance *instance, struct fc_reason *reason)
{
    const struct show *show = build->show;
    int r = 0;

    for (size_t i = 0; r == 0 && instance->backend->beside && i < show->n_instances; i++) {
        const struct fc_instance *other = show->instances[i];

        if (other != instance && other->backend == instance->backend)
            r = instance->backend->beside(instance->self, other->self, reason);
    }
    return r;
}

/* Applies the defaults of [backend NAME], then the instance's own options. */
static int build_options(struct build *build, struct fc_instance *instance,
                         const struct config_section *section)
{
    const struct config *config = build->config;
    struct fc_reason reason = {.text = "is not valid"};
    int r = 0;

    for (size_t i = 0; r == 0 && i < config->n_sections; i++) {
        if (!config->sections[i].instance && strcmp(config->sections[i].backend, section->backend) == 0)
            r = build_configure(build, instance, &config->sections[i], section, FC_SCOPE_BACKEND);
    }
    if (r == 0)
        r = build_configure(build, instance, section, section, FC_SCOPE_INSTANCE);
    if (r == 0 && instance->backend->configured)
        r = instance->backend->configured(instance->self, &reason);
    if (r == 0)
        r = build_beside(build, instance, &reason);
    if (!instance->is_misread)
        build_report_reason(build, section->instance_at, r, &reason);
    return r == -ENOMEM ? r : 0;
}

static void build_print_options(const struct config_section *section, FILE *out)
{
    for (size_t i = 0; i < section->n_options; i++) /* values have no line breaks */
        fprintf(out, "%s=%s\n", section->options[i].name, section->options[i].value);
}

/* Writes down everything that the instance is made from except its mappings. */
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
    char name[BUILD_MAX_NAME];
    int r;

    if (!backend)
        return 0;
    if (strlen(section->instance) > BUILD_MAX_INSTANCE) {
        config_diagnose(build->config, CONFIG_ERROR, section->instance_at, NULL,
                        "an instance name has at most %d bytes", BUILD_MAX_INSTANCE);
        return 0;
    }
    r = build_name(build, section->instance, name, sizeof(name));
    if (r == 0)
        r = instance_new(&instance, show, name, backend, section->directory);
    if (r < 0)
        return r;
    instance->owner = build->user;
    instance->at = section->instance_at;
    show->instances[show->n_instances++] = instance;
    HASH_ADD_KEYPTR(hh, show->by_name, instance->name, strlen(instance->name), instance);
    if (!instance->hh.tbl)
        return -ENOMEM;
    r = build_signature(build, instance, section);
    return r < 0 ? r : build_options(build, instance, section);
}

int build_instances(struct build *build)
{
    const struct config *config = build->config;
    struct show *show = build->show;
    size_t n = show->n_instances + config->n_sections + 1;
    struct fc_instance **instances = reallocarray(show->instances, n, sizeof(*instances));
    int r = 0;

    if (!instances)
        return -ENOMEM;
    show->instances = instances;
    for (size_t i = 0; r == 0 && i < config->n_sections; i++) {
        const struct config_section *section = &config->sections[i];

        if (!section->instance)
            r = build_backend_section(build, section);
        else if (build->user || !build_is_user(section))
            r = build_instance(build, section);
    }
    return r;
}

/* Warns of an instance that starts but can hardly do what its mappings ask for. */
static void build_doubt(const struct build *build, const struct fc_instance *instance)
{
    unsigned directions = 0;
    struct fc_reason reason;

    for (uint32_t i = 0; i < instance->n_channels; i++)
        directions |= instance->channels[i].directions;
    if (!instance->is_misread && instance->backend->is_doubtful &&
        instance->backend->is_doubtful(instance->self, directions, &reason))
        config_diagnose(build->config, CONFIG_WARNING, instance->at, NULL, "%s: %s", instance->name,
                        reason.text);
}

void build_check(const struct build *build)
{
    for (size_t i = 0; i < build->show->n_instances; i++) {
        const struct fc_instance *instance = build->show->instances[i];

        if (instance->owner != build->user)
            continue;
        build_doubt(build, instance);
        if (instance->backend == &backend_python && build->scripts != BUILD_SCRIPTS_UNSEEN)
            python_check(instance, build->config, build->scripts == BUILD_SCRIPTS_ALL);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Adds sections and their options, and finds a section by name in two hashes. The hashes belong to the parser
 * and hold indices, since the array of sections moves while it grows; their keys are the names in the
 * sections.
 *
 * It must not know how any of it is written in a file.
 */
#include "broker/config/section.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/base/suggest.h"
#include "broker/config/private.h"
#include "firecurtain/cleanup.h"

#define HASH_NONFATAL_OOM         1
#define uthash_nonfatal_oom(name) ((void)(name), added = false)
#include <uthash.h>

struct config_name {
    size_t section;
    UT_hash_handle hh;
};

static bool find(const struct config_name *names, struct config_span name, size_t *section)
{
    struct config_name *found;

    HASH_FIND(hh, names, name.start, name.length, found);
    if (found)
        *section = found->section;
    return found;
}

bool config_find_instance(const struct config_parser *parser, struct config_span name, size_t *section)
{
    return find(parser->instances, name, section);
}

bool config_find_backend(const struct config_parser *parser, struct config_span name, size_t *section)
{
    return find(parser->backends, name, section);
}

static int add_name(struct config_name **names, const char *name, size_t section)
{
    FC_AUTO_FREE struct config_name *entry = calloc(1, sizeof(*entry));
    bool added = true;

    if (!entry)
        return -ENOMEM;
    entry->section = section;
    HASH_ADD_KEYPTR(hh, *names, name, strlen(name), entry);
    if (!added)
        return -ENOMEM;
    fc_steal(entry);
    return 0;
}

static void forget(struct config_name **names)
{
    struct config_name *name;
    struct config_name *next;

    HASH_ITER(hh, *names, name, next) {
        HASH_DEL(*names, name);
        free(name);
    }
}

void config_forget_names(struct config_parser *parser)
{
    forget(&parser->instances);
    forget(&parser->backends);
}

static int copy(struct config_span span, char **text)
{
    *text = strndup(span.start, span.length);
    return *text ? 0 : -ENOMEM;
}

int config_add_section(struct config_parser *parser, struct config_span backend, struct config_span instance,
                       const char *directory, size_t *section)
{
    struct config *config = parser->config;
    struct config_section *sections = grow_by_one(config->sections, config->n_sections, sizeof(*sections));
    struct config_section *added;

    if (!sections)
        return -ENOMEM;
    config->sections = sections;
    *section = config->n_sections++;
    added = &sections[*section];
    *added = (struct config_section){0};
    added->directory = strdup(directory);
    if (!added->directory || copy(backend, &added->backend) < 0)
        return -ENOMEM;
    if (instance.length == 0)
        return add_name(&parser->backends, added->backend, *section);
    if (copy(instance, &added->instance) < 0)
        return -ENOMEM;
    return add_name(&parser->instances, added->instance, *section);
}

int config_add_option(struct config_section *section, struct config_span name, struct config_span value,
                      struct config_location at, struct config_location value_at)
{
    struct config_option *options = grow_by_one(section->options, section->n_options, sizeof(*options));
    struct config_option *added;

    if (!options)
        return -ENOMEM;
    section->options = options;
    added = &options[section->n_options++];
    *added = (struct config_option){.at = at, .value_at = value_at};
    if (copy(name, &added->name) < 0)
        return -ENOMEM;
    return copy(value, &added->value);
}

void config_drop_option(struct config_section *section, struct config_span name)
{
    size_t kept = 0;

    for (size_t i = 0; i < section->n_options; i++) {
        struct config_option *option = &section->options[i];

        if (option->at.line > 0 && config_span_is(name, option->name)) {
            free(option->name);
            free(option->value);
        } else {
            section->options[kept++] = *option;
        }
    }
    section->n_options = kept;
}

const char *config_suggest_instance(struct config_parser *parser, struct config_span name, char *text,
                                    size_t bytes)
{
    const struct config *config = parser->config;
    struct suggest suggest;
    char word[128];

    if (config_is_full(config) || parser->n_compared >= CONFIG_MAX_COMPARED || name.length >= sizeof(word))
        return NULL;
    parser->n_compared += config->n_sections;
    memcpy(word, name.start, name.length);
    word[name.length] = '\0';
    suggest_init(&suggest, word);
    for (size_t i = 0; i < config->n_sections; i++) {
        if (config->sections[i].instance)
            suggest_offer(&suggest, config->sections[i].instance);
    }
    return suggest_hint(&suggest, text, bytes);
}

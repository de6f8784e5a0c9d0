/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Applies -b backend.option=value and -i instance.option=value when all files have been read, so that the
 * command line wins wherever the section stands. It must not know which options exist.
 */
#include "broker/config/override.h"

#include "broker/config/load.h"
#include "broker/config/private.h"
#include "broker/config/section.h"

struct assignment {
    struct config_span section;
    struct config_span option;
    struct config_span value;
};

/* Returns false if a part is missing; the value may be empty. */
static bool split(const char *text, struct assignment *assignment)
{
    const char *dot = strchr(text, '.');
    const char *equals = dot ? strchr(dot, '=') : NULL;

    if (!equals)
        return false;
    assignment->section = config_trimmed(text, dot);
    assignment->option = config_trimmed(dot + 1, equals);
    assignment->value = config_trimmed(equals + 1, equals + strlen(equals));
    return assignment->section.length > 0 && assignment->option.length > 0;
}

static struct config_span quotable(const struct config_override *override)
{
    return (struct config_span){override->text, strlen(override->text)};
}

static void report_malformed(struct config_parser *parser, const struct config_override *override)
{
    struct config_span text = quotable(override);

    config_diagnose(parser->config, CONFIG_ERROR, config_at_command_line(), NULL, "-%c %.*s: expected %s",
                    override->is_backend ? 'b' : 'i', config_quoted(text), text.start,
                    override->is_backend ? "BACKEND.OPTION=VALUE" : "INSTANCE.OPTION=VALUE");
}

static void report_unknown(struct config_parser *parser, const struct config_override *override,
                           struct config_span instance)
{
    struct config_span text = quotable(override);
    char hint[160];

    config_diagnose(parser->config, CONFIG_ERROR, config_at_command_line(),
                    config_suggest_instance(parser, instance, hint, sizeof(hint)),
                    "-i %.*s: unknown instance \"%.*s\"", config_quoted(text), text.start,
                    config_quoted(instance), instance.start);
}

static int add_backend(struct config_parser *parser, struct config_span backend, size_t *section)
{
    const struct config_span no_instance = {"", 0};
    int r = config_add_section(parser, backend, no_instance, parser->config->files[0].directory, section);

    if (r < 0)
        return r;
    parser->config->sections[*section].at = config_at_command_line();
    parser->config->sections[*section].instance_at = config_at_command_line();
    return 0;
}

static int apply(struct config_parser *parser, const struct config_override *override)
{
    struct assignment assignment;
    struct config_section *section;
    size_t index;
    int r = 0;

    if (!split(override->text, &assignment)) {
        report_malformed(parser, override);
        return 0;
    }
    if (override->is_backend) {
        if (!config_find_backend(parser, assignment.section, &index))
            r = add_backend(parser, assignment.section, &index);
    } else if (!config_find_instance(parser, assignment.section, &index)) {
        report_unknown(parser, override, assignment.section);
        return 0;
    }
    if (r < 0)
        return r;
    section = &parser->config->sections[index];
    config_drop_option(section, assignment.option);
    return config_add_option(section, assignment.option, assignment.value, config_at_command_line(),
                             config_at_command_line());
}

int config_apply_overrides(struct config_parser *parser, const struct config_override *overrides,
                           size_t n_overrides)
{
    for (size_t i = 0; i < n_overrides; i++) {
        int r = apply(parser, &overrides[i]);

        if (r < 0)
            return r;
    }
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a configuration, and the list of findings in it.
 *
 * Invariants: everything reachable from a struct config is owned by it at every moment, so a half-built one
 * can be freed. A location borrows its `file` from `files`.
 */
#include "broker/config/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/config/private.h"
#include "firecurtain/cleanup.h"

static void section_deinit(struct config_section *section)
{
    for (size_t i = 0; i < section->n_options; i++) {
        free(section->options[i].name);
        free(section->options[i].value);
    }
    free(section->options);
    free(section->backend);
    free(section->instance);
    free(section->directory);
}

static void endpoint_deinit(struct config_endpoint *endpoint)
{
    free(endpoint->instance);
    free(endpoint->channel);
    glob_deinit(&endpoint->glob);
}

void config_mapping_deinit(struct config_mapping *mapping)
{
    endpoint_deinit(&mapping->left);
    endpoint_deinit(&mapping->right);
}

static void diagnostic_deinit(struct config_diagnostic *diagnostic)
{
    free(diagnostic->message);
    free(diagnostic->hint);
    free(diagnostic->source);
}

static void file_deinit(struct config_file *file)
{
    free(file->path);
    free(file->directory);
    free(file->text);
    free(file->lines);
}

int config_collect_folders(const struct config *config, struct path_set *folders)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < config->n_files; i++) {
        if (config->files[i].directory)
            r = path_set_add(folders, config->files[i].directory);
    }
    return r;
}

struct config *config_free(struct config *config)
{
    if (!config)
        return NULL;
    for (size_t i = 0; i < config->n_sections; i++)
        section_deinit(&config->sections[i]);
    for (size_t i = 0; i < config->n_mappings; i++)
        config_mapping_deinit(&config->mappings[i]);
    for (size_t i = 0; i < config->n_diagnostics; i++)
        diagnostic_deinit(&config->diagnostics[i]);
    for (size_t i = 0; i < config->n_files; i++)
        file_deinit(&config->files[i]);
    free(config->sections);
    free(config->mappings);
    free(config->diagnostics);
    free(config->files);
    path_set_deinit(&config->elsewhere);
    free(config);
    return NULL;
}

bool config_is_full(const struct config *config)
{
    return config->n_diagnostics >= CONFIG_MAX_DIAGNOSTICS;
}

/* Copies the line that `at` is in; NULL in `*source` if there is none. */
static int copy_source(const struct config *config, struct config_location at, char **source)
{
    const struct config_file *file = config->files;
    const struct config_file *end = file + config->n_files;
    const char *start;
    size_t bytes;

    while (file < end && file->path != at.file)
        file++;
    if (file == end || at.line == 0 || at.line > file->n_lines)
        return 0;
    start = file->text + file->lines[at.line - 1];
    bytes = strcspn(start, "\n");
    if (bytes > 0 && start[bytes - 1] == '\r')
        bytes--;
    *source = strndup(start, bytes < CONFIG_MAX_LINE_BYTES ? bytes : CONFIG_MAX_LINE_BYTES);
    return *source ? 0 : -ENOMEM;
}

/* Whether a line of the configuration that is wrong was most likely meant as a comment. */
static bool is_probably_comment(const char *line)
{
    return line && line[strspn(line, " \t")] == '#';
}

static int copy_text(const char *text, char **copy)
{
    if (!text)
        return 0;
    *copy = strdup(text);
    return *copy ? 0 : -ENOMEM;
}

/* Takes over `message`. */
static int add_diagnostic(struct config *config, enum config_severity severity, struct config_location at,
                          const char *source, const char *hint, char *message)
{
    FC_CLEANUP(diagnostic_deinit)
    struct config_diagnostic diagnostic = {.severity = severity, .at = at, .message = message};
    struct config_diagnostic *grown;
    int r = source ? copy_text(source, &diagnostic.source) : copy_source(config, at, &diagnostic.source);

    if (r == 0 && !source && is_probably_comment(diagnostic.source))
        hint = "a comment begins with \";\"";
    if (r < 0 || copy_text(hint, &diagnostic.hint) < 0)
        return -ENOMEM;
    grown = grow_by_one(config->diagnostics, config->n_diagnostics, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    config->diagnostics = grown;
    config->diagnostics[config->n_diagnostics++] = diagnostic;
    diagnostic = (struct config_diagnostic){0};
    return 0;
}

static int add_left_out(struct config *config, struct config_location at)
{
    char *message;

    if (config->n_diagnostics > CONFIG_MAX_DIAGNOSTICS)
        return 0;
    message = strdup("further errors are not shown");
    if (!message)
        return -ENOMEM;
    return add_diagnostic(config, CONFIG_ERROR, (struct config_location){at.file, 0, 0}, NULL, NULL, message);
}

void config_diagnose(struct config *config, enum config_severity severity, struct config_location at,
                     const char *hint, const char *format, ...)
{
    va_list arguments;
    char *message;
    int r;

    if (severity == CONFIG_ERROR)
        config->n_errors++;
    if (config_is_full(config)) {
        r = add_left_out(config, at);
    } else {
        va_start(arguments, format);
        r = vasprintf(&message, format, arguments);
        va_end(arguments);
        if (r >= 0)
            r = add_diagnostic(config, severity, at, NULL, hint, message);
    }
    if (r < 0)
        config->out_of_memory = true;
}

/* Keeps a path as long as the configuration. NULL without memory. */
static const char *keep_path(struct config *config, const char *path)
{
    if (path_set_add(&config->elsewhere, path) < 0)
        return NULL;
    for (size_t i = 0; i < config->elsewhere.n; i++) {
        if (strcmp(config->elsewhere.paths[i], path) == 0)
            return config->elsewhere.paths[i];
    }
    return NULL;
}

/* Whether there is a finding with this text at this place: several instances may run one script. */
static bool is_found(const struct config *config, struct config_location at, const char *message)
{
    for (size_t i = 0; i < config->n_diagnostics; i++) {
        const struct config_diagnostic *found = &config->diagnostics[i];

        if (found->at.file == at.file && found->at.line == at.line && found->at.column == at.column &&
            strcmp(found->message, message) == 0)
            return true;
    }
    return false;
}

void config_diagnose_elsewhere(struct config *config, enum config_severity severity,
                               struct config_location at, const char *source, const char *hint,
                               const char *message)
{
    char *copy;

    at.file = keep_path(config, at.file);
    if (at.file && is_found(config, at, message))
        return;
    if (severity == CONFIG_ERROR)
        config->n_errors++;
    if (config_is_full(config))
        return;
    copy = at.file ? strdup(message) : NULL;
    if (!copy || add_diagnostic(config, severity, at, source, hint, copy) < 0)
        config->out_of_memory = true;
}

const char *config_main_path(const struct config *config)
{
    return config->files[0].path;
}

void config_forget_findings(struct config *config)
{
    for (size_t i = 0; i < config->n_diagnostics; i++)
        diagnostic_deinit(&config->diagnostics[i]);
    config->n_diagnostics = config->n_errors = 0;
}

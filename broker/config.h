/*
 * The configuration as a structure. The parser turns text into this and does nothing else: it opens no device,
 * knows no backend and no option, and never stops at the first error.
 */
#ifndef BROKER_CONFIG_H
#define BROKER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "broker/glob.h"

/* A place in the text. Lines and columns count from 1; line 0 means the command line. */
struct config_location {
    const char *file; /* borrowed from the configuration */
    uint32_t line;
    uint32_t column;
};

struct config_option {
    char *name;
    char *value;
    struct config_location at;       /* of the name */
    struct config_location value_at; /* of the value */
};

/* [backend NAME] (then `instance` is NULL) or [NAME INSTANCE]. */
struct config_section {
    char *backend;
    char *instance;
    char *directory; /* absolute: of the file with the section's header */
    struct config_location at;          /* of the backend's name */
    struct config_location instance_at; /* of the instance's name */
    struct config_option *options;
    size_t n_options;
};

struct config_endpoint {
    char *instance;
    char *channel; /* with its globs, as written */
    struct glob glob;
    struct config_location at;         /* of the instance's name */
    struct config_location channel_at; /* of the channel's name */
};

struct config_mapping {
    struct config_endpoint left;
    struct config_endpoint right;
    bool left_to_right;
    bool right_to_left;
};

enum config_severity {
    CONFIG_ERROR,
    CONFIG_WARNING,
};

struct config_diagnostic {
    enum config_severity severity;
    struct config_location at;
    char *message;
    char *hint;   /* NULL, or a suggestion such as: did you mean "module"? */
    char *source; /* the line of the file, NULL for the command line */
};

struct config {
    struct config_section *sections;
    size_t n_sections;
    struct config_mapping *mappings;
    size_t n_mappings;
    struct config_diagnostic *diagnostics;
    size_t n_diagnostics;
    size_t n_errors;
    /* what follows belongs to the parser */
    struct config_file *files;
    size_t n_files;
};

/* -b backend.option=value or -i instance.option=value, as given on the command line. */
struct config_override {
    bool is_backend;
    const char *text; /* borrowed */
};

/*
 * Reads a file and all that it includes. Blocks on file reads. Returns 0 with *config set also when the text has
 * errors (they are in `diagnostics`, the unreadable file itself included); -ENOMEM otherwise.
 *
 * An override replaces every assignment of that option in its section ("the command line wins"); one for a backend
 * without a section makes the section, one for an instance that is not declared is an error.
 */
int config_load(struct config **config, const char *path, const struct config_override *overrides,
                size_t n_overrides);

/* Takes NULL; returns NULL. */
struct config *config_free(struct config *config);

/* Adds a finding, also for those who read the structure later. `hint` may be NULL. Copies everything. */
void config_diagnose(struct config *config, enum config_severity severity, struct config_location at,
                     const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Prints all findings ordered by file and line, as `file:line:column: error: …` with the line and a caret. */
void config_print_diagnostics(const struct config *config, FILE *out, bool colour);

#endif

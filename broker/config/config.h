/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration as a structure. The parser turns text into this and does nothing else: it opens no
 * device, knows no backend and no option, and never stops at the first error.
 */
#ifndef BROKER_CONFIG_CONFIG_H
#define BROKER_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "broker/base/glob.h"
#include "broker/base/path_set.h"

/* What the parser accepts; more is an error in the configuration. */
#define CONFIG_MAX_LINE_BYTES  65536
#define CONFIG_MAX_TEXT_BYTES  (64u << 20) /* of all files together */
#define CONFIG_MAX_FILES       1000        /* a file counts each time it is included */
#define CONFIG_MAX_DEPTH       16          /* includes within one another */
#define CONFIG_MAX_DIAGNOSTICS 1000        /* one more says that others were left out */

/* The same for somebody else's configuration. */
#define CONFIG_MAX_GUEST_TEXT_BYTES (1u << 20)
#define CONFIG_MAX_GUEST_FILES      64

/* What `file` is in a location on the command line. */
#define CONFIG_COMMAND_LINE "command line"

/*
 * A place in the text. Lines and columns count from 1, columns in bytes. Line 0 is no line at all: the
 * command line (then `file` is CONFIG_COMMAND_LINE), or a file as a whole.
 */
struct config_location {
    const char *file; /* borrowed from the configuration; as the user wrote it */
    uint32_t line;
    uint32_t column;
};

struct config_option {
    char *name;
    char *value;
    struct config_location at;       /* of the name */
    struct config_location value_at; /* of the value */
};

/*
 * [backend NAME] (then `instance` is NULL) or [NAME INSTANCE]. There is one for each instance and at most one
 * for each backend: a repeated [backend NAME] goes on with the first. Options that are assigned more than
 * once are all here, in order; those of the command line come last. A section made by the command line alone
 * has the directory of the file that was loaded.
 */
struct config_section {
    char *backend;
    char *instance;
    char *directory;                    /* absolute: of the file with the section's (first) header */
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

/* Both instances are declared (but see config_load_guest()); both sides stand for as many names, or one of
 * them for a single name. */
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
    char *source; /* the line of the file, NULL without one */
};

struct config {
    struct config_section *sections;
    size_t n_sections;
    struct config_mapping *mappings;
    size_t n_mappings;
    struct config_diagnostic *diagnostics;
    size_t n_diagnostics; /* at most CONFIG_MAX_DIAGNOSTICS and the one that says so */
    size_t n_errors;      /* all, also those left out */
    /* what follows belongs to the parser */
    struct config_file *files;
    size_t n_files;
    bool out_of_memory; /* a finding was lost */
};

/* -b backend.option=value or -i instance.option=value, as given on the command line. */
struct config_override {
    bool is_backend;
    const char *text; /* borrowed */
};

/*
 * Reads a file and all that it includes. Blocks on file reads. Returns 0 with *config set also when the text
 * has errors (they are in `diagnostics`, the unreadable file itself included); -ENOMEM with *config NULL
 * otherwise.
 *
 * An override replaces every assignment of that option in its section ("the command line wins"); several for
 * the same option are all kept, in order. One for a backend without a section makes the section, one for an
 * instance that is not declared is an error.
 */
int config_load(struct config **config, const char *path, const struct config_override *overrides,
                size_t n_overrides);

/* Opens the files of somebody else's configuration. */
struct config_reader {
    /* a regular file for reading, the caller's; or -errno */
    int (*open)(void *userdata, const char *path);
    void *userdata;
};

/*
 * Reads somebody else's configuration, below an absolute path, through `reader`: the folders of its files are
 * taken from their names, never looked up. Its mappings may name instances that it does not declare; whoever
 * builds it judges them. Otherwise as config_load(), without overrides.
 */
int config_load_guest(struct config **config, const char *path, const struct config_reader *reader);

/* Drops all findings: the configuration is to be judged anew. */
void config_forget_findings(struct config *config);

/* The absolute folders of all files that were read. 0 or -ENOMEM. */
int config_collect_folders(const struct config *config, struct path_set *folders);

/* Takes NULL; returns NULL. */
struct config *config_free(struct config *config);

/*
 * Adds a finding, also for those who read the structure later. `hint` may be NULL. Copies everything but
 * `at.file`, which comes from the configuration or is a literal. Text from the user may be passed on as it
 * is: it is made harmless when it is printed.
 */
void config_diagnose(struct config *config, enum config_severity severity, struct config_location at,
                     const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * Prints all findings as `file:line:column: error: …` with the line and a caret: first those of the command
 * line, then file by file in the order of reading, by line. Control characters and invalid UTF-8 are escaped.
 */
void config_print_diagnostics(const struct config *config, FILE *out, bool colour);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration as a structure, with the list of findings in it. The folder config/ turns text into this
 * and does nothing else: it knows no backend and none of its options, and never stops at the first error. It
 * runs in the broker, and in `check`. It must not know how a configuration becomes a show, nor open anything
 * but the configuration's files.
 *
 *   load.c      all of it, and the command line's overrides
 *   read.c      files, includes, lines
 *   parse.c     a line: headers and options
 *   map.c       a line below [map], and what must hold between lines
 *   section.c   sections and options, found by name
 *   override.c  the command line
 *   print.c     findings as text
 *   roles.c     the section [control]
 *   console.c   the section [console]
 */
#ifndef BROKER_CONFIG_CONFIG_H
#define BROKER_CONFIG_CONFIG_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/glob.h"
#include "broker/base/path_set.h"

/* What the parser accepts; more is an error in the configuration. */
#define CONFIG_MAX_LINE_BYTES  65536
#define CONFIG_MAX_TEXT_BYTES  (64u << 20) /* of all files together */
#define CONFIG_MAX_FILES       1000        /* a file counts each time it is included */
#define CONFIG_MAX_DEPTH       16          /* includes within one another */
#define CONFIG_MAX_DIAGNOSTICS 1000        /* one more says that there are others */

/* The limits of a user's configuration. */
#define CONFIG_MAX_USER_TEXT_BYTES (1u << 20)
#define CONFIG_MAX_USER_FILES      64
#define CONFIG_MAX_USER_LINES      16384 /* of all files together, and one for each route */
#define CONFIG_MAX_USER_SECTIONS   2000
#define CONFIG_MAX_USER_OPTIONS    1000 /* of a section */

/* The `file` of a location on the command line. */
#define CONFIG_COMMAND_LINE "command line"

/*
 * A place in the text. Lines and columns count from 1, columns in bytes. Line 0 is not a line: it stands for
 * the command line (then `file` is CONFIG_COMMAND_LINE), or for a file as a whole.
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
 * for each backend: a repeated [backend NAME] continues the first. Options that are assigned more than
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

/*
 * Both instances are declared (but see config_load_user()). Both sides stand for the same number of names, or
 * one of them for a single name.
 */
struct config_mapping {
    struct config_endpoint left;
    struct config_endpoint right;
    bool left_to_right;
    bool right_to_left;
};

#define CONFIG_TOO_MANY_ROUTES                                                                               \
    "a user's mappings stand for more than %" PRIu64 " routes (option routes of the section [user NAME])"

/* Returns how many routes a mapping stands for: one for each pair of channels and direction. */
uint64_t config_count_routes(const struct config_mapping *mapping);

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
    size_t n_diagnostics; /* at most CONFIG_MAX_DIAGNOSTICS, and one that says that there are more */
    size_t n_errors;      /* including those not kept */
    /* the rest belongs to the parser */
    struct config_file *files;
    size_t n_files;
    struct path_set elsewhere; /* other files that findings are about */
    bool out_of_memory;        /* a finding was lost */
};

/* Drops all findings, before the configuration is judged again. */
void config_forget_findings(struct config *config);

/* Adds the absolute folders of all files that were read. 0 or -ENOMEM. */
int config_collect_folders(const struct config *config, struct path_set *folders);

/* Takes NULL; returns NULL. */
struct config *config_free(struct config *config);

/* For FC_CLEANUP(). */
static inline void config_freep(struct config **config)
{
    config_free(*config);
}

/*
 * Adds a finding; the folders that build a show from the configuration do so, too. `hint` may be NULL. Copies
 * everything but `at.file`, which comes from the configuration or is a literal. Text from the user may be
 * passed unchanged: it is escaped when it is printed.
 */
void config_diagnose(struct config *config, enum config_severity severity, struct config_location at,
                     const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same for a place in another file than the configuration's, once for each place and text; copies
 * everything, `source` (or NULL) too.
 */
void config_diagnose_elsewhere(struct config *config, enum config_severity severity,
                               struct config_location at, const char *source, const char *hint,
                               const char *message);

/* Returns the path of the file that was loaded. */
const char *config_main_path(const struct config *config);

/* Returns whether no further finding is kept, so that a hint that costs time need not be made for one. */
bool config_is_full(const struct config *config);

/* Frees what a mapping holds. */
void config_mapping_deinit(struct config_mapping *mapping);

#endif

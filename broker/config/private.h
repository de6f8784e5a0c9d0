/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of the parser share. One load is one config_parser; it borrows the configuration that it
 * fills. Every function here returns 0 or -ENOMEM: what is wrong with the text is a finding in the
 * configuration.
 */
#ifndef BROKER_CONFIG_PRIVATE_H
#define BROKER_CONFIG_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "broker/config/config.h"
#include "broker/config/span.h"

/* A file that was read, or could not be. Stays as long as the configuration: locations point here. */
struct config_file {
    char *path;      /* as the user wrote it, relative to how the first file was given */
    char *directory; /* absolute; NULL if the file could not be read */
    char *text;      /* ends in a NUL; may hold others */
    size_t n_bytes;
    size_t *lines; /* where in the text each starts */
    size_t n_lines;
};

enum config_state {
    CONFIG_OUTSIDE,
    CONFIG_IN_SECTION,
    CONFIG_IN_MAP,
    CONFIG_SKIPPING, /* below a header with an error: there is nothing to add the options to */
};

/* What a line means depends on this; an included file begins with it and cannot change it. */
struct config_context {
    enum config_state state;
    size_t section; /* index, in CONFIG_IN_SECTION */
};

struct config_name; /* an entry of a hash by name; see config_section.c */

struct config_open_file {
    const char *path;
    dev_t device;
    ino_t inode;
};

/*
 * How many names are compared for suggestions in one load: with many instances, thousands of errors are slow.
 */
#define CONFIG_MAX_COMPARED 1000000

struct config_parser {
    struct config *config;
    const struct config_reader *reader; /* of somebody else's configuration, or NULL */
    struct config_context context;
    struct config_name *instances;
    struct config_name *backends;
    struct config_open_file
        open[CONFIG_MAX_DEPTH + 1]; /* the files being read, each included by the one before */
    size_t n_open;
    size_t n_text_bytes;
    size_t n_compared;
};

struct config_line {
    const char *file;
    const char *directory;
    uint32_t number;
    const char *start;
    struct config_span text; /* trimmed; no NUL in it */
};

static inline struct config_location config_at(const struct config_line *line, const char *at)
{
    return (struct config_location){line->file, line->number, (uint32_t)(at - line->start) + 1};
}

static inline struct config_location config_at_command_line(void)
{
    return (struct config_location){CONFIG_COMMAND_LINE, 0, 0};
}

/* config.c */
void config_mapping_deinit(struct config_mapping *mapping);
/* Further findings would be left out, so a costly hint for one is not worth making. */
bool config_is_full(const struct config *config);

/* config_read.c: reads the file that was given, with all that it includes */
int config_read(struct config_parser *parser, const char *path);
/* Reads the file named in an [include FILE]; `line` and `name` point into the text of the including file. */
int config_read_include(struct config_parser *parser, const struct config_line *line,
                        struct config_span name);

/* config_parse.c: a line that is not blank and no comment */
int config_parse_line(struct config_parser *parser, const struct config_line *line);

/* config_map.c: a line below [map] */
int config_parse_mapping(struct config_parser *parser, const struct config_line *line);
/* Once all is read: reports what does not fit together, and drops every mapping with an error. */
void config_check_mappings(struct config_parser *parser);

/* config_override.c */
int config_apply_overrides(struct config_parser *parser, const struct config_override *overrides,
                           size_t n_overrides);

/* config_section.c */
/* Finds a section by name; `*section` is its index. */
bool config_find_instance(const struct config_parser *parser, struct config_span name, size_t *section);
bool config_find_backend(const struct config_parser *parser, struct config_span name, size_t *section);
/* Adds a section whose name is not taken. `instance` is empty for [backend NAME]. Copies all. */
int config_add_section(struct config_parser *parser, struct config_span backend, struct config_span instance,
                       const char *directory, size_t *section);
int config_add_option(struct config_section *section, struct config_span name, struct config_span value,
                      struct config_location at, struct config_location value_at);
/* Drops the assignments of `name` that stand in files. */
void config_drop_option(struct config_section *section, struct config_span name);
/* `did you mean "INSTANCE"?` in `text`, or NULL. */
const char *config_suggest_instance(struct config_parser *parser, struct config_span name, char *text,
                                    size_t bytes);
/* Forgets the hashes, not the sections. */
void config_forget_names(struct config_parser *parser);

#endif

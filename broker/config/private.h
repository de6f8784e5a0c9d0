/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The structures that the files of the parser share. Each load has one config_parser, which borrows the
 * configuration that it fills.
 */
#ifndef BROKER_CONFIG_PRIVATE_H
#define BROKER_CONFIG_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "broker/config/config.h"
#include "broker/config/span.h"

/* A file that was read, or could not be. It lives as long as the configuration: locations point into it. */
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

/* Tells what a line means; an included file begins with it and cannot change it. */
struct config_context {
    enum config_state state;
    size_t section; /* index, in CONFIG_IN_SECTION */
};

struct config_name; /* an entry of a hash by name; see section.c */

struct config_open_file {
    const char *path;
    dev_t device;
    ino_t inode;
};

/* Names that are compared for suggestions in one load: with many instances, thousands of errors are slow. */
#define CONFIG_MAX_COMPARED 1000000

struct config_parser {
    struct config *config;
    const struct config_reader *reader; /* of a user's configuration, or NULL */
    struct config_context context;
    struct config_name *instances;
    struct config_name *backends;
    /* the files being read, each included by the one before */
    struct config_open_file open[CONFIG_MAX_DEPTH + 1];
    size_t n_open;
    size_t n_text_bytes;
    /* of a user's configuration: */
    uint64_t n_lines;
    uint64_t n_routes;
    bool is_too_large; /* this was reported, and nothing more is read */
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

#endif

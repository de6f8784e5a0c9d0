/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading a configuration: the only way to get one. */
#ifndef BROKER_CONFIG_LOAD_H
#define BROKER_CONFIG_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;

/* -b backend.option=value or -i instance.option=value, as given on the command line. */
struct config_override {
    bool is_backend;
    const char *text; /* borrowed */
};

/*
 * Reads a file and all that it includes. Blocks on reads of regular files; anything else is an error at once.
 * Returns 0 with *config set also when the text
 * has errors (they are in `diagnostics`, the unreadable file itself included); -ENOMEM with *config NULL
 * otherwise.
 *
 * An override replaces every assignment of that option in its section ("the command line wins"); several for
 * the same option are all kept, in order. One for a backend without a section makes the section, one for an
 * instance that is not declared is an error.
 */
int config_load(struct config **config, const char *path, const struct config_override *overrides,
                size_t n_overrides);

/* Opens the files of a user's configuration. */
struct config_reader {
    /*
     * Returns a descriptor of a regular file for reading, which the caller closes; -EISDIR for a folder,
     * -EINVAL for anything else that is no regular file, or another -errno.
     */
    int (*open)(void *userdata, const char *path);
    void *userdata;
    uint64_t max_routes; /* see config_count_routes() */
};

/*
 * Reads a user's configuration, below an absolute path, through `reader`: the folders of its files are taken
 * from their names, never looked up. Its mappings may name instances that it does not declare; they are
 * judged when a show is built from it. What is too large is an error, at which reading ends: a user must not
 * keep the broker busy. Otherwise as config_load(), without overrides.
 */
int config_load_user(struct config **config, const char *path, const struct config_reader *reader);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections and options while a configuration is read. */
#ifndef BROKER_CONFIG_SECTION_H
#define BROKER_CONFIG_SECTION_H

#include "broker/config/private.h"

/* Find a section by name; `*section` is its index. */
bool config_find_instance(const struct config_parser *parser, struct config_span name, size_t *section);
bool config_find_backend(const struct config_parser *parser, struct config_span name, size_t *section);

/*
 * Adds a section whose name is not taken. `instance` is empty for [backend NAME]. Copies everything. 0 or
 * -ENOMEM.
 */
int config_add_section(struct config_parser *parser, struct config_span backend, struct config_span instance,
                       const char *directory, size_t *section);

/* Adds an assignment. Copies everything. 0 or -ENOMEM. */
int config_add_option(struct config_section *section, struct config_span name, struct config_span value,
                      struct config_location at, struct config_location value_at);

/* Drops the assignments of `name` that stand in files. */
void config_drop_option(struct config_section *section, struct config_span name);

/* Returns `did you mean "INSTANCE"?` in `text`, or NULL. */
const char *config_suggest_instance(struct config_parser *parser, struct config_span name, char *text,
                                    size_t bytes);

/* Frees the hashes, not the sections. */
void config_forget_names(struct config_parser *parser);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections of a configuration become instances with their options. */
#ifndef BROKER_BUILD_INSTANCES_H
#define BROKER_BUILD_INSTANCES_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/config/config.h"

struct build;
struct fc_reason;

/* Writes the name that an instance of this configuration has in the show. -ENAMETOOLONG if it does not fit.
 */
int build_name(const struct build *build, const char *own, char *name, size_t bytes);

/* Reports as an error or a warning what a backend's slot returned `r` for. Nothing if that is neither. */
void build_report_reason(struct build *build, struct config_location at, int r,
                         const struct fc_reason *reason);

/* Whether a section is a [user NAME]. */
bool build_is_user(const struct config_section *section);

/* Adds all instances of the configuration to the show. 0 or -ENOMEM. */
int build_instances(struct build *build);

/* Looks at the scripts of this configuration's instances. */
void build_check(const struct build *build);

#endif

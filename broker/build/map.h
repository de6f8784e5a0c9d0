/* SPDX-License-Identifier: BSD-2-Clause */
/* Mappings of a configuration become channels and routes. */
#ifndef BROKER_BUILD_MAP_H
#define BROKER_BUILD_MAP_H

struct build;
struct config_mapping;

/* Adds the routes of one mapping. 0, also if there was an error to report, or -ENOMEM. */
int build_mapping(struct build *build, const struct config_mapping *mapping);

#endif

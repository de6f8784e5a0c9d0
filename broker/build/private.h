/* SPDX-License-Identifier: BSD-2-Clause */
/* What the steps of building a show share. */
#ifndef BROKER_BUILD_PRIVATE_H
#define BROKER_BUILD_PRIVATE_H

#include "broker/build/build.h"

#define BUILD_MAX_NAME 1024 /* bytes of a channel's or instance's name, with its NUL */

struct config;
struct show;
struct user;

/* One configuration on its way into a show. */
struct build {
    struct show *show;
    struct config *config;
    struct user *user; /* the owner of the configuration; NULL: the house */
    enum build_scripts scripts;
    bool backends_listed; /* in a finding before */
};

#endif

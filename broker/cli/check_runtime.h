/* SPDX-License-Identifier: BSD-2-Clause */
/* What workers need while `firecurtain check` looks at a show; in the process of the command. */
#ifndef BROKER_CLI_CHECK_RUNTIME_H
#define BROKER_CLI_CHECK_RUNTIME_H

#include <stdbool.h>

#include "broker/base/path_set.h"
#include "broker/runtime/runtime.h"

struct cli_options;
struct show;
struct users;

struct check_runtime {
    struct runtime runtime;
    struct path_set shown;
    char state_folder[32]; /* its own, in /tmp; "": the usual one */
};

/*
 * Makes it and gives it to the show; from now on, only errors are logged, or what --log-level=debug asks for.
 * False if no worker could be started. Either way, check_runtime_end() follows.
 */
bool check_runtime_begin(struct check_runtime *check, const struct cli_options *options, struct show *show,
                         struct users *users);

/* Takes it from the show, and down. */
void check_runtime_end(struct check_runtime *check, struct show *show);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts a keeper and zygotes for a command, and ends them. */
#include "broker/cli/check_runtime.h"

#include <signal.h>

#include "broker/base/log.h"
#include "broker/build/shown.h"
#include "broker/build/users.h"
#include "broker/cli/common.h"
#include "broker/show/show.h"

bool check_runtime_begin(struct check_runtime *check, const struct cli_options *options, struct show *show,
                         struct users *users)
{
    *check = (struct check_runtime){.runtime = RUNTIME_NONE};
    if (options->level != FC_LOG_DEBUG)
        log_init(FC_LOG_ERROR); /* what the command finds says all that matters */
    signal(SIGPIPE, SIG_IGN);
    check->runtime.runtime_folder = cli_runtime_folder(options);
    if (shown_collect(show, 0, &check->shown) < 0 || users_fix(users, show) < 0 ||
        runtime_init(&check->runtime, &check->shown, users) < 0)
        return false;
    show->runtime = &check->runtime;
    return true;
}

void check_runtime_end(struct check_runtime *check, struct show *show)
{
    show->runtime = NULL;
    runtime_deinit(&check->runtime);
    path_set_deinit(&check->shown);
}

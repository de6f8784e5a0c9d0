/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes what workers need, has each Python instance's scripts compiled, and takes all of it down again. Runs
 * in the process of the command.
 */
#include "broker/cli/check_scripts.h"

#include <signal.h>

#include "broker/base/log.h"
#include "broker/base/path_set.h"
#include "broker/build/shown.h"
#include "broker/build/users.h"
#include "broker/cli/common.h"
#include "broker/config/config.h"
#include "broker/python/backend.h"
#include "broker/python/compile.h"
#include "broker/runtime/runtime.h"
#include "broker/show/show.h"
#include "firecurtain/cleanup.h"

static bool scripts_has_any(const struct show *show)
{
    for (size_t i = 0; i < show->n_instances; i++) {
        if (show->instances[i]->backend == &backend_python)
            return true;
    }
    return false;
}

void cli_check_scripts(const struct cli_options *options, struct show *show, struct users *users,
                       struct config *config)
{
    FC_CLEANUP(path_set_deinit) struct path_set shown = {0};
    struct runtime runtime = RUNTIME_NONE;

    if (!scripts_has_any(show))
        return;
    if (options->level != FC_LOG_DEBUG)
        log_init(FC_LOG_ERROR);
    signal(SIGPIPE, SIG_IGN);
    runtime.runtime_folder = cli_runtime_folder(options);
    if (shown_collect(show, 0, &shown) < 0 || users_fix(users, show) < 0 ||
        runtime_init(&runtime, &shown, users) < 0)
        config_diagnose(config, CONFIG_WARNING, (struct config_location){.file = config_main_path(config)},
                        NULL,
                        "the scripts were not compiled: no worker can be had; check --sandbox may say why");
    else
        show->runtime = &runtime;
    for (size_t i = 0; show->runtime && i < show->n_instances; i++) {
        if (show->instances[i]->backend == &backend_python)
            python_compile(show->instances[i], &runtime, config);
    }
    show->runtime = NULL;
    runtime_deinit(&runtime);
}

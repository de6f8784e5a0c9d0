/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes what workers need, has each Python instance's scripts compiled, and takes all of it down again. Runs
 * in the process of the command.
 */
#include "broker/cli/check_scripts.h"

#include "broker/cli/check_runtime.h"
#include "broker/cli/common.h"
#include "broker/config/config.h"
#include "broker/python/backend.h"
#include "broker/python/compile.h"
#include "broker/show/show.h"

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
    struct check_runtime check;

    if (!scripts_has_any(show))
        return;
    if (!check_runtime_begin(&check, options, show, users))
        config_diagnose(
            config, CONFIG_WARNING, (struct config_location){.file = config_main_path(config)}, NULL,
            "the scripts were not compiled: no worker could be started; check --sandbox may say why");
    for (size_t i = 0; show->runtime && i < show->n_instances; i++) {
        if (show->instances[i]->backend == &backend_python)
            python_compile(show->instances[i], show->runtime, config);
    }
    check_runtime_end(&check, show);
}

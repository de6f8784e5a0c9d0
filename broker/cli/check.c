/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firecurtain check: reports everything that can be known of a configuration without running a script or
 * touching a device.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/build/build.h"
#include "broker/build/users.h"
#include "broker/cli/check_sandbox.h"
#include "broker/cli/check_scripts.h"
#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/config/load.h"
#include "broker/config/print.h"
#include "broker/config/roles.h"
#include "broker/os/program.h"
#include "broker/show/show.h"
#include "firecurtain/driver.h"

static void check_print(const struct config *config, const struct show *show, const char *path)
{
    config_print_diagnostics(config, stderr, isatty(STDERR_FILENO));
    if (config->n_errors)
        fprintf(stderr, "%s: %zu error%s\n", path, config->n_errors, config->n_errors == 1 ? "" : "s");
    else
        printf("%s: ok, %zu instance%s, %zu route%s\n", path, show->n_instances,
               show->n_instances == 1 ? "" : "s", show->router.n_targets,
               show->router.n_targets == 1 ? "" : "s");
}

/* Prints what is wrong with a user's configuration, which does not make the administrator's fail. */
static void check_judged(void *userdata, const char *user, const struct config *config,
                         enum users_outcome outcome)
{
    const char *path = userdata;

    (void)outcome;
    config_print_diagnostics(config, stderr, isatty(STDERR_FILENO));
    if (config->n_errors)
        fprintf(stderr, "%s: %zu error%s in the show of the user %s\n", path, config->n_errors,
                config->n_errors == 1 ? "" : "s", user);
}

/* Warns of drivers that are not installed: the show runs, without these instances. */
static void check_drivers(const struct show *show, struct config *config)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < show->n_instances; i++) {
        const struct fc_instance *instance = show->instances[i];
        const struct fc_driver *driver = instance->backend->driver;

        if (driver && (program_find_driver(driver->name, path, sizeof(path)), access(path, X_OK) < 0))
            config_diagnose(config, CONFIG_WARNING, instance->at, NULL,
                            "\"%s\" cannot start: %s is missing; install the package firecurtain-%s",
                            instance->name, path, driver->name);
    }
}

static struct config *check_load(const struct cli_options *options)
{
    struct config *config;

    if (config_load(&config, options->path, options->overrides, options->n_overrides) == 0)
        return config;
    fputs("firecurtain: out of memory\n", stderr);
    return NULL;
}

int cli_check(const struct cli_options *options)
{
    struct control_roles roles;
    struct users users = {.judged = check_judged, .userdata = (void *)options->path};
    struct show *show = NULL;
    struct config *config;
    int status = EX_OK;
    int r;

    config = check_load(options);
    if (!config)
        return EX_OSERR;
    r = build_show(&show, config, options->path, BUILD_SCRIPTS_ALL, &users);
    if (r != -ENOMEM && control_roles_read(&roles, config) < 0)
        r = -ENOMEM;
    control_roles_deinit(&roles);
    if (r == 0 && !config->n_errors) {
        cli_check_scripts(options, show, &users, config);
        check_drivers(show, config);
    }
    if (r == -ENOMEM)
        fputs("firecurtain: out of memory\n", stderr);
    else
        check_print(config, show, options->path);
    status = r == -ENOMEM ? EX_OSERR : config->n_errors ? EX_CONFIG : EX_OK;
    if (status == EX_OK && (options->given & CLI_SANDBOX))
        status = cli_check_sandbox(options, show, &users);
    show_free(show);
    users_deinit(&users);
    config_free(config);
    return status;
}

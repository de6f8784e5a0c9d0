/*
 * firecurtain check: everything that can be known of a configuration without running a script or touching a
 * device.
 */
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/cli/cli.h"
#include "broker/control_roles.h"
#include "broker/show.h"

static void check_print(const struct config *config, const struct show *show, const char *path)
{
    config_print_diagnostics(config, stderr, isatty(STDERR_FILENO));
    if (config->n_errors)
        fprintf(stderr, "%s: %zu error%s\n", path, config->n_errors, config->n_errors == 1 ? "" : "s");
    else
        printf("%s: ok, %zu instances, %zu routes\n", path, show->n_instances, show->router.n_targets);
}

int cli_check(const struct cli_options *options)
{
    struct control_roles roles;
    struct show *show = NULL;
    struct config *config;
    int status = EX_OK;
    int r;

    config = cli_load(options, &status);
    if (!config)
        return status;
    r = show_build(&show, config, options->path, true);
    if (r != -ENOMEM && control_roles_read(&roles, config) < 0)
        r = -ENOMEM;
    control_roles_deinit(&roles);
    if (r == -ENOMEM)
        fputs("firecurtain: out of memory\n", stderr);
    else
        check_print(config, show, options->path);
    status = r == -ENOMEM ? EX_OSERR : config->n_errors ? EX_CONFIG : EX_OK;
    if (status == EX_OK && (options->given & CLI_SANDBOX))
        status = cli_check_sandbox(options, show);
    show_free(show);
    config_free(config);
    return status;
}

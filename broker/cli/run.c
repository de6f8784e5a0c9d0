/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain run and replay: this process becomes the broker, which is a program of its own. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/daemon/arguments.h"
#include "broker/daemon/privilege.h"
#include "broker/os/program.h"

static int run_become_broker(const struct daemon_arguments *arguments)
{
    char path[PATH_MAX];
    char **words = daemon_arguments_write(arguments);

    if (!words) {
        fputs("firecurtain: out of memory\n", stderr);
        return EX_OSERR;
    }
    program_find(PROGRAM_BROKER, path, sizeof(path));
    execv(path, words);
    fprintf(stderr, "firecurtain: cannot run %s: %s\n", path, strerror(errno));
    daemon_arguments_free(words);
    return EX_OSERR;
}

static int run(const struct cli_options *options, const char *replay)
{
    struct daemon_arguments arguments = {
        .path = options->path,
        .overrides = options->overrides,
        .n_overrides = options->n_overrides,
        .level = options->level,
        .format = options->format,
        .runtime_folder = options->runtime_folder,
        .record = options->record,
        .max_bytes = options->max_bytes,
        .replay = replay,
        .speed = options->speed,
        .is_mute = options->given & CLI_MUTE,
        .no_sandbox = options->given & CLI_NO_SANDBOX,
    };
    int status = arguments.no_sandbox ? privilege_check_no_sandbox() : EX_OK;

    return status == EX_OK ? run_become_broker(&arguments) : status;
}

int cli_run(const struct cli_options *options)
{
    return run(options, NULL);
}

int cli_replay(const struct cli_options *options)
{
    return run(options, options->words[0]);
}

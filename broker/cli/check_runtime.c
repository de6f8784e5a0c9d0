/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts a keeper and zygotes for a command, and ends them. */
#include "broker/cli/check_runtime.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/log.h"
#include "broker/build/shown.h"
#include "broker/build/users.h"
#include "broker/cli/common.h"
#include "broker/show/show.h"

#define CHECK_DEPTH 4 /* the folder, a show's, an instance's, and what would be in that */

/*
 * Private folders are made in a folder that the end removes. The usual one may be another account's, as that
 * of a service is to root, and a check should leave nothing there.
 */
static bool check_make_state_folder(struct check_runtime *check)
{
    snprintf(check->state_folder, sizeof(check->state_folder), "/tmp/firecurtain-check-XXXXXX");
    if (!mkdtemp(check->state_folder)) {
        check->state_folder[0] = '\0'; /* there is no /tmp to write to */
        return true;
    }
    check->runtime.state_folder = strdup(check->state_folder);
    return check->runtime.state_folder;
}

static int check_remove(const char *path, const struct stat *st, int kind, struct FTW *place)
{
    (void)st, (void)kind, (void)place;
    remove(path);
    return 0;
}

bool check_runtime_begin(struct check_runtime *check, const struct cli_options *options, struct show *show,
                         struct users *users)
{
    *check = (struct check_runtime){.runtime = RUNTIME_NONE};
    if (options->level != FC_LOG_DEBUG)
        log_init(FC_LOG_ERROR); /* what the command finds says all that matters */
    signal(SIGPIPE, SIG_IGN);
    check->runtime.runtime_folder = cli_runtime_folder(options);
    if (!check_make_state_folder(check) || shown_collect(show, 0, &check->shown) < 0 ||
        users_fix(users, show) < 0 || runtime_init(&check->runtime, &check->shown, users) < 0)
        return false;
    show->runtime = &check->runtime;
    return true;
}

void check_runtime_end(struct check_runtime *check, struct show *show)
{
    show->runtime = NULL;
    runtime_deinit(&check->runtime);
    path_set_deinit(&check->shown);
    if (check->state_folder[0])
        nftw(check->state_folder, check_remove, CHECK_DEPTH, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the accounts of the house and the users, and the folders in which their links are. */
#include "broker/runtime/accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/build/users.h"
#include "broker/os/account.h"
#include "broker/os/state_mark.h"
#include "broker/python/state_folder.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"

/* Returns whether two users' folders have one name, which is a hash of the path of their show. */
static bool runtime_share_state(const struct runtime *runtime)
{
    for (unsigned i = 1; i < runtime->n_accounts; i++) {
        for (unsigned k = 1; k < i; k++) {
            if (strcmp(runtime->accounts[i].state_show, runtime->accounts[k].state_show) == 0)
                return true;
        }
    }
    return false;
}

int runtime_accounts_init(struct runtime *runtime, const struct users *users)
{
    size_t n_users = users ? users->n : 0;
    struct runtime_account *house = calloc(n_users + 1, sizeof(*house));

    if (!house)
        return -ENOMEM;
    runtime->accounts = house;
    runtime->n_accounts = (unsigned)n_users + 1;
    runtime->is_root = geteuid() == 0;
    house->uid = geteuid();
    house->gid = getegid();
    for (unsigned i = 0; i < runtime->n_accounts; i++)
        house[i].mark_fd = -1;
    for (unsigned i = 1; i < runtime->n_accounts; i++) {
        house[i].uid = users->list[i - 1].identity.uid;
        house[i].gid = users->list[i - 1].identity.gid;
        state_folder_name(users->list[i - 1].show, house[i].state_show, sizeof(house[i].state_show));
    }
    if (runtime_share_state(runtime)) {
        fc_log(FC_LOG_ERROR, NULL, "two users would share a state folder: rename one of the shows");
        return -EEXIST;
    }
    if (!runtime->is_root || account_find_workers(&house->uid, &house->gid) == 0)
        return 0;
    fc_log(FC_LOG_ERROR, NULL,
           "started as root, but there is no account for the workers: "
           "adduser --system --group firecurtain");
    return -ENOENT;
}

void runtime_mark_shows(struct runtime *runtime, const char *house, const struct users *users)
{
    for (unsigned i = 0; i < runtime->n_accounts; i++) {
        const char *show = i ? users->list[i - 1].show : house;
        char name[NAME_MAX + 1];

        state_folder_name(show, name, sizeof(name));
        runtime->accounts[i].mark_fd = state_mark_take(runtime->state_folder, name, show);
        if (runtime->accounts[i].mark_fd < 0)
            fc_log(FC_LOG_WARNING, NULL, "\"firecurtain state\" will not know the private folders of %s: %s",
                   show, strerror(-runtime->accounts[i].mark_fd));
    }
}

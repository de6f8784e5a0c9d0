/* SPDX-License-Identifier: BSD-2-Clause */
/* The unprivileged account that workers have when the broker runs as root. */
#include "broker/os/account.h"

#include <errno.h>
#include <pwd.h>
#include <stddef.h>

#include "firecurtain/cleanup.h"

/* In order of preference: the account of the package, and the traditional one. */
static const char *const account_workers[] = {"firecurtain", "nobody"};

int account_find_workers(uid_t *uid, gid_t *gid)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(account_workers); i++) {
        const struct passwd *account = getpwnam(account_workers[i]);

        if (!account || account->pw_uid == 0 || account->pw_gid == 0)
            continue;
        *uid = account->pw_uid;
        *gid = account->pw_gid;
        return 0;
    }
    return -ENOENT;
}

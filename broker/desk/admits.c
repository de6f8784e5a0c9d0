/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks ids up in the list. */
#include "broker/desk/admits.h"

#include <errno.h>
#include <string.h>

int admits_read(struct admits *admits, const void *bytes, size_t n_bytes)
{
    if (n_bytes % sizeof(admits->list[0]) || n_bytes > sizeof(admits->list))
        return -EBADMSG;
    memcpy(admits->list, bytes, n_bytes);
    admits->n = n_bytes / sizeof(admits->list[0]);
    return 0;
}

bool admits_is_owner(const struct admits *admits, uid_t uid)
{
    for (size_t i = 0; i < admits->n; i++) {
        if (admits->list[i].kind == DESK_ADMIT_OWNER && admits->list[i].id == uid)
            return true;
    }
    return uid == 0;
}

bool admits_find(const struct admits *admits, uid_t uid, gid_t gid)
{
    bool is_admitted = false;

    if (admits_is_owner(admits, uid))
        return true;
    for (size_t i = 0; i < admits->n; i++) {
        const struct desk_admit *admit = &admits->list[i];

        if (admit->kind == DESK_ADMIT_NOT && admit->id == uid)
            return false;
        is_admitted = is_admitted || admit->kind == DESK_ADMIT_ALL ||
                      (admit->kind == DESK_ADMIT_UID && admit->id == uid) ||
                      (admit->kind == DESK_ADMIT_GID && admit->id == gid);
    }
    return is_admitted;
}

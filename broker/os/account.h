/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accounts of this machine that the broker needs by name. Looking one up may wait for the name service, so it
 * is only done while the broker starts and for `check`.
 */
#ifndef BROKER_OS_ACCOUNT_H
#define BROKER_OS_ACCOUNT_H

#include <sys/types.h>

/*
 * Finds the uid and gid of house workers for a broker that runs as root: the account `firecurtain` if there
 * is one, else `nobody`. -ENOENT if there is neither.
 */
int account_find_workers(uid_t *uid, gid_t *gid);

#endif

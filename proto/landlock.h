/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Landlock (landlock(7)), as both the broker and its workers use it: which rights there are, by version of
 * the kernel's interface (ABI), up to 7. Which of them a process keeps is said where it confines itself.
 *
 * The structure and the newer rights are written out, since Debian 12's headers end at ABI 2.
 */
#ifndef PROTO_LANDLOCK_H
#define PROTO_LANDLOCK_H

#include <linux/landlock.h>
#include <stdint.h>

#define LANDLOCK_RIGHT_REFER        (UINT64_C(1) << 13) /* ABI 2 */
#define LANDLOCK_RIGHT_TRUNCATE     (UINT64_C(1) << 14) /* ABI 3 */
#define LANDLOCK_RIGHT_IOCTL_DEVICE (UINT64_C(1) << 15) /* ABI 5 */

/* Reading folders and files. */
#define LANDLOCK_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* Also writing, making and removing them; no devices, sockets, FIFOs or links. */
#define LANDLOCK_WRITE                                                                                       \
    (LANDLOCK_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                         \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |            \
     LANDLOCK_RIGHT_REFER | LANDLOCK_RIGHT_TRUNCATE)

/* What a ruleset forbids besides files, where the kernel can. */
enum landlock_scope {
    LANDLOCK_ABSTRACT_SOCKETS = 1, /* connecting to those of other processes; ABI 6 */
    LANDLOCK_SIGNALS = 2,          /* to other processes; ABI 6 */
    LANDLOCK_TCP = 4,              /* binding and connecting; ABI 4 */
};

/* Returns the newest ABI that the kernel offers, or -errno. It is asked once. */
int landlock_abi(void);

/* Returns all rights to files that an ABI knows. */
uint64_t landlock_file_rights(int abi);

/*
 * Makes a ruleset that allows nothing to files, and nothing of `scope` (enum landlock_scope, or-ed). A
 * descriptor, or -errno: -ENOSYS and -EOPNOTSUPP if the kernel has no Landlock.
 */
int landlock_new(unsigned scope);

/*
 * Allows `rights` below the folder or to the file that `fd` (O_PATH will do) stands for. Rights that the
 * kernel does not know, and for a file those of folders, are left out. 0 or -errno.
 */
int landlock_allow(int ruleset, int fd, uint64_t rights);

/* Applies a ruleset to the calling thread for good; needs no_new_privs. 0 or -errno. */
int landlock_restrict(int ruleset);

#endif

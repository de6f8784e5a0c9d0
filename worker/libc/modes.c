/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for chmod(), umask() and so on. The filter answers them without doing anything, as a script's
 * files have one user; here they fail all the same for files that are not there, and umask() remembers. And
 * for truncate() and faccessat(), which are made of other calls.
 */
#include "worker/libc/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "worker/libc/libc.h"

static _Atomic mode_t modes_mask = 022; /* what a worker has set before */

int chmod(const char *path, mode_t mode)
{
    struct stat64 st;

    return stat64(path, &st) < 0 ? -1 : LIBC_NEXT(chmod)(path, mode);
}

int fchmod(int fd, mode_t mode)
{
    return fcntl(fd, F_GETFD) < 0 ? -1 : LIBC_NEXT(fchmod)(fd, mode);
}

mode_t umask(mode_t mask)
{
    return libc_facts.is_confined ? atomic_exchange(&modes_mask, mask & 0777) : LIBC_NEXT(umask)(mask);
}

int truncate64(const char *path, off64_t bytes)
{
    FC_AUTO_CLOSE int fd = -1;

    if (!libc_facts.is_confined)
        return LIBC_NEXT(truncate64)(path, bytes);
    fd = open64(path, O_WRONLY | O_CLOEXEC);
    return fd < 0 ? -1 : ftruncate64(fd, bytes);
}

/* Judges by the mode: the owner's part for the script's own files, the others' for the rest. */
static int modes_judge(const struct stat64 *st, int how)
{
    unsigned bits = st->st_uid == getuid() ? st->st_mode >> 6 : st->st_mode;

    if (((unsigned)how & bits & 7) == (unsigned)how)
        return 0;
    errno = EACCES;
    return -1;
}

int faccessat(int folder, const char *path, int how, int flags)
{
    struct stat64 st;

    if (!libc_facts.is_confined)
        return LIBC_NEXT(faccessat)(folder, path, how, flags);
    if ((folder == AT_FDCWD || path[0] == '/') && !(flags & AT_SYMLINK_NOFOLLOW))
        return access(path, how);
    return fstatat64(folder, path, &st, flags & AT_SYMLINK_NOFOLLOW) < 0 ? -1 : modes_judge(&st, how);
}

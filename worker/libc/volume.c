/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for statvfs() and fstatvfs(): the only disk that a script has is the private folder, which is as
 * large as the option `state` says, besides /tmp. How full the machine's disk is, is not its business.
 */
#include "worker/libc/names.h"

#include "worker/libc/libc.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define VOLUME_BLOCK       4096u
#define VOLUME_SECTOR      512u /* the unit of st_blocks */
#define VOLUME_DESCRIPTORS 8    /* of nftw(): folders deeper than that are opened again */
#define VOLUME_MAX_NAME    255

static __thread uint64_t volume_sectors;

static int volume_add(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)path, (void)where;
    if (kind == FTW_F || kind == FTW_D)
        volume_sectors += (uint64_t)st->st_blocks;
    return 0;
}

static void volume_describe(const char *folder, uint64_t bytes, struct statvfs64 *volume)
{
    uint64_t used;

    volume_sectors = 0;
    nftw(folder, volume_add, VOLUME_DESCRIPTORS, FTW_PHYS | FTW_MOUNT);
    used = volume_sectors * VOLUME_SECTOR / VOLUME_BLOCK;
    volume->f_blocks = bytes / VOLUME_BLOCK;
    volume->f_bfree = used < volume->f_blocks ? volume->f_blocks - used : 0;
    volume->f_bavail = volume->f_bfree;
    volume->f_flag = ST_NOSUID | ST_NODEV | ST_NOEXEC;
}

static int volume_answer(const struct stat *st, struct statvfs64 *volume)
{
    struct stat folder;

    *volume =
        (struct statvfs64){.f_bsize = VOLUME_BLOCK, .f_frsize = VOLUME_BLOCK, .f_namemax = VOLUME_MAX_NAME};
    if (libc_facts.tmp_bytes && stat("/tmp", &folder) == 0 && folder.st_dev == st->st_dev)
        volume_describe("/tmp", libc_facts.tmp_bytes, volume);
    else
        volume_describe(libc_facts.state_folder, libc_facts.state_bytes, volume);
    return 0;
}

int statvfs64(const char *path, struct statvfs64 *volume)
{
    struct stat st;

    if (!libc_facts.is_confined)
        return LIBC_NEXT(statvfs64)(path, volume);
    return stat(path, &st) < 0 ? -1 : volume_answer(&st, volume);
}

int fstatvfs64(int fd, struct statvfs64 *volume)
{
    struct stat st;

    if (!libc_facts.is_confined)
        return LIBC_NEXT(fstatvfs64)(fd, volume);
    return fstat(fd, &st) < 0 ? -1 : volume_answer(&st, volume);
}

/* On 64-bit machines both structures are one. */
_Static_assert(sizeof(struct statvfs) == sizeof(struct statvfs64), "two structures");

int statvfs(const char *path, struct statvfs *volume)
{
    return statvfs64(path, (struct statvfs64 *)volume);
}

int fstatvfs(int fd, struct statvfs *volume)
{
    return fstatvfs64(fd, (struct statvfs64 *)volume);
}

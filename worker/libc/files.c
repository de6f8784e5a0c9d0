/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for the functions that take the path of a file: open(), stat(), access(), opendir(), mkdir(),
 * rmdir(), unlink() and rename(), for which folder.h says where the path leads.
 */
#include "worker/libc/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/libc/folder.h"
#include "worker/libc/libc.h"

int __open64_2(const char *path, int flags);

static int files_open(int folder, const char *path, int flags, mode_t mode)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
    struct folder_place place = {.path = path};
    int fd;

    if (folder != AT_FDCWD && path[0] != '/')
        return LIBC_NEXT(openat64)(folder, path, flags, mode);
    if (!writes) {
        folder_find(&place, path);
    } else if (folder_prepare(&place, path, !(flags & (O_TRUNC | O_EXCL))) < 0) {
        return -1;
    } else if (place.is_shown && (flags & O_CREAT) && (flags & O_EXCL)) {
        errno = EEXIST;
        return -1;
    }
    fd = LIBC_NEXT(openat64)(AT_FDCWD, place.path, flags, mode);
    if (fd < 0 && !writes)
        folder_missed(path);
    return fd;
}

/* Takes the mode, which callers give only with some flags. */
#define FILES_MODE(flags)                                                                                    \
    __extension__({                                                                                          \
        mode_t mode_ = 0;                                                                                    \
        va_list arguments_;                                                                                  \
        va_start(arguments_, flags);                                                                         \
        if ((flags) & (O_CREAT | __O_TMPFILE))                                                               \
            mode_ = va_arg(arguments_, mode_t);                                                              \
        va_end(arguments_);                                                                                  \
        mode_;                                                                                               \
    })

int open64(const char *path, int flags, ...)
{
    return files_open(AT_FDCWD, path, flags, FILES_MODE(flags));
}

int open(const char *path, int flags, ...)
{
    return files_open(AT_FDCWD, path, flags, FILES_MODE(flags));
}

int openat64(int folder, const char *path, int flags, ...)
{
    return files_open(folder, path, flags, FILES_MODE(flags));
}

int openat(int folder, const char *path, int flags, ...)
{
    return files_open(folder, path, flags, FILES_MODE(flags));
}

/* glibc's name for a call without a mode in programs that were built with _FORTIFY_SOURCE */
int __open64_2(const char *path, int flags)
{
    return files_open(AT_FDCWD, path, flags, 0);
}

/* Finds what is asked about, asks, and mentions what is elsewhere. */
#define FILES_ASK(path, result_type, failed, call)                                                           \
    __extension__({                                                                                          \
        struct folder_place place;                                                                           \
        result_type result_;                                                                                 \
        folder_find(&place, path);                                                                           \
        result_ = call;                                                                                      \
        if (result_ == (failed))                                                                             \
            folder_missed(path);                                                                             \
        result_;                                                                                             \
    })

int stat64(const char *path, struct stat64 *st)
{
    return FILES_ASK(path, int, -1, LIBC_NEXT(stat64)(place.path, st));
}

int lstat64(const char *path, struct stat64 *st)
{
    return FILES_ASK(path, int, -1, LIBC_NEXT(lstat64)(place.path, st));
}

int access(const char *path, int how)
{
    return FILES_ASK(path, int, -1, LIBC_NEXT(access)(place.path, how));
}

/* A folder that both have is the script's: what was written in it is found by name, and listed in /state. */
DIR *opendir(const char *path)
{
    DIR *folder = LIBC_NEXT(opendir)(path);
    struct folder_place place;

    if (folder || errno != ENOENT)
        return folder;
    folder_find(&place, path);
    if (place.path != path)
        return LIBC_NEXT(opendir)(place.path);
    folder_missed(path);
    return NULL;
}

int mkdir(const char *path, mode_t mode)
{
    struct folder_place place;

    if (folder_prepare(&place, path, false) < 0)
        return -1;
    if (!place.is_shown)
        return LIBC_NEXT(mkdir)(place.path, mode);
    errno = EEXIST;
    return -1;
}

int rmdir(const char *path)
{
    struct folder_place place;

    folder_find(&place, path);
    return LIBC_NEXT(rmdir)(place.path);
}

int unlink(const char *path)
{
    struct folder_place place;

    folder_find(&place, path);
    return LIBC_NEXT(unlink)(place.path);
}

int rename(const char *from, const char *to)
{
    struct folder_place source, target;

    folder_find(&source, from);
    if (folder_prepare(&target, to, false) < 0)
        return -1;
    return LIBC_NEXT(rename)(source.path, target.path);
}

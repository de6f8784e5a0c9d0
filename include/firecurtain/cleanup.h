/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ownership helpers: a local that owns something says so at its declaration, and gives it away with
 * fc_steal() or fc_steal_fd(), never silently.
 */
#ifndef FIRECURTAIN_CLEANUP_H
#define FIRECURTAIN_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FC_CLEANUP(function) __attribute__((cleanup(function)))

static inline void fc_freep(void *slot)
{
    free(*(void **)slot);
}

static inline void fc_closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void fc_fclosep(FILE **file)
{
    if (*file)
        fclose(*file);
}

/* Frees, or closes, when the variable goes out of scope. */
#define FC_AUTO_FREE   FC_CLEANUP(fc_freep)
#define FC_AUTO_CLOSE  FC_CLEANUP(fc_closep)
#define FC_AUTO_FCLOSE FC_CLEANUP(fc_fclosep)

/* Returns the value of an owning pointer; the variable owns nothing afterwards. */
#define fc_steal(pointer)                                                                                    \
    ({                                                                                                       \
        __typeof__(pointer) fc_stolen = (pointer);                                                           \
        (pointer) = NULL;                                                                                    \
        fc_stolen;                                                                                           \
    })

static inline int fc_steal_fd(int *fd)
{
    int stolen = *fd;

    *fd = -1;
    return stolen;
}

#define FC_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for mmap(), munmap() and msync(). The filter refuses shared mappings: what is written to a file
 * by way of one passes by the count of the private folder. Here a shared mapping becomes a private one. If it
 * may be written to, what differs from the file is written there by msync(), by munmap() and at the worker's
 * end, which are mmap.flush() and mmap.close(). Until then the file does not have it, and a process that is
 * killed loses it. Shared memory without a file needs to be shared with nobody: there is no other process.
 *
 * The interpreter asks for all of its memory here, so nothing of it may be used before the first mapping.
 */
#include "worker/libc/names.h"

#include "worker/libc/mapping.h"

#include "worker/libc/libc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A writable mapping of a file. */
struct mapping {
    struct mapping *next;
    char *address;
    size_t bytes;
    off64_t offset; /* in the file */
    int fd;         /* a duplicate of the script's */
};

static struct mapping *mapping_list;
static pthread_mutex_t mapping_mutex = PTHREAD_MUTEX_INITIALIZER;

static void *mapping_make(void *address, size_t bytes, int protection, int flags, int fd, off64_t offset)
{
    return (void *)syscall(SYS_mmap, address, bytes, protection, flags, fd, offset);
}

/* Remembers a mapping. 0, or -1 with errno. */
static int mapping_add(char *address, size_t bytes, int fd, off64_t offset)
{
    struct mapping *mapping = malloc(sizeof(*mapping));
    int own = mapping ? (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0) : -1;

    if (own < 0) {
        free(mapping);
        return -1;
    }
    *mapping = (struct mapping){.address = address, .bytes = bytes, .offset = offset, .fd = own};
    pthread_mutex_lock(&mapping_mutex);
    mapping->next = mapping_list;
    mapping_list = mapping;
    pthread_mutex_unlock(&mapping_mutex);
    return 0;
}

/* Writes a part of the memory to the file, if the file has something else there. */
static int mapping_write_part(const struct mapping *mapping, const char *from, size_t bytes, char *buffer)
{
    off64_t at = mapping->offset + (from - mapping->address);
    ssize_t n = pread64(mapping->fd, buffer, bytes, at);

    if (n <= 0 || memcmp(buffer, from, (size_t)n) == 0) /* nothing is behind the end of the file */
        return n < 0 ? -1 : 0;
    return pwrite64(mapping->fd, from, (size_t)n, at) == n ? 0 : -1;
}

static size_t mapping_smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Writes back the part of a mapping between two addresses, page by page. */
static int mapping_write(const struct mapping *mapping, const char *from, const char *to)
{
    const char *end = mapping->address + mapping->bytes;
    char buffer[4096];
    int result = 0;

    if (from < mapping->address)
        from = mapping->address;
    if (to > end)
        to = end;
    while (from < to) {
        size_t bytes = mapping_smaller(sizeof(buffer), (size_t)(to - from));

        if (mapping_write_part(mapping, from, bytes, buffer) < 0)
            result = -1;
        from += bytes;
    }
    return result;
}

static void mapping_forget(struct mapping **slot)
{
    struct mapping *gone = *slot;

    *slot = gone->next;
    close(gone->fd);
    free(gone);
}

/* Takes out what is unmapped; what is left behind it becomes a mapping of its own. */
static void mapping_cut(struct mapping **slot, const char *from, const char *to)
{
    struct mapping *mapping = *slot;
    char *end = mapping->address + mapping->bytes;
    struct mapping *rest = to < end ? malloc(sizeof(*rest)) : NULL;

    if (rest) {
        *rest = *mapping;
        rest->address = mapping->address + (to - mapping->address);
        rest->bytes = (size_t)(end - to);
        rest->offset += to - mapping->address;
        rest->fd = (int)syscall(SYS_fcntl, mapping->fd, F_DUPFD_CLOEXEC, 0);
        mapping->next = rest;
    }
    if (from <= mapping->address)
        mapping_forget(slot);
    else
        mapping->bytes = (size_t)(from - mapping->address);
}

static bool mapping_overlaps(const struct mapping *mapping, const char *from, const char *to)
{
    return from < mapping->address + mapping->bytes && mapping->address < to;
}

/* Writes back what is between two addresses, and forgets it if it is to be unmapped. 0, or -1 with errno. */
static int mapping_sync(const char *from, const char *to, bool unmaps)
{
    struct mapping **slot = &mapping_list, *next;
    int result = 0;

    pthread_mutex_lock(&mapping_mutex);
    while (*slot) {
        struct mapping *mapping = *slot;

        next = mapping->next;
        if (mapping_overlaps(mapping, from, to)) {
            if (mapping_write(mapping, from, to) < 0)
                result = -1;
            if (unmaps)
                mapping_cut(slot, from, to);
        }
        if (*slot == mapping)
            slot = &mapping->next;
        else if (*slot != next)
            slot = &(*slot)->next; /* what was left behind it */
    }
    pthread_mutex_unlock(&mapping_mutex);
    return result;
}

void mapping_finish(void)
{
    mapping_sync(NULL, (const char *)UINTPTR_MAX, false);
}

/* Maps a file that the caller wants to share. */
static void *mapping_of_file(void *address, size_t bytes, int protection, int flags, int fd, off64_t offset)
{
    int mode = (int)syscall(SYS_fcntl, fd, F_GETFL);
    struct stat st;
    void *made;

    if (mode >= 0 && (protection & PROT_WRITE) && (mode & O_ACCMODE) != O_RDWR) {
        errno = EACCES;
        return MAP_FAILED;
    }
    made = mapping_make(address, bytes, protection, (flags & ~MAP_TYPE) | MAP_PRIVATE, fd, offset);
    if (made == MAP_FAILED || !(protection & PROT_WRITE) || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return made;
    if (mapping_add(made, bytes, fd, offset) == 0)
        return made;
    syscall(SYS_munmap, made, bytes);
    errno = ENOMEM;
    return MAP_FAILED;
}

void *mmap64(void *address, size_t bytes, int protection, int flags, int fd, off64_t offset)
{
    if (!libc_facts.is_confined || !(flags & MAP_SHARED))
        return mapping_make(address, bytes, protection, flags, fd, offset);
    if (flags & MAP_ANONYMOUS)
        return mapping_make(address, bytes, protection, (flags & ~MAP_TYPE) | MAP_PRIVATE, fd, offset);
    return mapping_of_file(address, bytes, protection, flags, fd, offset);
}

void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    return mmap64(address, bytes, protection, flags, fd, offset);
}

int munmap(void *address, size_t bytes)
{
    if (mapping_list)
        mapping_sync(address, (const char *)address + bytes, true);
    return (int)syscall(SYS_munmap, address, bytes);
}

int msync(void *address, size_t bytes, int flags)
{
    if (!libc_facts.is_confined)
        return (int)syscall(SYS_msync, address, bytes, flags);
    return mapping_sync(address, (const char *)address + bytes, false);
}

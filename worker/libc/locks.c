/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for fcntl() and lockf(), where they ask about a lock, and for named semaphores. Nobody but the
 * script has its files open, so no lock is ever in the way: the filter lets setting one succeed, and asking
 * about one finds none. Named semaphores live in the process, where all of their users are.
 */
#include "worker/libc/names.h"

#include "worker/libc/libc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct lock_semaphore {
    struct lock_semaphore *next;
    char *name; /* NULL: removed, and still used */
    unsigned n_users;
    sem_t semaphore;
};

static struct lock_semaphore *lock_semaphores;
static pthread_mutex_t lock_mutex = PTHREAD_MUTEX_INITIALIZER;

static int lock_fcntl(int fd, int command, long argument)
{
    if (libc_facts.is_confined && (command == F_GETLK || command == F_OFD_GETLK)) {
        if (syscall(SYS_fcntl, fd, F_GETFD) < 0)
            return -1;
        ((struct flock *)argument)->l_type = F_UNLCK;
        return 0;
    }
    return (int)syscall(SYS_fcntl, fd, command, argument);
}

/* In glibc these two are the same function on 64-bit machines. */
int fcntl(int fd, int command, ...)
{
    va_list arguments;
    long argument;

    va_start(arguments, command);
    argument = va_arg(arguments, long);
    va_end(arguments);
    return lock_fcntl(fd, command, argument);
}

int fcntl64(int fd, int command, ...)
{
    va_list arguments;
    long argument;

    va_start(arguments, command);
    argument = va_arg(arguments, long);
    va_end(arguments);
    return lock_fcntl(fd, command, argument);
}

int lockf64(int fd, int command, off64_t bytes)
{
    if (!libc_facts.is_confined || command != F_TEST)
        return LIBC_NEXT(lockf64)(fd, command, bytes);
    return syscall(SYS_fcntl, fd, F_GETFD) < 0 ? -1 : 0;
}

int lockf(int fd, int command, off_t bytes)
{
    return lockf64(fd, command, bytes);
}

static struct lock_semaphore **lock_find(const char *name)
{
    struct lock_semaphore **slot = &lock_semaphores;

    while (*slot && !((*slot)->name && strcmp((*slot)->name, name) == 0))
        slot = &(*slot)->next;
    return slot;
}

static struct lock_semaphore *lock_make(const char *name, unsigned value)
{
    struct lock_semaphore *made = calloc(1, sizeof(*made));

    if (made)
        made->name = strdup(name);
    if (!made || !made->name || sem_init(&made->semaphore, 0, value) < 0) {
        if (made)
            free(made->name);
        free(made);
        return NULL;
    }
    made->next = lock_semaphores;
    lock_semaphores = made;
    return made;
}

static struct lock_semaphore *lock_open(const char *name, int flags, unsigned value)
{
    struct lock_semaphore *found = *lock_find(name);

    if (found && (flags & O_CREAT) && (flags & O_EXCL))
        errno = EEXIST;
    else if (!found && !(flags & O_CREAT))
        errno = ENOENT;
    else
        return found ? found : lock_make(name, value);
    return NULL;
}

sem_t *sem_open(const char *name, int flags, ...)
{
    struct lock_semaphore *semaphore;
    unsigned mode = 0, value = 0;
    va_list arguments;

    va_start(arguments, flags);
    if (flags & O_CREAT) {
        mode = va_arg(arguments, unsigned);
        value = va_arg(arguments, unsigned);
    }
    va_end(arguments);
    if (!libc_facts.is_confined)
        return LIBC_NEXT(sem_open)(name, flags, mode, value);
    if (name[0] == '\0' || strchr(name + 1, '/')) {
        errno = EINVAL;
        return SEM_FAILED;
    }
    pthread_mutex_lock(&lock_mutex);
    semaphore = lock_open(name, flags, value);
    if (semaphore)
        semaphore->n_users++;
    pthread_mutex_unlock(&lock_mutex);
    return semaphore ? &semaphore->semaphore : SEM_FAILED;
}

/* Frees a semaphore that has neither a name nor users. */
static void lock_forget(struct lock_semaphore **slot)
{
    struct lock_semaphore *gone = *slot;

    if (gone->name || gone->n_users)
        return;
    *slot = gone->next;
    sem_destroy(&gone->semaphore);
    free(gone);
}

int sem_close(sem_t *semaphore)
{
    struct lock_semaphore **slot = &lock_semaphores;

    if (!libc_facts.is_confined)
        return LIBC_NEXT(sem_close)(semaphore);
    pthread_mutex_lock(&lock_mutex);
    while (*slot && &(*slot)->semaphore != semaphore)
        slot = &(*slot)->next;
    errno = *slot ? 0 : EINVAL;
    if (*slot) {
        (*slot)->n_users--;
        lock_forget(slot);
    }
    pthread_mutex_unlock(&lock_mutex);
    return errno ? -1 : 0;
}

int sem_unlink(const char *name)
{
    struct lock_semaphore **slot;

    if (!libc_facts.is_confined)
        return LIBC_NEXT(sem_unlink)(name);
    pthread_mutex_lock(&lock_mutex);
    slot = lock_find(name);
    errno = *slot ? 0 : ENOENT;
    if (*slot) {
        free((*slot)->name);
        (*slot)->name = NULL;
        lock_forget(slot);
    }
    pthread_mutex_unlock(&lock_mutex);
    return errno ? -1 : 0;
}

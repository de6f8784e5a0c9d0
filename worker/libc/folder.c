/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares paths as they are written, without following links: scripts cannot make any. */
#include "worker/libc/names.h"

#include "worker/libc/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "worker/base/say.h"
#include "worker/libc/libc.h"

#define FOLDER_MAX_TOLD   16 /* names that are mentioned */
#define FOLDER_COPY_BYTES 65536

static bool folder_exists(const char *path)
{
    struct stat st;

    return LIBC_NEXT(stat)(path, &st) == 0;
}

/* Writes the absolute form of a path, without "." and "..". False if it is too long. */
static bool folder_make_absolute(const char *path, char absolute[PATH_MAX])
{
    size_t n = 0;

    if (path[0] != '/') {
        if (syscall(SYS_getcwd, absolute, PATH_MAX) < 0)
            return false;
        n = strcmp(absolute, "/") == 0 ? 0 : strlen(absolute);
    }
    while (*path) {
        size_t part = strcspn(path, "/");

        if (part == 2 && strncmp(path, "..", 2) == 0) {
            while (n && absolute[n - 1] != '/')
                n--;
            n -= n > 0;
        } else if (part && !(part == 1 && path[0] == '.')) {
            if (n + part + 2 > PATH_MAX)
                return false;
            absolute[n++] = '/';
            memcpy(absolute + n, path, part);
            n += part;
        }
        path += part + (path[part] == '/');
    }
    absolute[n] = '\0';
    return true;
}

/* Finds the place of a path in the private folder; false if it is not below the script's folder. */
static bool folder_is_shown(const char *path, char written[PATH_MAX])
{
    size_t n = strlen(libc_facts.script_folder);
    char absolute[PATH_MAX];

    if (!folder_make_absolute(path, absolute) || strncmp(absolute, libc_facts.script_folder, n) != 0 ||
        absolute[n] != '/')
        return false;
    return snprintf(written, PATH_MAX, "%s%s", libc_facts.state_folder, absolute + n) < PATH_MAX;
}

/* What the script consists of is never what it has written itself, or else a new version would have no
 * effect. */
static bool folder_is_source(const char *path)
{
    size_t n = strlen(path);

    return n > 3 && strcmp(path + n - 3, ".py") == 0;
}

void folder_find(struct folder_place *place, const char *path)
{
    int saved = errno;

    place->path = path;
    if (libc_facts.is_at_script && !folder_is_source(path) && folder_is_shown(path, place->written) &&
        folder_exists(place->written))
        place->path = place->written;
    errno = saved;
}

/* Makes the folders above a place in the private folder, as far as the script's folder has them. */
static void folder_make_parents(const char *written)
{
    size_t n = strlen(libc_facts.state_folder);
    char path[PATH_MAX], shown[2 * PATH_MAX];

    for (const char *slash = strchr(written + n + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(path, sizeof(path), "%.*s", (int)(slash - written), written);
        snprintf(shown, sizeof(shown), "%s%s", libc_facts.script_folder, path + n);
        if (folder_exists(shown))
            LIBC_NEXT(mkdir)(path, 0777);
    }
}

static int folder_copy(const char *from, const char *to)
{
    FC_AUTO_CLOSE int in = LIBC_NEXT(open64)(from, O_RDONLY | O_CLOEXEC);
    FC_AUTO_CLOSE int out = in < 0 ? -1 : LIBC_NEXT(open64)(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    static __thread char bytes[FOLDER_COPY_BYTES];
    ssize_t n = out < 0 ? -1 : 0;

    while (out >= 0 && (n = read(in, bytes, sizeof(bytes))) > 0) {
        if (write(out, bytes, (size_t)n) != n)
            return -1;
    }
    return n < 0 ? -1 : 0;
}

int folder_prepare(struct folder_place *place, const char *path, bool keep)
{
    place->path = path;
    place->is_shown = false;
    if (!libc_facts.is_at_script || !folder_is_shown(path, place->written))
        return 0;
    place->is_shown = folder_exists(path);
    place->path = place->written;
    folder_make_parents(place->written);
    return keep && place->is_shown && !folder_exists(place->written) ? folder_copy(path, place->written) : 0;
}

/* Tells whether a name is mentioned for the first time. */
static bool folder_is_new(const char *path)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char told[FOLDER_MAX_TOLD][NAME_MAX + 1];
    static size_t n;
    bool is_new = strlen(path) <= NAME_MAX;

    pthread_mutex_lock(&lock);
    for (size_t i = 0; is_new && i < n; i++)
        is_new = strcmp(told[i], path) != 0;
    is_new = is_new && n < FOLDER_MAX_TOLD;
    if (is_new)
        strcpy(told[n++], path);
    pthread_mutex_unlock(&lock);
    return is_new;
}

/* Returns a path from the private folder on, or NULL for one that leads elsewhere. */
static const char *folder_relative(const char *path)
{
    size_t n = strlen(libc_facts.state_folder);

    if (path[0] != '/')
        return path;
    return strncmp(path, libc_facts.state_folder, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

void folder_missed(const char *path)
{
    const char *name = libc_facts.script_folder && !libc_facts.is_at_script ? folder_relative(path) : NULL;
    char shown[2 * PATH_MAX];
    int saved = errno;

    if (saved != ENOENT || !name || !name[0])
        return;
    snprintf(shown, sizeof(shown), "%s/%s", libc_facts.script_folder, name);
    if (folder_exists(shown) && folder_is_new(name))
        say(SAY_WARNING
            "%s is in the script's folder, which is not the working directory: use %s, or set the "
            "option directory = show",
            name, shown);
    errno = saved;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Walks along a path, one name after the other, and looks at each. */
#include "broker/os/folder_trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

#define TRUST_MAX_LINKS 40

struct trust_walk {
    int folder;          /* where it is; O_PATH */
    uid_t owner;         /* of / */
    char rest[PATH_MAX]; /* what is still to be walked */
    unsigned n_links;
    struct folder_doubt *doubt;
};

static void trust_end(struct trust_walk *walk)
{
    fc_closep(&walk->folder);
}

static int trust_begin_at_root(struct trust_walk *walk)
{
    int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    fc_closep(&walk->folder);
    walk->folder = fd;
    return 0;
}

/* Puts a path before the rest; one that begins with / starts there. */
static int trust_prepend(struct trust_walk *walk, const char *path)
{
    char rest[PATH_MAX];

    if (snprintf(rest, sizeof(rest), "%s/%s", path, walk->rest) >= (int)sizeof(rest))
        return -ENAMETOOLONG;
    memcpy(walk->rest, rest, sizeof(rest));
    return path[0] == '/' ? trust_begin_at_root(walk) : 0;
}

/* Takes the next name off the rest; false at the end. */
static bool trust_next(struct trust_walk *walk, char name[NAME_MAX + 1])
{
    size_t slashes = strspn(walk->rest, "/"), n = strcspn(walk->rest + slashes, "/");

    if (n == 0 || n > NAME_MAX)
        return false;
    memcpy(name, walk->rest + slashes, n);
    name[n] = '\0';
    memmove(walk->rest, walk->rest + slashes + n, strlen(walk->rest + slashes + n) + 1);
    return true;
}

static bool trust_is_last(const struct trust_walk *walk)
{
    return walk->rest[strspn(walk->rest, "/")] == '\0';
}

/* Judges a folder, file or link on the way. */
static int trust_judge(struct trust_walk *walk, const char *name, const struct stat *st)
{
    char what[NAME_MAX + 32] = "it";
    bool is_link = S_ISLNK(st->st_mode);
    bool is_open = !is_link && (st->st_mode & S_IWOTH || (st->st_mode & S_IWGRP && st->st_gid != 0));

    if (!trust_is_last(walk))
        snprintf(what, sizeof(what), "\"%s\" on the way there", name);
    if (st->st_uid != 0 && st->st_uid != geteuid() && st->st_uid != walk->owner) {
        snprintf(walk->doubt->text, sizeof(walk->doubt->text), "%s belongs to uid %u", what, st->st_uid);
        return -EPERM;
    }
    if (is_open && (trust_is_last(walk) || !(st->st_mode & S_ISVTX))) {
        snprintf(walk->doubt->text, sizeof(walk->doubt->text), "others may write to %s", what);
        return -EPERM;
    }
    return 0;
}

static int trust_follow(struct trust_walk *walk, const char *name)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(walk->folder, name, target, sizeof(target) - 1);

    if (n < 0)
        return -errno;
    if (++walk->n_links > TRUST_MAX_LINKS)
        return -ELOOP;
    target[n] = '\0';
    return trust_prepend(walk, target);
}

static int trust_enter(struct trust_walk *walk, const char *name)
{
    int fd = openat(walk->folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOTDIR && trust_is_last(walk) ? 0 : -errno;
    fc_closep(&walk->folder);
    walk->folder = fd;
    return 0;
}

/* Goes one name further. 1 if there is nothing yet from here on, 0, or -errno. */
static int trust_step(struct trust_walk *walk, const char *name)
{
    struct stat st;
    int r;

    if (fstatat(walk->folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 1 : -errno;
    r = trust_judge(walk, name, &st);
    if (r < 0)
        return r;
    return S_ISLNK(st.st_mode) ? trust_follow(walk, name) : trust_enter(walk, name);
}

/* Begins at / or, for a path that does not, with the working directory before it. */
static int trust_begin(struct trust_walk *walk, const char *path)
{
    char here[PATH_MAX];
    struct stat st;
    int r = trust_begin_at_root(walk);

    if (r < 0)
        return r;
    if (fstat(walk->folder, &st) < 0)
        return -errno;
    walk->owner = st.st_uid;
    if (snprintf(walk->rest, sizeof(walk->rest), "%s", path) >= (int)sizeof(walk->rest))
        return -ENAMETOOLONG;
    if (path[0] == '/')
        return 0;
    return getcwd(here, sizeof(here)) ? trust_prepend(walk, here) : -errno;
}

int folder_trust(const char *path, struct folder_doubt *doubt)
{
    FC_CLEANUP(trust_end) struct trust_walk walk = {.folder = -1, .doubt = doubt};
    char name[NAME_MAX + 1];
    int r = trust_begin(&walk, path);

    doubt->text[0] = '\0';
    while (r == 0 && trust_next(&walk, name))
        r = trust_step(&walk, name);
    return r < 0 ? r : 0;
}

int folder_trust_as_root(const char *path, struct folder_doubt *doubt)
{
    doubt->text[0] = '\0';
    return geteuid() == 0 ? folder_trust(path, doubt) : 0;
}

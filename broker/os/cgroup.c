/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of cgroups: found, made and removed. Runs in the broker before it confines itself, then in the
 * keeper.
 */
#include "broker/os/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "broker/os/cgroup_file.h"
#include "broker/os/cgroup_private.h"
#include "firecurtain/cleanup.h"

#define CGROUP_BROKER  "broker"
#define CGROUP_WORKERS "workers"
#define CGROUP_USER    "user-%u"
#define CGROUP_ZYGOTE  "zygote"
#define CGROUP_DEPTH   4 /* of the tree, and then some */

static const struct {
    unsigned controller;
    const char *name;
} cgroup_names[] = {{CGROUP_MEMORY, "memory"}, {CGROUP_PIDS, "pids"}, {CGROUP_CPU, "cpu"}};

/* Finds where cgroup v2 is mounted, and which part of it. */
static bool cgroups_find_mount(char *root, char *point)
{
    FC_AUTO_FCLOSE FILE *file = fopen("/proc/self/mountinfo", "re");
    FC_AUTO_FREE char *line = NULL;
    size_t bytes = 0;

    while (file && getline(&line, &bytes, file) > 0) {
        const char *type = strstr(line, " - ");

        if (type && strncmp(type, " - cgroup2 ", 11) == 0 &&
            sscanf(line, "%*d %*d %*s %4095s %4095s", root, point) == 2 && !strchr(point, '\\'))
            return true;
    }
    return false;
}

/* Finds this process's group as /proc names it: the line "0::PATH". */
static bool cgroups_find_self(char *path, size_t bytes)
{
    FC_AUTO_FCLOSE FILE *file = fopen("/proc/self/cgroup", "re");
    FC_AUTO_FREE char *line = NULL;
    size_t n = 0;

    while (file && getline(&line, &n, file) > 0) {
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        return snprintf(path, bytes, "%s", line + 3) < (int)bytes && strncmp(path, "/..", 3) != 0;
    }
    return false;
}

/* Opens the folder of this process's group. 0 or -errno. */
static int cgroups_open_own(struct cgroups *cgroups)
{
    char root[PATH_MAX], point[PATH_MAX], self[PATH_MAX];
    const char *below = self;
    struct statfs fs;
    size_t n;

    if (!cgroups_find_mount(root, point) || !cgroups_find_self(self, sizeof(self)))
        return -ENOENT;
    n = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(self, root, n) != 0 || (n && self[n] && self[n] != '/'))
        return -ENOENT;
    below += n;
    if (snprintf(cgroups->path, sizeof(cgroups->path), "%s%s", point, below) >= PATH_MAX)
        return -ENAMETOOLONG;
    cgroups->own = open(cgroups->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (cgroups->own < 0)
        return -errno;
    return fstatfs(cgroups->own, &fs) < 0 ? -errno : fs.f_type == CGROUP2_SUPER_MAGIC ? 0 : -ENOENT;
}

static unsigned cgroups_parse(char *words)
{
    unsigned found = 0;
    char *rest = NULL;

    for (char *word = strtok_r(words, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
        for (size_t i = 0; i < FC_ARRAY_SIZE(cgroup_names); i++)
            found |= strcmp(word, cgroup_names[i].name) == 0 ? cgroup_names[i].controller : 0;
    }
    return found;
}

static unsigned cgroups_read_controllers(int folder, const char *file)
{
    char text[256];

    return cgroup_read(folder, file, text, sizeof(text)) < 0 ? 0 : cgroups_parse(text);
}

/*
 * Turns controllers on or off one by one, so one that is not available does not keep the others away. Returns
 * those that it could; the last error is in `*r`.
 */
static unsigned cgroups_switch(int folder, char sign, unsigned controllers, int *r)
{
    unsigned done = 0;

    for (size_t i = 0; i < FC_ARRAY_SIZE(cgroup_names); i++) {
        int s;

        if (!(controllers & cgroup_names[i].controller))
            continue;
        s = cgroup_write(folder, "cgroup.subtree_control", "%c%s", sign, cgroup_names[i].name);
        if (s == 0)
            done |= cgroup_names[i].controller;
        else if (r)
            *r = s;
    }
    return done;
}

/* Removes a group with all below it; one that has processes stays. */
static void cgroups_remove(int parent, const char *name, int depth)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (!folder) {
        fc_closep(&fd);
        return;
    }
    while (depth && (entry = readdir(folder))) {
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            cgroups_remove(dirfd(folder), entry->d_name, depth - 1);
    }
    closedir(folder);
    unlinkat(parent, name, AT_REMOVEDIR);
}

/* Removes the trees of brokers that were killed. */
static void cgroups_remove_stale(int own)
{
    int fd = openat(own, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    int pid;

    if (!folder) {
        fc_closep(&fd);
        return;
    }
    while ((entry = readdir(folder))) {
        if (sscanf(entry->d_name, "firecurtain-%d", &pid) == 1 && pid > 0 &&
            (pid == getpid() || (kill(pid, 0) < 0 && errno == ESRCH)))
            cgroups_remove(own, entry->d_name, CGROUP_DEPTH);
    }
    closedir(folder);
}

static const char *cgroups_name(unsigned account, char *name, size_t bytes)
{
    if (account == 0)
        return CGROUP_WORKERS;
    snprintf(name, bytes, CGROUP_USER, account);
    return name;
}

static void cgroups_close(struct cgroups *cgroups)
{
    for (unsigned i = 0; i < cgroups->n_branches; i++) {
        fc_closep(&cgroups->branches[i].workers);
        cgroups->branches[i].workers = -1;
    }
    fc_closep(&cgroups->tree);
    fc_closep(&cgroups->own);
    cgroups->own = cgroups->tree = -1;
}

/* Restores everything as it was found; moves `broker` as well as this process. */
static void cgroups_undo(struct cgroups *cgroups, pid_t broker)
{
    if (cgroups->tree >= 0) {
        for (unsigned i = 0; i < cgroups->n_branches; i++) {
            char name[32];

            cgroups_remove(cgroups->tree, cgroups_name(i, name, sizeof(name)), CGROUP_DEPTH);
        }
        cgroups_switch(cgroups->tree, '-', CGROUP_MEMORY | CGROUP_PIDS | CGROUP_CPU, NULL);
        cgroups_switch(cgroups->own, '-', cgroups->turned_on, NULL);
        cgroup_write(cgroups->own, "cgroup.procs", "%d", broker);
        cgroup_write(cgroups->own, "cgroup.procs", "0");
        cgroups_remove(cgroups->own, cgroups->name, CGROUP_DEPTH);
    }
    cgroups_close(cgroups);
    cgroups->controllers = cgroups->turned_on = 0;
}

/* Moves this process to a leaf of its own: only then may the groups above have controllers. */
static int cgroups_move(struct cgroups *cgroups)
{
    FC_AUTO_CLOSE int leaf = -1;

    cgroups->tree = cgroup_make(cgroups->own, cgroups->name);
    if (cgroups->tree < 0)
        return cgroups->tree;
    leaf = cgroup_make(cgroups->tree, CGROUP_BROKER);
    return leaf < 0 ? leaf : cgroup_write(leaf, "cgroup.procs", "0");
}

/* Makes an account's group for its zygote and workers, with a group for the zygote. */
static int cgroups_build_branch(struct cgroups *cgroups, unsigned number, unsigned offered,
                                unsigned *controllers)
{
    struct cgroup_branch *branch = &cgroups->branches[number];
    FC_AUTO_CLOSE int zygote = -1;
    char name[32];
    int r = 0;

    branch->workers = cgroup_make(cgroups->tree, cgroups_name(number, name, sizeof(name)));
    if (branch->workers < 0)
        return branch->workers;
    *controllers = cgroups_switch(branch->workers, '+', offered, &r);
    if (!*controllers)
        return r;
    zygote = cgroup_make(branch->workers, CGROUP_ZYGOTE);
    return zygote < 0 ? zygote : cgroup_give(branch->workers, branch->uid, branch->gid);
}

static int cgroups_build(struct cgroups *cgroups, unsigned offered)
{
    unsigned before = cgroups_read_controllers(cgroups->own, "cgroup.subtree_control");
    int r = cgroups_move(cgroups);

    if (r < 0)
        return r;
    offered = cgroups_switch(cgroups->own, '+', offered, &r);
    cgroups->turned_on = offered & ~before;
    offered = cgroups_switch(cgroups->tree, '+', offered, &r);
    if (!offered)
        return r;
    r = cgroups_build_branch(cgroups, 0, offered, &cgroups->controllers);
    return r < 0 || cgroups->controllers ? r : -ENOENT;
}

/* Describes the controllers, or why there are none. */
static void cgroups_say(struct cgroups *cgroups, unsigned offered, int r)
{
    const char *path = cgroups->path;
    size_t n = 0;

    for (size_t i = 0; i < FC_ARRAY_SIZE(cgroup_names); i++) {
        if (cgroups->controllers & cgroup_names[i].controller)
            n += (size_t)snprintf(cgroups->text + n, sizeof(cgroups->text) - n, "%s%s", n ? ", " : "",
                                  cgroup_names[i].name);
    }
    if (n)
        snprintf(cgroups->text + n, sizeof(cgroups->text) - n, " in %s/%s", path, cgroups->name);
    else if (cgroups->own < 0)
        snprintf(cgroups->text, sizeof(cgroups->text), "cgroup v2 is not visible");
    else if (!offered)
        snprintf(cgroups->text, sizeof(cgroups->text), "%s has none of memory, pids, cpu", path);
    else
        snprintf(cgroups->text, sizeof(cgroups->text), "%s is not delegated (%s)", path,
                 r == -EBUSY ? "it contains other processes" : strerror(-r));
}

int cgroups_new(struct cgroups **cgroupsp, uid_t uid, gid_t gid)
{
    struct cgroups *cgroups = calloc(1, sizeof(*cgroups));
    unsigned offered = 0;
    int r;

    if (!cgroups)
        return -ENOMEM;
    cgroups->own = cgroups->tree = -1;
    cgroups->branches[0] = (struct cgroup_branch){uid, gid, -1};
    cgroups->n_branches = 1;
    snprintf(cgroups->name, sizeof(cgroups->name), "firecurtain-%d", getpid());
    r = cgroups_open_own(cgroups);
    if (r == 0)
        offered = cgroups_read_controllers(cgroups->own, "cgroup.controllers");
    if (offered) {
        cgroups_remove_stale(cgroups->own);
        r = cgroups_build(cgroups, offered);
    }
    cgroups_say(cgroups, offered, r);
    if (!cgroups->controllers || r < 0)
        cgroups_undo(cgroups, getpid());
    *cgroupsp = cgroups;
    return 0;
}

int cgroups_add(struct cgroups *cgroups, uid_t uid, gid_t gid)
{
    unsigned number = cgroups->n_branches, controllers;
    int r;

    if (number == RUNTIME_MAX_ACCOUNTS)
        return -ENOSPC;
    cgroups->branches[number] = (struct cgroup_branch){uid, gid, -1};
    cgroups->n_branches++;
    if (!cgroups->controllers)
        return 0;
    r = cgroups_build_branch(cgroups, number, cgroups->controllers, &controllers);
    return r < 0 || controllers == cgroups->controllers ? r : -EIO;
}

void cgroups_hand_over(struct cgroups *cgroups)
{
    cgroups_close(cgroups);
}

int cgroups_take_over(struct cgroups *cgroups)
{
    if (!cgroups_controllers(cgroups))
        return 0;
    cgroups->own = open(cgroups->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cgroups->tree = openat(cgroups->own, cgroups->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned i = 0; i < cgroups->n_branches; i++) {
        char name[32];

        cgroups->branches[i].workers =
            openat(cgroups->tree, cgroups_name(i, name, sizeof(name)), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (cgroups->branches[i].workers < 0)
            return -errno;
    }
    return 0;
}

void cgroups_end(struct cgroups *cgroups, pid_t broker)
{
    if (cgroups)
        cgroups_undo(cgroups, broker);
}

struct cgroups *cgroups_free(struct cgroups *cgroups)
{
    if (cgroups)
        cgroups_undo(cgroups, getpid()); /* does nothing if it was handed over */
    free(cgroups);
    return NULL;
}

unsigned cgroups_controllers(const struct cgroups *cgroups)
{
    return cgroups ? cgroups->controllers : 0;
}

const char *cgroups_describe(const struct cgroups *cgroups)
{
    return cgroups->text;
}

int cgroups_adopt_zygote(const struct cgroups *cgroups, unsigned account, pid_t pid)
{
    return cgroups_controllers(cgroups)
               ? cgroup_write(cgroups->branches[account].workers, CGROUP_ZYGOTE "/cgroup.procs", "%d", pid)
               : 0;
}

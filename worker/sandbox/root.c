/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layer "private root": a tmpfs with read-only views of what the interpreter needs, the script's folder, and
 * the one writable folder of the instance. No /proc, no /home, no other instance.
 *
 * It is made in two parts, of which the first is the same for all workers of a zygote. The views are taken as
 * detached mounts (open_tree) before anything is mounted, lest a mount hide one; then they are attached, and
 * the root is exchanged (pivot_root(".", "."), see pivot_root(2)). The second part adds the instance's own
 * folders, from mounts that the broker gives or from the old root, and drops the old root.
 */
#include "worker/sandbox/root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "proto/kernel.h"
#include "proto/mounts.h"
#include "proto/spawn_request.h"

#define ROOT_LAYER       "private root"
#define ROOT_SCRATCH     "/tmp" /* hidden by the new root while it is built, in this namespace only */
#define ROOT_SIZE        "size=256k,nr_inodes=512,mode=0755"
#define ROOT_TEXT_(x)    #x
#define ROOT_TEXT(x)     ROOT_TEXT_(x)
#define ROOT_TMP_SIZE    "size=" ROOT_TEXT(SANDBOX_TMP_MIB) "m,nr_inodes=1024,mode=1777"
#define ROOT_TRIES       1000 /* of a path with "..": it fails while any process mounts something */
#define ROOT_READ_ONLY   (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define ROOT_WRITABLE    (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define ROOT_DEVICE_NODE (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)

struct root_view {
    const char *source;
    const char *target; /* relative to the new root */
    uint64_t attributes;
    bool network_only; /* reveals something about the host's network */
    bool required;
};

/* The views of every worker. Missing ones are left out unless required. */
static const struct root_view root_views[] = {
    {"/usr/lib", "usr/lib", ROOT_READ_ONLY, false, true}, /* libpython's standard library and what it loads */
    {"/usr/lib64", "usr/lib64", ROOT_READ_ONLY, false, false},
    {"/usr/local/lib", "usr/local/lib", ROOT_READ_ONLY, false, false},
    {"/lib", "lib", ROOT_READ_ONLY, false, false},
    {"/lib64", "lib64", ROOT_READ_ONLY, false, false},
    {"/etc/alternatives", "etc/alternatives", ROOT_READ_ONLY, false, false}, /* where libblas.so.3 leads */
    {"/usr/share/zoneinfo", "usr/share/zoneinfo", ROOT_READ_ONLY, false, false},
    {"/etc/localtime", "etc/localtime", ROOT_READ_ONLY, false, false},
    {"/dev/null", "dev/null", ROOT_DEVICE_NODE, false, true},
    {"/dev/urandom", "dev/urandom", ROOT_DEVICE_NODE, false, true},
    {"/etc/hosts", "etc/hosts", ROOT_READ_ONLY, true, false},
    {"/etc/resolv.conf", "etc/resolv.conf", ROOT_READ_ONLY, true, false},
    {"/etc/nsswitch.conf", "etc/nsswitch.conf", ROOT_READ_ONLY, true, false},
    {"/etc/services", "etc/services", ROOT_READ_ONLY, true, false},
    {"/etc/ssl/certs", "etc/ssl/certs", ROOT_READ_ONLY, false, false},
    {"/usr/share/ca-certificates", "usr/share/ca-certificates", ROOT_READ_ONLY, false, false},
};

static const char *const root_folders[] = {
    "usr", "usr/local", "usr/share", "etc", "etc/ssl", "dev", "tmp", "show", "state",
};

#define ROOT_N_VIEWS FC_ARRAY_SIZE(root_views)

struct root_trees {
    int views[ROOT_N_VIEWS];
    bool is_folder[ROOT_N_VIEWS];
    char links[ROOT_N_VIEWS][64]; /* of a source that is a symbolic link, such as /lib on a merged /usr */
};

static void root_trees_deinit(struct root_trees *trees)
{
    for (size_t i = 0; i < ROOT_N_VIEWS; i++)
        fc_closep(&trees->views[i]);
}

/* Fills in the error, for an error of mounts.h. */
static int root_fail(struct sandbox_error *error, int r, const char *what, const char *target)
{
    errno = -r;
    return sandbox_fail(error, ROOT_LAYER, "%s%s", what, target);
}

static int root_take_view(const struct root_view *view, struct root_trees *trees, size_t i,
                          struct sandbox_error *error)
{
    struct stat st;
    ssize_t n;

    if (lstat(view->source, &st) < 0)
        return errno == ENOENT && !view->required ? 0 : sandbox_fail(error, ROOT_LAYER, "%s", view->source);
    if (S_ISLNK(st.st_mode) && !strchr(view->target, '/')) {
        n = readlink(view->source, trees->links[i], sizeof(trees->links[i]) - 1);
        if (n <= 0)
            return sandbox_fail(error, ROOT_LAYER, "read link %s", view->source);
        return 0;
    }
    /* other links are followed; one that leads nowhere counts as missing */
    if (stat(view->source, &st) < 0)
        return view->required ? sandbox_fail(error, ROOT_LAYER, "%s", view->source) : 0;
    trees->is_folder[i] = S_ISDIR(st.st_mode);
    trees->views[i] = mounts_take(view->source);
    return trees->views[i] < 0 ? root_fail(error, trees->views[i], "open_tree ", view->source) : 0;
}

static int root_take_views(const struct sandbox *sandbox, struct root_trees *trees,
                           struct sandbox_error *error)
{
    for (size_t i = 0; i < ROOT_N_VIEWS; i++) {
        int r;

        if (root_views[i].network_only && !sandbox->host_network)
            continue;
        r = root_take_view(&root_views[i], trees, i, error);
        if (r < 0)
            return r;
    }
    return 0;
}

/*
 * Opens what a path leads to in the old root by going there and coming back, where a filter does not let
 * openat2() pass, whose flags it cannot see. -1 with errno.
 */
static int root_find_there(int old_root, const char *path)
{
    FC_AUTO_CLOSE int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC); /* the new root */
    FC_AUTO_CLOSE int fd = -1;
    int error;

    if (here < 0 || fchdir(old_root) < 0 || chroot(".") < 0)
        return -1;
    fd = open(path, O_PATH | O_CLOEXEC);
    error = errno;
    if (fchdir(here) < 0 || chroot(".") < 0)
        return -1;
    errno = error;
    return fc_steal_fd(&fd);
}

/* Opens what a path leads to in the old root. -1 with errno. */
static int root_find(int old_root, const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    int tries = ROOT_TRIES, fd;

    do
        fd = (int)syscall(SYS_openat2, old_root, path, &how, sizeof(how));
    while (fd < 0 && errno == EAGAIN && --tries > 0);
    return fd < 0 && kernel_refuses(errno) ? root_find_there(old_root, path) : fd;
}

/*
 * Returns a detached mount of something that an instance shows: the one that the broker has given, otherwise
 * of what the path leads to in the old root. -1 with errno.
 */
static int root_take(int given, int old_root, const char *path)
{
    FC_AUTO_CLOSE int fd = -1;

    if (given >= 0)
        return fcntl(given, F_DUPFD_CLOEXEC, 0);
    fd = root_find(old_root, path);
    return fd < 0 ? -1
                  : open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH);
}

static int root_attach(int tree, const char *target, uint64_t attributes, struct sandbox_error *error)
{
    int r = mounts_attach(tree, target, attributes);

    return r < 0 ? root_fail(error, r, "attach /", target) : 0;
}

/* Puts what the option `read` shows where it is outside, unless another view contains it already. */
static int root_place_read(int tree, const char *path, struct sandbox_error *error)
{
    const char *target = path + 1;
    struct stat st;
    int r;

    if (fstat(tree, &st) < 0)
        return sandbox_fail(error, ROOT_LAYER, "read = %s", path);
    r = mounts_make(target, S_ISDIR(st.st_mode));
    if (r == -EROFS && access(target, R_OK) == 0)
        return 0;
    return r < 0 ? root_fail(error, r, "make ", path) : root_attach(tree, target, ROOT_READ_ONLY, error);
}

static int root_place_view(const struct root_view *view, const struct root_trees *trees, size_t i,
                           struct sandbox_error *error)
{
    int fd;

    if (trees->links[i][0])
        return symlink(trees->links[i], view->target) < 0
                   ? sandbox_fail(error, ROOT_LAYER, "link /%s", view->target)
                   : 0;
    if (trees->views[i] < 0)
        return 0;
    if (trees->is_folder[i]) {
        if (mkdir(view->target, 0755) < 0 && errno != EEXIST)
            return sandbox_fail(error, ROOT_LAYER, "make /%s", view->target);
    } else {
        fd = open(view->target, O_CREAT | O_WRONLY | O_CLOEXEC, 0444);
        if (fd < 0)
            return sandbox_fail(error, ROOT_LAYER, "make /%s", view->target);
        close(fd);
    }
    return root_attach(trees->views[i], view->target, view->attributes, error);
}

static int root_build(const struct root_trees *trees, struct sandbox_error *error)
{
    int r = 0;

    for (size_t i = 0; i < FC_ARRAY_SIZE(root_folders); i++) {
        if (mkdir(root_folders[i], 0755) < 0)
            return sandbox_fail(error, ROOT_LAYER, "make /%s", root_folders[i]);
    }
    for (size_t i = 0; r == 0 && i < ROOT_N_VIEWS; i++)
        r = root_place_view(&root_views[i], trees, i, error);
    if (r < 0)
        return r;
    if (mount("tmpfs", "tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, ROOT_TMP_SIZE) < 0)
        return sandbox_fail(error, ROOT_LAYER, "mount /tmp");
    if (symlink("/tmp", "dev/shm") < 0) /* where POSIX semaphores are looked for */
        return sandbox_fail(error, ROOT_LAYER, "link /dev/shm");
    return 0;
}

static int root_write(const char *target, const char *text, struct sandbox_error *error)
{
    FC_AUTO_CLOSE int fd = open(target, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        return sandbox_fail(error, ROOT_LAYER, "write /%s", target);
    return 0;
}

/* Writes the names that the policy allows, as the broker resolved them, and the worker's own; no others
 * resolve. */
static int root_write_names(const struct sandbox *sandbox, struct sandbox_error *error)
{
    char text[sizeof(((struct spawn_request *)NULL)->hosts) + sizeof(SANDBOX_HOSTNAME) + 16];
    int r;

    if (sandbox->host_network)
        return 0;
    snprintf(text, sizeof(text), "%s127.0.0.1 %s\n", sandbox->hosts, SANDBOX_HOSTNAME);
    r = root_write("etc/hosts", text, error);
    return r < 0 ? r : root_write("etc/nsswitch.conf", "hosts: files\n", error);
}

/* Drops the old root, which is mounted over the new one. */
static int root_drop_old(struct sandbox_error *error)
{
    return umount2(".", MNT_DETACH) < 0 ? sandbox_fail(error, ROOT_LAYER, "drop the old root") : 0;
}

int sandbox_root_prepare(const struct sandbox *sandbox, bool leave, int *old_root,
                         struct sandbox_error *error)
{
    FC_CLEANUP(root_trees_deinit) struct root_trees trees = {.links = {""}};
    FC_AUTO_CLOSE int old = -1;
    int r;

    *old_root = -1;
    memset(trees.views, 0xff, sizeof(trees.views));
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return sandbox_fail(error, ROOT_LAYER, "make mounts private");
    r = root_take_views(sandbox, &trees, error);
    if (r < 0)
        return r;
    old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (old < 0)
        return sandbox_fail(error, ROOT_LAYER, "open the old root");
    if (mount("tmpfs", ROOT_SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV, ROOT_SIZE) < 0 || chdir(ROOT_SCRATCH) < 0)
        return sandbox_fail(error, ROOT_LAYER, "mount a tmpfs");
    r = root_build(&trees, error);
    if (r < 0)
        return r;
    if (syscall(SYS_pivot_root, ".", ".") < 0)
        return sandbox_fail(error, ROOT_LAYER, "pivot_root");
    if (leave)
        return root_drop_old(error);
    *old_root = fc_steal_fd(&old);
    return 0;
}

/* Adds the instance's own folders, and what its options `read` name. */
static int root_show(const struct sandbox *sandbox, int old_root, struct sandbox_error *error)
{
    FC_AUTO_CLOSE int script = root_take(sandbox->script_tree, old_root, sandbox->script_folder);
    FC_AUTO_CLOSE int state = -1;
    const char *path = sandbox->reads;
    int r;

    if (script < 0)
        return sandbox_fail(error, ROOT_LAYER, "script folder %s", sandbox->script_folder);
    state = root_take(sandbox->state_tree, old_root, sandbox->state_folder);
    if (state < 0)
        return sandbox_fail(error, ROOT_LAYER, "state folder %s", sandbox->state_folder);
    r = root_attach(script, "show", ROOT_READ_ONLY, error);
    if (r == 0)
        r = root_attach(state, "state", ROOT_WRITABLE, error);
    for (unsigned i = 0; r == 0 && i < sandbox->n_reads; i++, path += strlen(path) + 1) {
        FC_AUTO_CLOSE int tree = root_take(sandbox->read_trees[i], old_root, path);

        r = tree < 0 ? sandbox_fail(error, ROOT_LAYER, "read = %s", path)
                     : root_place_read(tree, path, error);
    }
    return r;
}

static int root_close(struct sandbox_error *error)
{
    struct mount_attr read_only = {.attr_set = ROOT_READ_ONLY};

    if (chdir("/") < 0)
        return sandbox_fail(error, ROOT_LAYER, "chdir /");
    if (mount_setattr(AT_FDCWD, "/", 0, &read_only, sizeof(read_only)) < 0)
        return sandbox_fail(error, ROOT_LAYER, "make / read-only");
    return 0;
}

int sandbox_root(const struct sandbox *sandbox, struct sandbox_error *error)
{
    FC_AUTO_CLOSE int old_root = sandbox->is_prepared ? sandbox->old_root : -1;
    int r = 0;

    if (!sandbox->namespaces)
        return 0;
    if (!sandbox->is_prepared)
        r = sandbox_root_prepare(sandbox, false, &old_root, error);
    if (r == 0)
        r = root_show(sandbox, old_root, error);
    if (r == 0)
        r = root_write_names(sandbox, error);
    if (r == 0 && old_root >= 0)
        r = root_drop_old(error);
    return r < 0 ? r : root_close(error);
}

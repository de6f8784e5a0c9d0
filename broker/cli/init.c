/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain init: writes a small show to begin with. Runs in the process of the command. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/cli/commands.h"
#include "broker/cli/common.h"
#include "broker/cli/new_show.h"
#include "firecurtain/cleanup.h"

static const struct {
    const char *name;
    const char *text;
} init_files[] = {
    {"show.cfg", new_show_show},
    {"lights.py", new_show_lights},
    {"midimonster.pyi", new_show_midimonster},
    {"README.md", new_show_README},
};

static int init_fail(const char *path, const char *why)
{
    fprintf(stderr, "firecurtain: %s: %s\n", path, why);
    return EX_CANTCREAT;
}

/* Returns whether a folder has no entries but . and .., or -errno. */
static int init_is_empty(int folder)
{
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;
    int n = 0;

    if (!entries) {
        n = -errno;
        if (copy >= 0)
            close(copy);
        return n;
    }
    while (n < 3 && (entry = readdir(entries)))
        n++;
    closedir(entries);
    return n < 3;
}

static int init_write(int folder, const char *name, const char *text)
{
    FC_AUTO_CLOSE int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd < 0)
        return -errno;
    errno = ENOSPC; /* if not all is written */
    return write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -errno;
}

int cli_init(const struct cli_options *options)
{
    const char *path = options->words[0];
    FC_AUTO_CLOSE int folder = -1;
    int r;

    if (mkdir(path, 0777) < 0 && errno != EEXIST)
        return init_fail(path, strerror(errno));
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return init_fail(path, strerror(errno));
    r = init_is_empty(folder);
    if (r <= 0)
        return init_fail(path, r < 0 ? strerror(-r) : "the folder is not empty; choose a new one");
    for (size_t i = 0; i < FC_ARRAY_SIZE(init_files); i++) {
        r = init_write(folder, init_files[i].name, init_files[i].text);
        if (r < 0)
            return init_fail(init_files[i].name, strerror(-r));
    }
    printf(
        "A new show is in %s. To run it:\n  cd %s && firecurtain run\nREADME.md there says how to go on.\n",
        path, path);
    return EX_OK;
}

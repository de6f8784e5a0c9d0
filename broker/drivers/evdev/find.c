/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks for a device in /dev/input by its name. In drivers. */
#include "broker/drivers/evdev/find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

/* The best one so far. */
struct find {
    const struct evdev *evdev;
    char *path;
    int fd;           /* -1: there is none */
    size_t remainder; /* of its name, beyond what was asked for */
    bool is_denied;   /* a device could not be opened */
};

static int find_open_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static void find_consider(struct find *find, const char *path)
{
    FC_AUTO_CLOSE int fd = find_open_path(path);
    const char *wanted = find->evdev->input, *own = find->evdev->output;
    char name[256] = "";
    size_t remainder;

    if (fd == -EACCES || fd == -EPERM)
        find->is_denied = true;
    if (fd < 0 || ioctl(fd, EVIOCGNAME(sizeof(name) - 1), name) < 0 ||
        strncmp(name, wanted, strlen(wanted)) != 0 || (own && strcmp(name, own) == 0))
        return;
    remainder = strlen(name) - strlen(wanted);
    if (find->fd >= 0 && remainder >= find->remainder)
        return;
    fc_closep(&find->fd);
    find->fd = fc_steal_fd(&fd);
    find->remainder = remainder;
    snprintf(find->path, FIND_PATH_BYTES, "%s", path);
}

static int find_by_name(const struct evdev *evdev, char path[FIND_PATH_BYTES])
{
    struct find find = {.evdev = evdev, .path = path, .fd = -1};
    DIR *folder = opendir(EVDEV_FOLDER);
    char candidate[FIND_PATH_BYTES];

    if (!folder)
        return -errno;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (strncmp(entry->d_name, "event", 5) != 0)
            continue;
        snprintf(candidate, sizeof(candidate), EVDEV_FOLDER "/%s", entry->d_name);
        find_consider(&find, candidate);
    }
    closedir(folder);
    if (find.fd >= 0)
        return find.fd;
    return find.is_denied ? -EACCES : -ENOENT;
}

int find_open(const struct evdev *evdev, char path[FIND_PATH_BYTES])
{
    if (evdev->input)
        return find_by_name(evdev, path);
    snprintf(path, FIND_PATH_BYTES, "%s", evdev->device);
    return find_open_path(evdev->device);
}

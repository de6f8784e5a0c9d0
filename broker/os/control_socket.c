/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket's file: bound, noted and removed. */
#include "broker/os/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "proto/pass.h"

#define CONTROL_BACKLOG 64

int control_socket_path(const char *folder, int *folder_fd, char *path, size_t bytes)
{
    *folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder_fd < 0)
        return -errno;
    return snprintf(path, bytes, "/proc/self/fd/%d/" CONTROL_SOCKET, *folder_fd) >= (int)bytes ? -ENAMETOOLONG
                                                                                               : 0;
}

static int control_open(const char *folder, bool is_root)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    FC_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    FC_AUTO_CLOSE int folder_fd = -1;
    int r =
        fd < 0 ? -errno : control_socket_path(folder, &folder_fd, address.sun_path, sizeof(address.sun_path));

    if (r == 0) {
        pass_refuse_descriptors(fd);
        if ((unlink(address.sun_path) < 0 && errno != ENOENT) ||
            bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
            r = -errno;
    }
    if (r < 0)
        return r;
    /* the uid of the client decides what it may do, not these */
    if ((is_root && chmod(folder, 0755) < 0) || chmod(address.sun_path, 0666) < 0 ||
        listen(fd, CONTROL_BACKLOG) < 0)
        return -errno;
    return fc_steal_fd(&fd);
}

int control_socket_listen(const char *folder, bool is_root)
{
    int fd = control_open(folder, is_root);

    if (fd < 0)
        fc_log(FC_LOG_WARNING, NULL, "no control socket in %s: %s", folder, strerror(-fd));
    return fd;
}

void control_socket_remember(struct control_socket *control, const char *folder)
{
    FC_AUTO_CLOSE int folder_fd = folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    struct stat st;

    *control = (struct control_socket){0};
    if (folder_fd < 0 || fstatat(folder_fd, CONTROL_SOCKET, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    *control = (struct control_socket){.folder = folder,
                                       .device = st.st_dev,
                                       .inode = st.st_ino,
                                       .changed = st.st_ctim};
}

void control_socket_unlink(const struct control_socket *control)
{
    FC_AUTO_CLOSE int folder_fd =
        control->folder ? open(control->folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    struct stat st;

    if (folder_fd >= 0 && fstatat(folder_fd, CONTROL_SOCKET, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        st.st_dev == control->device && st.st_ino == control->inode &&
        st.st_ctim.tv_sec == control->changed.tv_sec && st.st_ctim.tv_nsec == control->changed.tv_nsec)
        unlinkat(folder_fd, CONTROL_SOCKET, 0);
}

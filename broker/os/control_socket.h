/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of the control socket: made before the curtain closes, removed by the keeper when all is over. */
#ifndef BROKER_OS_CONTROL_SOCKET_H
#define BROKER_OS_CONTROL_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/* The name of the socket's file. */
#define CONTROL_SOCKET "control"

/*
 * A socket that listens as `control` in the folder, in place of one that nobody listens to any more. As root,
 * the folder is opened to all, who may then walk through it. -EADDRINUSE if another broker has it; -errno.
 * Says why in the log: a show without a control socket runs as well.
 */
int control_socket_listen(const char *folder, bool is_root);

/* Which file it was: another broker may have its own there by the time of the end. */
struct control_socket {
    const char *folder; /* NULL: there is none */
    dev_t device;
    ino_t inode;
    struct timespec changed; /* an inode's number comes again */
};

/* `folder` is borrowed, or NULL. */
void control_socket_remember(struct control_socket *control, const char *folder);
void control_socket_unlink(const struct control_socket *control);

/*
 * A path of the control socket in a folder, short enough for a socket's address whatever the folder is; valid
 * until `*folder_fd` is closed, which is the caller's. -errno.
 */
int control_socket_path(const char *folder, int *folder_fd, char *path, size_t bytes);

#endif

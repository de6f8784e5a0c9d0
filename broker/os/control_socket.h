/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of the control socket: made before the broker confines itself, removed by the keeper at the end.
 */
#ifndef BROKER_OS_CONTROL_SOCKET_H
#define BROKER_OS_CONTROL_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/* The name of the socket's file. */
#define CONTROL_SOCKET "control"

/*
 * Returns a socket that listens as `control` in the folder, for the broker that has the folder's lock. One
 * that is there was left by a broker that is dead, even if its desk, which is about to end too, still
 * listens. As root, lets all users walk through the folder. -errno, with the reason in the log: a show also
 * runs without a control socket.
 */
int control_socket_listen(const char *folder, bool is_root);

/* Identifies the file: at the end, another broker may have put its own there. */
struct control_socket {
    const char *folder; /* NULL: there is no socket */
    dev_t device;
    ino_t inode;
    struct timespec changed; /* inode numbers are used again */
};

/* Notes which file is in `folder`, which is borrowed; NULL is fine. */
void control_socket_remember(struct control_socket *control, const char *folder);

/* Removes the file if it is still the one that was noted. */
void control_socket_unlink(const struct control_socket *control);

/*
 * Finds a path of the control socket in a folder that is short enough for a socket's address. The path is
 * valid until `*folder_fd`, which is the caller's, is closed. 0 or -errno.
 */
int control_socket_path(const char *folder, int *folder_fd, char *path, size_t bytes);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The lock of a runtime folder. */
#include "broker/os/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"

/*
 * Returns the pid as the kernel knows it, or as the file says it if the process is in another pid namespace.
 */
static int runtime_lock_holder(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char text[16] = "";
    int pid = 0;

    if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0)
        return lock.l_pid;
    return pread(fd, text, sizeof(text) - 1, 0) > 0 && sscanf(text, "%d", &pid) == 1 ? pid : 0;
}

int lock_take(const char *folder)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    FC_AUTO_FREE char *path = NULL;
    FC_AUTO_CLOSE int fd = -1;
    struct stat st;

    if (asprintf(&path, "%s/lock", folder) < 0) {
        path = NULL;
        return -ENOMEM;
    }
    fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if (fcntl(fd, F_SETLK, &lock) < 0) {
        if (errno != EAGAIN && errno != EACCES)
            return -errno;
        fc_log(FC_LOG_ERROR, NULL,
               "firecurtain is already running with the runtime folder %s (pid %d); a second show needs a "
               "folder of its own: --runtime-dir DIR",
               folder, runtime_lock_holder(fd));
        return -EADDRINUSE;
    }
    /*
     * for people, and for other pid namespaces; the lock does not depend on it, so a full disk does no harm
     */
    if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", getpid()) < 0)
        fc_log(FC_LOG_DEBUG, NULL, "the pid does not fit into %s", path);
    return fc_steal_fd(&fd);
}

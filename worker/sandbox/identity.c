/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layer "identity": one uid and one gid in the new user namespace, a process group of its own, and a host
 * name that reveals nothing. Without setpgid() a signal to process group 0 would reach the other workers. The
 * session is the zygote's: where the kernel shares processors out among sessions (autogroup, sched(7)), all
 * workers of a user count as one, so many workers get no more than one.
 */
#include "worker/sandbox/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "proto/spawn_request.h"

static int identity_write(const char *path, const char *text, struct sandbox_error *error)
{
    FC_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        return sandbox_fail(error, "identity", "write %s", path);
    return 0;
}

int sandbox_identity(const struct sandbox *sandbox, struct sandbox_error *error)
{
    static const char hostname[] = SANDBOX_HOSTNAME;
    char map[64];
    int r;

    if (sandbox->is_prepared)
        return 0;
    if (sandbox->outer_uid == 0 || sandbox->outer_gid == 0) {
        errno = EPERM;
        return sandbox_fail(error, "identity", "a worker must not be the host's root");
    }
    if (!sandbox->namespaces)
        return setpgid(0, 0) < 0 ? sandbox_fail(error, "identity", "setpgid") : 0;
    r = identity_write("/proc/self/setgroups", "deny", error);
    if (r < 0)
        return r;
    snprintf(map, sizeof(map), "%u %u 1", SPAWN_INNER_ID, sandbox->outer_uid);
    r = identity_write("/proc/self/uid_map", map, error);
    if (r < 0)
        return r;
    snprintf(map, sizeof(map), "%u %u 1", SPAWN_INNER_ID, sandbox->outer_gid);
    r = identity_write("/proc/self/gid_map", map, error);
    if (r < 0)
        return r;
    if (getuid() != SPAWN_INNER_ID || getgid() != SPAWN_INNER_ID) {
        errno = EPERM;
        return sandbox_fail(error, "identity", "uid %u, gid %u", getuid(), getgid());
    }
    if (setpgid(0, 0) < 0)
        return sandbox_fail(error, "identity", "setpgid");
    if (sethostname(hostname, sizeof(hostname) - 1) < 0)
        return sandbox_fail(error, "identity", "sethostname");
    return 0;
}

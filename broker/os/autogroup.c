/* SPDX-License-Identifier: BSD-2-Clause */
/* See session.h. A nice value counts only within a session; the session's own is in autogroup. */
#include "broker/os/autogroup.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

#define SESSION_NICE "10"

void autogroup_begin(bool yields)
{
    FC_AUTO_CLOSE int fd = -1;

    if (setsid() < 0 || !yields)
        return;
    fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, SESSION_NICE, strlen(SESSION_NICE)) < 0)
        return; /* then it has as much as others */
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The layers, in their order, and the system calls that the scribe makes. */
#include "broker/os/confine_scribe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "broker/os/confine.h"
#include "broker/os/confine_calls.h"
#include "broker/os/confine_filter.h"
#include "broker/os/confine_limits.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "proto/landlock.h"

#define SCRIBE_FILE_MOST (1u << 20)

static const struct confine_call scribe_calls[] = {
    ALLOW("recvfrom", "the broker"),
    ALLOW("sendto", "the same"),
    ALLOW_MASK("openat", 2, O_ACCMODE, O_WRONLY, "the file; Landlock says where"),
    ALLOW("write", "the file"),
    ALLOW("fsync", "the file, and its folder"),
    ALLOW("close", "the file"),
    ALLOW("renameat", "the file"),
    ALLOW("renameat2", "the same, in newer C libraries"),
    ALLOW("unlinkat", "a file that could not be written"),
    ALLOW("exit_group", "the end"),
    ALLOW("rt_sigreturn", "signals"),
    ALLOW("restart_syscall", "stopped and continued"),
#ifdef FIRECURTAIN_SANITIZE
    ALLOW("mmap", "sanitizers"),
    ALLOW("munmap", "the same"),
    ALLOW("sigaltstack", "the same"),
    ALLOW("getpid", "the same"),
#endif
};

static int scribe_limits(void)
{
    static const struct confine_limit limits[] = {
        {RLIMIT_CORE, 0},
        {RLIMIT_FSIZE, SCRIBE_FILE_MOST},
        {RLIMIT_MEMLOCK, 0},
    };

    return confine_limit(limits, FC_ARRAY_SIZE(limits));
}

static int scribe_privileges(void)
{
    if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return confine_keep_capabilities(CONFINE_SCRIBE);
}

static int scribe_landlock(int folder)
{
    FC_AUTO_CLOSE int ruleset = landlock_new(LANDLOCK_ABSTRACT_SOCKETS | LANDLOCK_SIGNALS | LANDLOCK_TCP);
    int r = ruleset < 0 ? ruleset : landlock_allow(ruleset, folder, LANDLOCK_WRITE);

    if (r == 0)
        r = landlock_restrict(ruleset);
    return r == -ENOSYS || r == -EOPNOTSUPP ? 0 : r;
}

int confine_scribe(int folder)
{
    const char *layer = "limits";
    int r = scribe_limits();

    if (r == 0) {
        layer = "privileges";
        r = scribe_privileges();
    }
    if (r == 0) {
        layer = "Landlock";
        r = scribe_landlock(folder);
    }
    if (r == 0) {
        layer = "system calls";
        r = confine_filter(scribe_calls, FC_ARRAY_SIZE(scribe_calls));
    }
    if (r < 0)
        fc_log(FC_LOG_ERROR, NULL, "the scribe cannot confine itself: layer \"%s\": %s", layer, strerror(-r));
    return r;
}

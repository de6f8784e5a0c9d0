/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layer "Landlock" of the broker's self-confinement: what the process may read. It may write, make and
 * execute nothing, and the system call filter says so too. Signals are not restricted: the death of the
 * broker has to reach its workers, which are signalled in its name; the filter lets it send none itself. Nor
 * are TCP ports: a new configuration may bring new ones.
 */
#include "broker/os/confine_landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "proto/landlock.h"

/* How a name becomes an address: settings, and libraries that the C library loads for it. */
static const char *const landlock_lookup_paths[] = {
    "/etc",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib",
    "/lib64",
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/run/connman",
    "/usr/share/zoneinfo",
};

/* Allows reading below a folder; one that does not exist or cannot be reached need not be allowed. */
static int landlock_allow_folder(int ruleset, const char *path)
{
    FC_AUTO_CLOSE int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? 0 : landlock_allow(ruleset, fd, LANDLOCK_READ);
}

static int landlock_leave(const char *const *readable, size_t n_readable, const char *another)
{
    FC_AUTO_CLOSE int ruleset = landlock_new(LANDLOCK_ABSTRACT_SOCKETS);
    int r = ruleset < 0 ? ruleset : 0;

    for (size_t i = 0; r == 0 && i < n_readable; i++)
        r = landlock_allow_folder(ruleset, readable[i]);
    if (r == 0 && another)
        r = landlock_allow_folder(ruleset, another);
    return r < 0 ? r : landlock_restrict(ruleset);
}

int confine_landlock_broker(const char *const *readable, size_t n_readable)
{
#ifdef FIRECURTAIN_SANITIZE
    return landlock_leave(readable, n_readable, "/proc"); /* where the leak sanitizer looks at the end */
#else
    return landlock_leave(readable, n_readable, NULL);
#endif
}

int confine_landlock_nothing(void)
{
    FC_AUTO_CLOSE int ruleset = landlock_new(LANDLOCK_ABSTRACT_SOCKETS | LANDLOCK_SIGNALS | LANDLOCK_TCP);
    int r = ruleset < 0 ? ruleset : 0;

#ifdef FIRECURTAIN_SANITIZE
    if (r == 0)
        r = landlock_allow_folder(ruleset, "/proc"); /* where the leak sanitizer looks at the end */
#endif
    return r < 0 ? r : landlock_restrict(ruleset);
}

int confine_landlock_lookup(void)
{
    return landlock_leave(landlock_lookup_paths, FC_ARRAY_SIZE(landlock_lookup_paths), NULL);
}

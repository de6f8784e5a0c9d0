/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layer "Landlock" of the broker: what it may read. It may write, make and execute nothing, and the system
 * call filter says so too. Signals are not scoped: the death of this process has to reach its workers, which
 * are signalled in its name; the filter lets it send none.
 *
 * The structure and the newer rights are written out, since Debian 12's headers end at ABI 2. TCP ports are
 * not restricted: a new configuration may bring new ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker/os/confine.h"
#include "firecurtain/cleanup.h"

#define RIGHTS_ABI_1       ((UINT64_C(1) << 13) - 1)
#define RIGHT_REFER        (UINT64_C(1) << 13) /* ABI 2 */
#define RIGHT_TRUNCATE     (UINT64_C(1) << 14) /* ABI 3 */
#define RIGHT_IOCTL_DEVICE (UINT64_C(1) << 15) /* ABI 5 */
#define SCOPE_ABSTRACT     UINT64_C(1)         /* ABI 6 */

#define RIGHTS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

struct landlock_attributes {
    uint64_t files;
    uint64_t net;
    uint64_t scoped;
};

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

int confine_landlock_abi(void)
{
    static int abi;

    if (abi <= 0)
        abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi < 0 ? -errno : abi;
}

/* A ruleset that allows nothing so far. */
static int landlock_new(void)
{
    int abi = confine_landlock_abi();
    struct landlock_attributes attributes = {
        .files = RIGHTS_ABI_1 | (abi >= 2 ? RIGHT_REFER : 0) | (abi >= 3 ? RIGHT_TRUNCATE : 0) |
                 (abi >= 5 ? RIGHT_IOCTL_DEVICE : 0),
        .scoped = abi >= 6 ? SCOPE_ABSTRACT : 0,
    };
    size_t bytes = sizeof(uint64_t) * (abi >= 6 ? 3u : abi >= 4 ? 2u : 1u);
    int fd = abi < 0 ? -1 : (int)syscall(SYS_landlock_create_ruleset, &attributes, bytes, 0);

    return fd < 0 ? -errno : fd;
}

static int landlock_allow_fd(int ruleset, int fd, uint64_t rights)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};

    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

/* What is not there, or not for us, need not be allowed. */
static int landlock_allow_folder(int ruleset, const char *path)
{
    FC_AUTO_CLOSE int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? 0 : landlock_allow_fd(ruleset, fd, RIGHTS_READ);
}

static int landlock_restrict(int ruleset)
{
    return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
}

int confine_landlock_broker(const struct confine_spec *spec)
{
    FC_AUTO_CLOSE int ruleset = landlock_new();
    int r = ruleset < 0 ? ruleset : 0;

    for (size_t i = 0; r == 0 && i < spec->n_readable; i++)
        r = landlock_allow_folder(ruleset, spec->readable[i]);
#ifdef FIRECURTAIN_SANITIZE
    if (r == 0) /* the leak sanitizer looks at all threads' memory at the end */
        r = landlock_allow_folder(ruleset, "/proc");
#endif
    return r < 0 ? r : landlock_restrict(ruleset);
}

int confine_landlock_lookup(void)
{
    FC_AUTO_CLOSE int ruleset = landlock_new();
    int r = ruleset < 0 ? ruleset : 0;

    for (size_t i = 0; r == 0 && i < FC_ARRAY_SIZE(landlock_lookup_paths); i++)
        r = landlock_allow_folder(ruleset, landlock_lookup_paths[i]);
    return r < 0 ? r : landlock_restrict(ruleset);
}

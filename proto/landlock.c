/* SPDX-License-Identifier: BSD-2-Clause */
/* Landlock's system calls; runs in the broker, the keeper's lookups and workers. */
#include "proto/landlock.h"

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proto/kernel.h"

#define RIGHTS_ABI_1 (LANDLOCK_RIGHT_REFER - 1)
#define RIGHTS_FILE                                                                                          \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE |             \
     LANDLOCK_RIGHT_TRUNCATE | LANDLOCK_RIGHT_IOCTL_DEVICE)
#define RIGHTS_TCP UINT64_C(3) /* bind and connect */

struct landlock_attributes {
    uint64_t files;
    uint64_t net;
    uint64_t scoped;
};

int landlock_abi(void)
{
    static int abi;

    if (abi <= 0)
        abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi >= 0 ? abi : kernel_refuses(errno) ? -ENOSYS : -errno;
}

uint64_t landlock_file_rights(int abi)
{
    return RIGHTS_ABI_1 | (abi >= 2 ? LANDLOCK_RIGHT_REFER : 0) | (abi >= 3 ? LANDLOCK_RIGHT_TRUNCATE : 0) |
           (abi >= 5 ? LANDLOCK_RIGHT_IOCTL_DEVICE : 0);
}

/* Returns the size of the structure that an ABI takes: an older kernel refuses fields that it does not know.
 */
static size_t landlock_attribute_bytes(int abi)
{
    return sizeof(uint64_t) * (abi >= 6 ? 3u : abi >= 4 ? 2u : 1u);
}

int landlock_new(unsigned scope)
{
    int abi = landlock_abi();
    struct landlock_attributes attributes = {
        .files = landlock_file_rights(abi),
        .net = abi >= 4 && (scope & LANDLOCK_TCP) ? RIGHTS_TCP : 0,
        .scoped = abi >= 6 ? scope & (LANDLOCK_ABSTRACT_SOCKETS | LANDLOCK_SIGNALS) : 0,
    };
    int fd;

    if (abi < 0)
        return abi;
    fd = (int)syscall(SYS_landlock_create_ruleset, &attributes, landlock_attribute_bytes(abi), 0);
    return fd < 0 ? -errno : fd;
}

int landlock_allow(int ruleset, int fd, uint64_t rights)
{
    struct landlock_path_beneath_attr rule = {.parent_fd = fd};
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    rule.allowed_access = rights & landlock_file_rights(landlock_abi());
    if (!S_ISDIR(st.st_mode))
        rule.allowed_access &= RIGHTS_FILE;
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

int landlock_restrict(int ruleset)
{
    return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
}

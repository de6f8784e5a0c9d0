/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layer "Landlock": a second lock on files, TCP ports, abstract sockets and signals, with the newest ABI that
 * the kernel offers, up to 7. It knows nothing of the layers before it: were the private root to fail, this
 * one would hold.
 *
 * The structure and the newer rights are written out, since Debian 12's headers end at ABI 2. See
 * landlock(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "worker/base/say.h"
#include "worker/sandbox/sandbox.h"

#define LANDLOCK_LAYER "Landlock"

#define RIGHT_REFER           (UINT64_C(1) << 13) /* ABI 2 */
#define RIGHT_TRUNCATE        (UINT64_C(1) << 14) /* ABI 3 */
#define RIGHT_IOCTL_DEVICE    (UINT64_C(1) << 15) /* ABI 5 */
#define RIGHTS_ABI_1          ((UINT64_C(1) << 13) - 1)
#define RIGHTS_NET_TCP        UINT64_C(3) /* ABI 4: bind and connect */
#define SCOPE_ABSTRACT_SIGNAL UINT64_C(3) /* ABI 6: abstract unix sockets, signals */

#define RIGHTS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHTS_WRITE                                                                                         \
    (RIGHTS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                           \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |            \
     RIGHT_REFER | RIGHT_TRUNCATE)

struct landlock_attributes {
    uint64_t files;
    uint64_t net;
    uint64_t scoped;
};

/* No right to execute anywhere, nor to make devices, sockets, FIFOs or links. */
static const struct {
    const char *path;
    uint64_t rights;
    bool private_root; /* means something else, or too much, outside of it */
} landlock_rules[] = {
    {"/", LANDLOCK_ACCESS_FS_READ_DIR, true},
    {"/usr", RIGHTS_READ, true},
    {"/etc", RIGHTS_READ, true},
    {SANDBOX_SCRIPT_FOLDER, RIGHTS_READ, true},
    {SANDBOX_STATE_FOLDER, RIGHTS_WRITE, true},
    {"/tmp", RIGHTS_WRITE, true},
    {"/usr/lib", RIGHTS_READ, false},
    {"/usr/local/lib", RIGHTS_READ, false},
    {"/usr/share/zoneinfo", RIGHTS_READ, false},
    {"/lib", RIGHTS_READ, false},
    {"/lib64", RIGHTS_READ, false},
    {"/etc/localtime", RIGHTS_READ, false},
    {"/etc/ssl/certs", RIGHTS_READ, false},
    {"/etc/hosts", RIGHTS_READ, false},
    {"/etc/nsswitch.conf", RIGHTS_READ, false},
    {"/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE, false},
    {"/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE, false},
};

static uint64_t landlock_file_rights(int abi)
{
    return RIGHTS_ABI_1 | (abi >= 2 ? RIGHT_REFER : 0) | (abi >= 3 ? RIGHT_TRUNCATE : 0) |
           (abi >= 5 ? RIGHT_IOCTL_DEVICE : 0);
}

/* A kernel that is older than a field does not take the structure with it. */
static size_t landlock_attribute_bytes(int abi)
{
    return sizeof(uint64_t) * (abi >= 6 ? 3u : abi >= 4 ? 2u : 1u);
}

static int landlock_add_rule(int ruleset, const char *path, uint64_t rights, struct sandbox_error *error)
{
    FC_AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
    const uint64_t file_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                 LANDLOCK_ACCESS_FS_EXECUTE | RIGHT_TRUNCATE | RIGHT_IOCTL_DEVICE;
    struct stat st;

    if (fd < 0)
        return errno == ENOENT ? 0 : sandbox_fail(error, LANDLOCK_LAYER, "open %s", path);
    if (fstat(fd, &st) < 0)
        return sandbox_fail(error, LANDLOCK_LAYER, "stat %s", path);
    if (!S_ISDIR(st.st_mode))
        rule.allowed_access &= file_rights;
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        return sandbox_fail(error, LANDLOCK_LAYER, "rule for %s", path);
    return 0;
}

static int landlock_add_table(int ruleset, const struct sandbox *sandbox, uint64_t known,
                              struct sandbox_error *error)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < FC_ARRAY_SIZE(landlock_rules); i++) {
        if (sandbox->namespaces || !landlock_rules[i].private_root)
            r = landlock_add_rule(ruleset, landlock_rules[i].path, landlock_rules[i].rights & known, error);
    }
    if (r == 0 && !sandbox->namespaces)
        r = landlock_add_rule(ruleset, sandbox->script_folder, RIGHTS_READ & known, error);
    if (r == 0 && !sandbox->namespaces)
        r = landlock_add_rule(ruleset, sandbox->state_folder, RIGHTS_WRITE & known, error);
    return r;
}

int sandbox_landlock_abi(void)
{
    int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return abi < 0 ? -errno : abi;
}

int sandbox_landlock(const struct sandbox *sandbox, struct sandbox_error *error)
{
    int abi = sandbox_landlock_abi();
    struct landlock_attributes attributes = {
        .files = landlock_file_rights(abi),
        .net = abi >= 4 && !sandbox->host_network ? RIGHTS_NET_TCP : 0,
        .scoped = abi >= 6 ? SCOPE_ABSTRACT_SIGNAL : 0,
    };
    FC_AUTO_CLOSE int ruleset = -1;
    const char *read = sandbox->reads;
    int r = 0;

    if (abi < 0 && !sandbox->namespaces) {
        errno = -abi;
        return sandbox_fail(error, LANDLOCK_LAYER, "without user namespaces nothing else keeps files apart");
    }
    if (abi < 0) {
        say(SAY_WARNING "this kernel has no Landlock (%s): the other layers hold without it", strerror(-abi));
        return 0;
    }
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, landlock_attribute_bytes(abi), 0);
    if (ruleset < 0)
        return sandbox_fail(error, LANDLOCK_LAYER, "create the rules");
    r = landlock_add_table(ruleset, sandbox, attributes.files, error);
    for (unsigned i = 0; r == 0 && i < sandbox->n_reads; i++, read += strlen(read) + 1)
        r = landlock_add_rule(ruleset, read, RIGHTS_READ, error);
    if (r < 0)
        return r;
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        return sandbox_fail(error, LANDLOCK_LAYER, "restrict");
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layer "Landlock": a second lock on files, TCP ports, abstract sockets and signals, as far as the kernel
 * knows them. It does not rely on the layers before it: if the private root failed, this one would still
 * hold.
 */
#include "worker/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "firecurtain/cleanup.h"
#include "proto/landlock.h"
#include "proto/spawn_request.h"
#include "worker/base/say.h"

#define LANDLOCK_LAYER "Landlock"

/* No right to execute anywhere, nor to make devices, sockets, FIFOs or links. */
static const struct {
    const char *path;
    uint64_t rights;
    bool private_root; /* means something else, or too much, outside of it */
} landlock_rules[] = {
    {"/", LANDLOCK_ACCESS_FS_READ_DIR, true},
    {"/usr", LANDLOCK_READ, true},
    {"/etc", LANDLOCK_READ, true},
    {SPAWN_SCRIPT_FOLDER, LANDLOCK_READ, true},
    {SPAWN_STATE_FOLDER, LANDLOCK_WRITE, true},
    {"/tmp", LANDLOCK_WRITE, true},
    {"/usr/lib", LANDLOCK_READ, false},
    {"/usr/local/lib", LANDLOCK_READ, false},
    {"/usr/share/zoneinfo", LANDLOCK_READ, false},
    {"/lib", LANDLOCK_READ, false},
    {"/lib64", LANDLOCK_READ, false},
    {"/etc/localtime", LANDLOCK_READ, false},
    {"/etc/ssl/certs", LANDLOCK_READ, false},
    {"/etc/hosts", LANDLOCK_READ, false},
    {"/etc/nsswitch.conf", LANDLOCK_READ, false},
    {"/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE, false},
    {"/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE, false},
};

static int landlock_add_rule(int ruleset, const char *path, uint64_t rights, struct sandbox_error *error)
{
    FC_AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
    int r;

    if (fd < 0)
        return errno == ENOENT ? 0 : sandbox_fail(error, LANDLOCK_LAYER, "open %s", path);
    r = landlock_allow(ruleset, fd, rights);
    if (r == 0)
        return 0;
    errno = -r;
    return sandbox_fail(error, LANDLOCK_LAYER, "rule for %s", path);
}

static int landlock_add_table(int ruleset, const struct sandbox *sandbox, struct sandbox_error *error)
{
    const char *read = sandbox->reads;
    int r = 0;

    for (size_t i = 0; r == 0 && i < FC_ARRAY_SIZE(landlock_rules); i++) {
        if (sandbox->namespaces || !landlock_rules[i].private_root)
            r = landlock_add_rule(ruleset, landlock_rules[i].path, landlock_rules[i].rights, error);
    }
    if (r == 0 && !sandbox->namespaces)
        r = landlock_add_rule(ruleset, sandbox->script_folder, LANDLOCK_READ, error);
    if (r == 0 && !sandbox->namespaces)
        r = landlock_add_rule(ruleset, sandbox->state_folder, LANDLOCK_WRITE, error);
    for (unsigned i = 0; r == 0 && i < sandbox->n_reads; i++, read += strlen(read) + 1)
        r = landlock_add_rule(ruleset, read, LANDLOCK_READ, error);
    return r;
}

/* Says what it means that this kernel has no Landlock, and whether the worker may go on without. */
static int landlock_is_missing(const struct sandbox *sandbox, struct sandbox_error *error)
{
    if (!sandbox->namespaces)
        return sandbox_fail(error, LANDLOCK_LAYER, "without user namespaces nothing else protects files");
    say(SAY_WARNING "this kernel has no Landlock (%s); the other layers hold", strerror(errno));
    return 0;
}

int sandbox_landlock(const struct sandbox *sandbox, struct sandbox_error *error)
{
    FC_AUTO_CLOSE int ruleset = -1;
    int r = landlock_abi();

    if (r < 0) {
        errno = -r;
        return landlock_is_missing(sandbox, error);
    }
    ruleset = landlock_new(LANDLOCK_ABSTRACT_SOCKETS | LANDLOCK_SIGNALS |
                           (sandbox->host_network ? 0 : LANDLOCK_TCP));
    if (ruleset < 0) {
        errno = -ruleset;
        return sandbox_fail(error, LANDLOCK_LAYER, "create the rules");
    }
    r = landlock_add_table(ruleset, sandbox, error);
    if (r < 0)
        return r;
    r = landlock_restrict(ruleset);
    if (r < 0) {
        errno = -r;
        return sandbox_fail(error, LANDLOCK_LAYER, "restrict");
    }
    return 0;
}

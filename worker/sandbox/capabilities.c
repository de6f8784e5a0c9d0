/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layer "capabilities": none in any set, none to be gained again (no_new_privs), and death with the broker.
 * Runs while there is one thread: capset() and no_new_privs apply to the calling thread only.
 */
#include "worker/sandbox/capabilities.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAPABILITIES_SECUREBITS                                                                              \
    (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |        \
     SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

int sandbox_capabilities(const struct sandbox *sandbox, struct sandbox_error *error)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

    /* without a user namespace there are none to begin with, nor the one that dropping them for good takes */
    for (unsigned long capability = 0;
         sandbox->namespaces && prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
            return sandbox_fail(error, "capabilities", "drop %lu from the bounding set", capability);
    }
    if (sandbox->namespaces && prctl(PR_SET_SECUREBITS, CAPABILITIES_SECUREBITS, 0, 0, 0) < 0)
        return sandbox_fail(error, "capabilities", "securebits");
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return sandbox_fail(error, "capabilities", "ambient set");
    if (syscall(SYS_capset, &header, none) < 0)
        return sandbox_fail(error, "capabilities", "capset");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return sandbox_fail(error, "capabilities", "no_new_privs");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return sandbox_fail(error, "capabilities", "parent-death signal");
    /*
     * The keeper and the gate take descriptors by pidfd_getfd(), which a process that is not dumpable refuses
     * to others of its uid. No other worker can do the same: each has a pid and a user namespace of its own.
     */
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
        return sandbox_fail(error, "capabilities", "dumpable");
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* See curtain.h: who the broker is, and the order of the layers. */
#include "broker/os/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "broker/os/confine_landlock.h"
#include "broker/os/confine_seccomp.h"
#include "firecurtain/log.h"

#define CONFINE_BIT(capability) (UINT64_C(1) << (capability))

static const uint64_t confine_capabilities[] = {
    /* ports below 1024, of OSC and of `listen` */
    [CONFINE_BROKER] = CONFINE_BIT(CAP_NET_BIND_SERVICE),
    /* the broker's death has to reach workers of other uids (PR_SET_PDEATHSIG); its filter lets it send none
     */
    [CONFINE_BROKER_OF_USERS] = CONFINE_BIT(CAP_NET_BIND_SERVICE) | CONFINE_BIT(CAP_KILL),
    /*
     * The folders of workers and their mounts; workers' descriptors and memory; and what the zygote, which it
     * starts, needs to find its way out of a chroot and to give up root.
     */
    [CONFINE_KEEPER] = CONFINE_BIT(CAP_CHOWN) | CONFINE_BIT(CAP_DAC_OVERRIDE) | CONFINE_BIT(CAP_FOWNER) |
                       CONFINE_BIT(CAP_KILL) | CONFINE_BIT(CAP_SETGID) | CONFINE_BIT(CAP_SETUID) |
                       CONFINE_BIT(CAP_SETPCAP) | CONFINE_BIT(CAP_SYS_ADMIN) | CONFINE_BIT(CAP_SYS_CHROOT) |
                       CONFINE_BIT(CAP_SYS_PTRACE),
    [CONFINE_COUNTER] = CONFINE_BIT(CAP_DAC_READ_SEARCH), /* folders of all users */
};

int confine_keep_capabilities(enum confine_role role)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    uint64_t kept = confine_capabilities[role];

    if (syscall(SYS_capget, &header, sets) < 0)
        return -errno;
    /* an ordinary user may not; no_new_privs makes up for it */
    for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++) {
        if (!(kept & CONFINE_BIT(i)) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0 && errno != EPERM)
            return -errno;
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return -errno;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        sets[i].permitted &= (uint32_t)(kept >> (32 * i));
        sets[i].effective = sets[i].permitted;
        sets[i].inheritable = 0;
    }
    return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

/* Makes effective what is permitted. */
static int confine_raise(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

    if (syscall(SYS_capget, &header, sets) < 0)
        return -errno;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        sets[i].effective = sets[i].permitted;
    return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

/* The account of the workers: files of root are nobody's then who takes the broker over, with any kernel. */
static int confine_become(const struct confine_spec *spec)
{
    int death_signal = 0;
    int r = 0;

    if (!spec->is_root)
        return confine_keep_capabilities(CONFINE_BROKER);
    if (prctl(PR_GET_PDEATHSIG, &death_signal) < 0 || prctl(PR_SET_KEEPCAPS, 1) < 0 ||
        setgroups(0, NULL) < 0 || setresgid(spec->gid, spec->gid, spec->gid) < 0 ||
        setresuid(spec->uid, spec->uid, spec->uid) < 0)
        return -errno;
    /* KEEPCAPS keeps the permitted set; the effective one is needed for the bounding set */
    r = confine_raise();
    if (r == 0)
        r = confine_keep_capabilities(spec->has_users ? CONFINE_BROKER_OF_USERS : CONFINE_BROKER);
    /* whoever started us may have asked for this, and another identity forgets it */
    if (r == 0 && death_signal && prctl(PR_SET_PDEATHSIG, death_signal) < 0)
        r = -errno;
    return r;
}

static int confine_privileges(const struct confine_spec *spec)
{
    struct rlimit none = {0};
    int r = confine_become(spec);

    if (r < 0)
        return r;
    /* no core dumps, and nobody of the same user looks into it */
    if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return 0;
}

int confine_lookup(void)
{
    int r;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    r = confine_keep_capabilities(CONFINE_BROKER);
    if (r == 0)
        r = confine_landlock_lookup();
    return r == -ENOSYS || r == -EOPNOTSUPP ? 0 : r;
}

int confine_broker(const struct confine_spec *spec)
{
    const char *layer = "privileges";
    int r;

    tzset(); /* reads its file now */
    r = confine_privileges(spec);
    if (r == 0) {
        layer = "Landlock";
        r = confine_landlock_broker(spec->readable, spec->n_readable);
        if (r == -ENOSYS || r == -EOPNOTSUPP) {
            fc_log(FC_LOG_WARNING, NULL,
                   "this kernel has no Landlock: the broker itself may read what its user may");
            r = 0;
        }
    }
    if (r == 0) {
        layer = "system calls";
        r = confine_seccomp();
    }
    if (r < 0)
        fc_log(FC_LOG_ERROR, NULL, "the broker's own curtain cannot be closed: layer \"%s\": %s", layer,
               strerror(-r));
    return r;
}

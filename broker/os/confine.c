/* SPDX-License-Identifier: BSD-2-Clause */
/* Identity and capabilities, and the order of the layers. */
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

#include "broker/os/confine_calls.h"
#include "broker/os/confine_desk.h"
#include "broker/os/confine_driver.h"
#include "broker/os/confine_filter.h"
#include "broker/os/confine_landlock.h"
#include "broker/os/confine_root.h"
#include "firecurtain/log.h"

#define CONFINE_BIT(capability) (UINT64_C(1) << (capability))

static const uint64_t confine_capabilities[] = {
    /* ports below 1024, of OSC */
    [CONFINE_BROKER] = CONFINE_BIT(CAP_NET_BIND_SERVICE),
    /*
     * The broker's death has to reach workers of other uids (PR_SET_PDEATHSIG). Its system call filter lets
     * it send no signals itself.
     */
    [CONFINE_BROKER_OF_USERS] = CONFINE_BIT(CAP_NET_BIND_SERVICE) | CONFINE_BIT(CAP_KILL),
    /*
     * The folders of workers and their mounts; workers' descriptors and memory; what the zygotes that it
     * starts need for leaving a chroot and giving up root; and what gates keep of it.
     */
    [CONFINE_KEEPER] = CONFINE_BIT(CAP_CHOWN) | CONFINE_BIT(CAP_DAC_OVERRIDE) | CONFINE_BIT(CAP_FOWNER) |
                       CONFINE_BIT(CAP_KILL) | CONFINE_BIT(CAP_NET_BIND_SERVICE) | CONFINE_BIT(CAP_SETGID) |
                       CONFINE_BIT(CAP_SETUID) | CONFINE_BIT(CAP_SETPCAP) | CONFINE_BIT(CAP_SYS_ADMIN) |
                       CONFINE_BIT(CAP_SYS_CHROOT) | CONFINE_BIT(CAP_SYS_PTRACE),
    [CONFINE_GATE] = CONFINE_BIT(CAP_NET_BIND_SERVICE),   /* ports below 1024, of `listen` */
    [CONFINE_COUNTER] = CONFINE_BIT(CAP_DAC_READ_SEARCH), /* folders of all users */
    [CONFINE_DESK] = 0,
    [CONFINE_DRIVER] = 0,
    [CONFINE_SCRIBE] = 0, /* as root, the folder is its own */
};

int confine_keep_capabilities(enum confine_role role)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    uint64_t kept = confine_capabilities[role];

    if (syscall(SYS_capget, &header, sets) < 0)
        return -errno;
    /* an ordinary user may not drop any; no_new_privs makes up for it */
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

/* Makes all permitted capabilities effective. */
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

/*
 * Takes on the identity of workers: even without Landlock, an attacker who has taken this process
 * over gets no files of root.
 */
static int confine_become(const struct confine_spec *spec, enum confine_role role)
{
    int death_signal = 0;
    int r = 0;

    if (!spec->is_root)
        return confine_keep_capabilities(role);
    if (prctl(PR_GET_PDEATHSIG, &death_signal) < 0 || prctl(PR_SET_KEEPCAPS, 1) < 0 ||
        setgroups(spec->n_groups, spec->groups) < 0 || setresgid(spec->gid, spec->gid, spec->gid) < 0 ||
        setresuid(spec->uid, spec->uid, spec->uid) < 0)
        return -errno;
    /* KEEPCAPS keeps the permitted set; changing the bounding set takes an effective one */
    r = confine_raise();
    if (r == 0)
        r = confine_keep_capabilities(role);
    /* the process that started the broker may have set it; changing the identity clears it */
    if (r == 0 && death_signal && prctl(PR_SET_PDEATHSIG, death_signal) < 0)
        r = -errno;
    return r;
}

static int confine_privileges(const struct confine_spec *spec, enum confine_role role)
{
    struct rlimit none = {0};
    int r = confine_become(spec, role);

    if (r < 0)
        return r;
    /* no core dumps, and no other process of the same user can look into this one */
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

    tzset(); /* which reads a file */
    r = confine_privileges(spec, spec->is_root && spec->has_users ? CONFINE_BROKER_OF_USERS : CONFINE_BROKER);
    if (r == 0) {
        layer = "Landlock";
        r = confine_landlock_broker(spec->readable, spec->n_readable);
        if (r == -ENOSYS || r == -EOPNOTSUPP) {
            fc_log(FC_LOG_WARNING, NULL,
                   "this kernel has no Landlock: the broker itself can read whatever its user can");
            r = 0;
        }
    }
    if (r == 0) {
        layer = "system calls";
        r = confine_filter(confine_broker_calls, confine_n_broker_calls);
    }
    if (r < 0)
        fc_log(FC_LOG_ERROR, NULL, "the broker cannot confine itself: layer \"%s\": %s", layer, strerror(-r));
    return r;
}

int confine_gate(const struct confine_spec *spec)
{
    const char *layer = "privileges";
    int r = confine_privileges(spec, CONFINE_GATE);

    if (r == 0) {
        layer = "system calls";
        r = confine_filter(confine_gate_calls, confine_n_gate_calls);
    }
    if (r < 0)
        fc_log(FC_LOG_ERROR, NULL, "a gate cannot confine itself: layer \"%s\": %s", layer, strerror(-r));
    return r;
}

int confine_desk(const struct confine_spec *spec)
{
    const char *layer = "privileges";
    int r = confine_privileges(spec, CONFINE_DESK);

    if (r == 0) {
        layer = "limits";
        r = confine_desk_limits();
    }
    if (r == 0) {
        layer = "Landlock";
        r = confine_landlock_nothing();
        if (r == -ENOSYS || r == -EOPNOTSUPP)
            r = 0; /* the broker has said so */
    }
    if (r == 0) {
        layer = "system calls";
        r = confine_desk_filter();
    }
    if (r < 0)
        fc_log(FC_LOG_ERROR, NULL, "the desk cannot confine itself: layer \"%s\": %s", layer, strerror(-r));
    return r;
}

int confine_driver(const struct confine_spec *spec, const struct confine_paths *paths,
                   struct confine_found *found)
{
    const char *layer = "namespaces";
    int r;

    *found = (struct confine_found){.listener = -1};
    r = confine_driver_apart(spec, &found->is_apart);
    if (r == 0 && found->is_apart) {
        layer = "private root";
        r = confine_driver_root(paths, &found->has_root);
    }
    if (r == 0) {
        layer = "privileges";
        r = confine_privileges(spec, CONFINE_DRIVER);
        found->uid = getuid();
        found->gid = getgid();
    }
    if (r == 0 && paths->connects)
        r = confine_driver_show(spec->keeper);
    if (r == 0) {
        layer = "limits";
        r = confine_driver_limits();
    }
    if (r == 0) {
        layer = "Landlock";
        r = confine_driver_landlock(paths);
        found->has_landlock = r == 0;
        if (r == -ENOSYS || r == -EOPNOTSUPP)
            r = 0; /* the broker has said so */
    }
    if (r == 0) {
        layer = "system calls";
        r = confine_driver_filter(paths, &found->listener);
    }
    if (r < 0)
        fc_log(FC_LOG_ERROR, NULL, "the driver cannot confine itself: layer \"%s\": %s", layer, strerror(-r));
    return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The examinations, one function each; the table has their order. */
#include "broker/cli/doctor_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/os/account.h"
#include "broker/os/cgroup.h"
#include "firecurtain/cleanup.h"
#include "proto/landlock.h"

#define MACHINE_SEND_BUFFER 131072 /* bytes that a datagram socket sends at most */
#define MACHINE_NO_VALUE    (-1)

static void machine_lack(struct doctor_finding *finding, const char *cost, const char *command)
{
    finding->outcome = DOCTOR_LACKING;
    finding->cost = cost;
    snprintf(finding->command, sizeof(finding->command), "%s", command);
}

/* Returns the number in a file of /proc/sys, or MACHINE_NO_VALUE. */
static long machine_setting(const char *path)
{
    FC_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[32] = "";

    return fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 ? MACHINE_NO_VALUE : strtol(text, NULL, 10);
}

/* Tries in a child to become somebody else and make a user namespace: root may do what scripts' accounts may
 * not. Returns 0 or an errno. */
static int machine_try_user_namespace(void)
{
    uid_t uid = getuid();
    gid_t gid = getgid();
    int status = 0;
    pid_t pid;

    if (uid == 0 && account_find_workers(&uid, &gid) < 0)
        return ENOENT;
    pid = fork();
    if (pid == 0) {
        if (getuid() == 0 && (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0))
            _exit(errno);
        _exit(unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ? errno : 0);
    }
    return pid < 0 || waitpid(pid, &status, 0) < 0 ? errno : WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

static const char *machine_mend_user_namespaces(void)
{
    if (machine_setting("/proc/sys/kernel/unprivileged_userns_clone") == 0)
        return "sysctl -w kernel.unprivileged_userns_clone=1";
    if (machine_setting("/proc/sys/user/max_user_namespaces") == 0)
        return "sysctl -w user.max_user_namespaces=10000";
    if (machine_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") > 0)
        return "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
    return "let the seccomp profile of the container allow clone() and unshare() with CLONE_NEWUSER";
}

static void machine_user_namespaces(struct doctor_finding *finding)
{
    int error = machine_try_user_namespace();

    snprintf(finding->found, sizeof(finding->found), "%s", error ? strerror(error) : "can be made");
    if (error)
        machine_lack(
            finding,
            "only Landlock, the system call filter and the limits confine a script: it sees names of "
            "files and devices",
            machine_mend_user_namespaces());
}

static void machine_landlock(struct doctor_finding *finding)
{
    int abi = landlock_abi();

    if (abi > 0) {
        snprintf(finding->found, sizeof(finding->found), "ABI %d", abi);
        return;
    }
    snprintf(finding->found, sizeof(finding->found), "%s", strerror(-abi));
    machine_lack(finding, "the second lock on files is missing, and the broker may read what its account may",
                 "boot with lsm=landlock,… before the others of /sys/kernel/security/lsm");
}

static void machine_filter(struct doctor_finding *finding)
{
    uint32_t action = SECCOMP_RET_USER_NOTIF;

    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0) {
        snprintf(finding->found, sizeof(finding->found), "available, with notifications");
        return;
    }
    snprintf(finding->found, sizeof(finding->found), "%s", strerror(errno));
    machine_lack(
        finding, "no script starts",
        "use a kernel of 5.14 or newer with CONFIG_SECCOMP_FILTER, or another seccomp profile of the "
        "container");
    finding->outcome = DOCTOR_BAD;
}

static void machine_cgroups(struct doctor_finding *finding)
{
    const unsigned all = CGROUP_MEMORY | CGROUP_PIDS | CGROUP_CPU;
    struct cgroups *cgroups = NULL;

    if (cgroups_new(&cgroups, getuid(), getgid()) < 0)
        return;
    snprintf(finding->found, sizeof(finding->found), "%s", cgroups_describe(cgroups));
    if ((cgroups_controllers(cgroups) & all) != all)
        machine_lack(finding,
                     "the option cpu does not work, and limits of memory and threads hold for each process "
                     "by other means",
                     "systemd-run --user --scope -p Delegate=yes firecurtain run, or run it as a service");
    cgroups_free(cgroups);
}

static void machine_account(struct doctor_finding *finding)
{
    const struct passwd *account = getpwnam("firecurtain");

    if (account) {
        snprintf(finding->found, sizeof(finding->found), "firecurtain (uid %u)", account->pw_uid);
        return;
    }
    snprintf(finding->found, sizeof(finding->found), "there is no account firecurtain");
    machine_lack(finding, "a broker that root starts runs as nobody, and the system's service does not start",
                 "adduser --system --group firecurtain");
}

/* Returns whether the calling process is in a group of this name. */
static bool machine_is_member(const char *name)
{
    const struct group *group = getgrnam(name);
    gid_t groups[256];
    int n = getgroups(FC_ARRAY_SIZE(groups), groups);

    for (int i = 0; group && i < n; i++) {
        if (groups[i] == group->gr_gid)
            return true;
    }
    return group && getegid() == group->gr_gid;
}

static void machine_memberships(struct doctor_finding *finding)
{
    bool audio = machine_is_member("audio"), input = machine_is_member("input");

    if (getuid() == 0 || (audio && input)) {
        snprintf(finding->found, sizeof(finding->found), "%s",
                 getuid() == 0 ? "root needs none" : "audio, input");
        return;
    }
    snprintf(finding->found, sizeof(finding->found), "not in %s",
             audio   ? "input"
             : input ? "audio"
                     : "audio and input");
    machine_lack(finding, "you cannot open this machine's MIDI ports, or its keyboards and joysticks",
                 "usermod -aG audio,input \"$USER\", then log in again");
}

static void machine_sequencer(struct doctor_finding *finding)
{
    int error = access("/dev/snd/seq", F_OK) < 0 ? errno : 0;

    snprintf(finding->found, sizeof(finding->found), "%s",
             error ? "there is no /dev/snd/seq" : "/dev/snd/seq");
    if (error)
        machine_lack(finding, "there are no MIDI ports on this machine", "modprobe snd-seq");
}

static void machine_send_buffer(struct doctor_finding *finding)
{
    long bytes = machine_setting("/proc/sys/net/core/wmem_max");

    snprintf(finding->found, sizeof(finding->found), "net.core.wmem_max = %ld", bytes);
    if (bytes < MACHINE_SEND_BUFFER)
        machine_lack(finding, "many events at once reach a script in smaller parts, so later",
                     "sysctl -w net.core.wmem_max=212992");
}

static void machine_turns(struct doctor_finding *finding)
{
    struct utsname kernel = {.release = ""};
    unsigned major = 0, minor = 0;

    uname(&kernel);
    sscanf(kernel.release, "%u.%u", &major, &minor);
    snprintf(finding->found, sizeof(finding->found), "Linux %s", kernel.release);
    if (major < 6 || (major == 6 && minor < 12))
        machine_lack(
            finding,
            "before 6.12 the kernel has no short turns on a processor: beside busy programs, scripts "
            "answer some milliseconds later",
            "install a newer kernel (bookworm-backports has one), or give the service Nice=-10");
}

static const struct {
    const char *what;
    void (*examine)(struct doctor_finding *finding);
} machine_parts[] = {
    {"user namespaces", machine_user_namespaces},
    {"Landlock", machine_landlock},
    {"system call filter", machine_filter},
    {"cgroups", machine_cgroups},
    {"account", machine_account},
    {"your groups", machine_memberships},
    {"MIDI sequencer", machine_sequencer},
    {"send buffers", machine_send_buffer},
    {"processor turns", machine_turns},
};

size_t doctor_examine(struct doctor_finding findings[DOCTOR_MAX_FINDINGS])
{
    size_t n = FC_ARRAY_SIZE(machine_parts);

    for (size_t i = 0; i < n; i++) {
        findings[i] = (struct doctor_finding){.what = machine_parts[i].what};
        machine_parts[i].examine(&findings[i]);
    }
    /* one of the two has to keep a script from the machine's files */
    if (findings[0].outcome != DOCTOR_GOOD && findings[1].outcome != DOCTOR_GOOD)
        findings[0].outcome = findings[1].outcome = DOCTOR_BAD;
    return n;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Tries the layers of the sandbox from within a worker, and describes them. */
#include "worker/probe.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "proto/landlock.h"
#include "proto/spawn_request.h"

static const char probe_holds[] = "holds";
static const char probe_absent[] = "absent";
static const char probe_fails[] = "fails";

static void probe_line(const char *layer, const char *outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void probe_line(const char *layer, const char *outcome, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    dprintf(STDOUT_FILENO, "%s\t%s\t%s\n", layer, outcome, text);
}

/* Settings with which a kernel refuses user namespaces to ordinary users. */
static const struct {
    const char *path;
    const char *name;
    int refuses;
} probe_sysctls[] = {
    {"/proc/sys/user/max_user_namespaces", "user.max_user_namespaces", 0},
    {"/proc/sys/kernel/unprivileged_userns_clone", "kernel.unprivileged_userns_clone", 0},
    {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "kernel.apparmor_restrict_unprivileged_userns",
     1},
};

static void probe_blame(char *text, size_t bytes)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(probe_sysctls); i++) {
        FC_AUTO_FCLOSE FILE *file = fopen(probe_sysctls[i].path, "re");
        int value;

        if (!file || fscanf(file, "%d", &value) != 1 || value != probe_sysctls[i].refuses)
            continue;
        snprintf(text, bytes, "sysctl %s = %d", probe_sysctls[i].name, value);
        return;
    }
    snprintf(text, bytes, "a chroot, a container or a security module");
}

void probe_namespaces(const struct sandbox *sandbox, int refused)
{
    char blame[128];

    if (sandbox->namespaces) {
        probe_line("namespaces", probe_holds, "user, mount, pid, ipc, uts, cgroup%s",
                   sandbox->host_network ? "; the host's network (insecure-network = host)" : ", net");
        return;
    }
    probe_blame(blame, sizeof(blame));
    probe_line(
        "namespaces", probe_absent,
        "user namespaces: refused by this kernel (%s; %s); only Landlock, the system call filter and the "
        "limits hold",
        strerror(-refused), blame);
}

static void probe_identity(const struct sandbox *sandbox)
{
    if (sandbox->namespaces)
        probe_line("identity", probe_holds, "uid %u and gid %u inside, uid %u and gid %u outside", getuid(),
                   getgid(), sandbox->outer_uid, sandbox->outer_gid);
    else
        probe_line("identity", probe_holds, "uid %u and gid %u, as outside; a process group of its own",
                   getuid(), getgid());
}

/* Formats a limit: a size ("512 MiB of"), a number, or "no limit on". */
static const char *probe_limit(__rlimit_resource_t resource, bool size, char *text, size_t bytes)
{
    struct rlimit limit = {0};
    unsigned long long value;

    getrlimit(resource, &limit);
    value = limit.rlim_cur;
    if (limit.rlim_cur == RLIM_INFINITY)
        snprintf(text, bytes, "no limit on");
    else if (!size)
        snprintf(text, bytes, "%llu", value);
    else if (value % (1 << 20))
        snprintf(text, bytes, "%llu KiB of", value >> 10);
    else
        snprintf(text, bytes, "%llu MiB of", value >> 20);
    return text;
}

static void probe_limits(const struct sandbox *sandbox)
{
    char memory[32], threads[32], files[32], file[32];

    probe_line("limits", probe_holds, "%s memory, %s threads, %s descriptors, %s one file",
               probe_limit(RLIMIT_DATA, true, memory, sizeof(memory)),
               sandbox->namespaces ? probe_limit(RLIMIT_NPROC, false, threads, sizeof(threads))
                                   : "no limit of its own on",
               probe_limit(RLIMIT_NOFILE, false, files, sizeof(files)),
               probe_limit(RLIMIT_FSIZE, true, file, sizeof(file)));
}

static void probe_root(const struct sandbox *sandbox)
{
    if (!sandbox->namespaces)
        probe_line("private root", probe_absent, "needs user namespaces; only Landlock protects files");
    else if (access("/proc", F_OK) == 0 || mkdir("/probe", 0700) == 0)
        probe_line("private root", probe_fails, "/proc is still visible, or / is writable");
    else
        probe_line("private root", probe_holds, "%s and the libraries read-only, %s and /tmp writable",
                   SPAWN_SCRIPT_FOLDER, SPAWN_STATE_FOLDER);
}

static void probe_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
    int r = (int)syscall(SYS_capget, &header, sets);
    uint32_t any = 0;

    for (size_t i = 0; i < FC_ARRAY_SIZE(sets); i++)
        any |= sets[i].effective | sets[i].permitted | sets[i].inheritable;
    if (r < 0 || any || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        probe_line("capabilities", probe_fails, "some are left or can be gained");
    else
        probe_line("capabilities", probe_holds, "none, and none can be gained (no_new_privs)");
}

/* Tries to make a FIFO, which no rule allows and at this point only Landlock prevents. */
static void probe_landlock(const struct sandbox *sandbox)
{
    int abi = landlock_abi();
    char fifo[PATH_MAX + 32];

    if (abi < 0) {
        probe_line("Landlock", probe_absent, "this kernel has none (%s); the other layers hold",
                   strerror(-abi));
        return;
    }
    snprintf(fifo, sizeof(fifo), "%s/.probe-%d",
             sandbox->namespaces ? SPAWN_STATE_FOLDER : sandbox->state_folder, getpid());
    if (mkfifo(fifo, 0600) == 0 || errno != EACCES) {
        unlink(fifo);
        probe_line("Landlock", probe_fails, "ABI %d is offered, but a rule has no effect", abi);
        return;
    }
    probe_line("Landlock", probe_holds, "ABI %d%s: files%s%s", abi, abi > 7 ? " (used as 7)" : "",
               abi >= 4 && !sandbox->host_network ? ", TCP ports" : "",
               abi >= 6 ? ", abstract sockets, signals" : "");
}

void probe_passed(const struct sandbox *sandbox, const char *layer)
{
    if (strcmp(layer, "identity") == 0)
        probe_identity(sandbox);
    else if (strcmp(layer, "limits") == 0)
        probe_limits(sandbox);
    else if (strcmp(layer, "private root") == 0)
        probe_root(sandbox);
    else if (strcmp(layer, "capabilities") == 0)
        probe_capabilities();
    else if (strcmp(layer, "Landlock") == 0)
        probe_landlock(sandbox);
}

/* Tries times(), which is harmless and on no list. */
void probe_filter(void)
{
    if (syscall(SYS_times, NULL) != -1 || errno != ENOSYS)
        probe_line("system calls", probe_fails, "the filter is loaded, but has no effect");
    else
        probe_line("system calls", probe_holds,
                   "an allow-list for all threads; the gate decides about connections");
}

void probe_failed(const struct sandbox_error *error)
{
    probe_line(error->layer, probe_fails, "%s: %s", error->what, strerror(error->error));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups of workers: their limits, and what the kernel has done about them. */
#include "broker/os/cgroup_instance.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/os/cgroup_file.h"
#include "broker/os/cgroup_private.h"
#include "firecurtain/cleanup.h"
#include "proto/spawn_request.h"

#define CGROUP_PERIOD_US 100000u

static const char cgroup_oom_kill[] = "\noom_kill ";

uint64_t cgroup_count_kills(int memory_events)
{
    char text[512];
    ssize_t n = pread(memory_events, text, sizeof(text) - 1, 0);
    const char *found;

    text[n > 0 ? n : 0] = '\0';
    found = strstr(text, cgroup_oom_kill);
    return found ? strtoull(found + strlen(cgroup_oom_kill), NULL, 10) : 0;
}

static void cgroup_name(const char *instance, char name[NAME_MAX + 1])
{
    snprintf(name, NAME_MAX + 1, "instance-%s", instance);
}

static int cgroup_limit_memory(int folder, uint64_t bytes)
{
    int r = cgroup_write(folder, "memory.max", "%" PRIu64, bytes + SPAWN_MEMORY_ALLOWANCE);

    if (r == 0)
        r = cgroup_write(folder, "memory.oom.group", "1");
    if (r == 0)
        r = cgroup_write(folder, "memory.swap.max", "0");
    return r == -ENOENT ? 0 : r; /* a kernel without swap */
}

static int cgroup_limit(const struct cgroups *cgroups, unsigned account, int folder,
                        const struct cgroup_limits *limits)
{
    const struct cgroup_branch *branch = &cgroups->branches[account];
    int r = 0;

    if (cgroups->controllers & CGROUP_MEMORY)
        r = cgroup_limit_memory(folder, limits->memory_bytes);
    if (r == 0 && (cgroups->controllers & CGROUP_PIDS))
        r = cgroup_write(folder, "pids.max", "%u", limits->tasks);
    if (r == 0 && (cgroups->controllers & CGROUP_CPU) && limits->cpu_percent)
        r = cgroup_write(folder, "cpu.max", "%u %u", limits->cpu_percent * (CGROUP_PERIOD_US / 100),
                         CGROUP_PERIOD_US);
    return r == 0 ? cgroup_give(folder, branch->uid, branch->gid) : r;
}

int cgroup_make_instance(const struct cgroups *cgroups, unsigned account, const char *instance,
                         const struct cgroup_limits *limits)
{
    FC_AUTO_CLOSE int folder = -1;
    char name[NAME_MAX + 1];
    int r;

    if (!cgroups_controllers(cgroups))
        return -ENOENT;
    cgroup_name(instance, name);
    folder = cgroup_make(cgroups->branches[account].workers, name);
    r = folder < 0 ? folder : cgroup_limit(cgroups, account, folder, limits);
    if (r < 0)
        cgroup_remove_instance(cgroups, account, instance);
    return r < 0 ? r : fc_steal_fd(&folder);
}

int cgroup_open_memory_events(const struct cgroups *cgroups, unsigned account, const char *instance)
{
    FC_AUTO_CLOSE int folder = -1;
    char name[NAME_MAX + 1];
    int fd;

    if (!(cgroups_controllers(cgroups) & CGROUP_MEMORY))
        return -ENOENT;
    cgroup_name(instance, name);
    folder = openat(cgroups->branches[account].workers, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    fd = folder < 0 ? -1 : openat(folder, "memory.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? -errno : fd;
}

void cgroup_remove_instance(const struct cgroups *cgroups, unsigned account, const char *instance)
{
    FC_AUTO_CLOSE int folder = -1;
    char name[NAME_MAX + 1];

    if (!cgroups_controllers(cgroups))
        return;
    cgroup_name(instance, name);
    folder = openat(cgroups->branches[account].workers, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (folder < 0)
        return;
    cgroup_write(folder, "cgroup.kill", "1");
    unlinkat(cgroups->branches[account].workers, name, AT_REMOVEDIR);
}

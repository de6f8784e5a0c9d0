/* See cgroup.h: the group of one worker. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/cgroup_private.h"
#include "firecurtain/cleanup.h"

/*
 * On top of the option "memory", which RLIMIT_DATA holds first and with an exception in place of a kill: the
 * worker's /tmp (16 MiB), buffers of its sockets, page tables, kernel stacks.
 */
#define CGROUP_HEADROOM_BYTES (UINT64_C(48) << 20)
#define CGROUP_PERIOD_US      100000u

struct cgroup {
    const struct cgroups *cgroups;
    int folder;
    uint64_t kills; /* for want of memory, before this worker */
    char name[];
};

static uint64_t cgroup_kills(const struct cgroup *cgroup)
{
    char text[512];
    const char *found;

    if (!(cgroup->cgroups->controllers & CGROUP_MEMORY) ||
        cgroup_read(cgroup->folder, "memory.events", text, sizeof(text)) < 0)
        return 0;
    found = strstr(text, "\noom_kill ");
    return found ? strtoull(found + strlen("\noom_kill "), NULL, 10) : 0;
}

static int cgroup_limit_memory(int folder, uint64_t bytes)
{
    int r = cgroup_write(folder, "memory.max", "%" PRIu64, bytes + CGROUP_HEADROOM_BYTES);

    if (r == 0)
        r = cgroup_write(folder, "memory.oom.group", "1");
    if (r == 0)
        r = cgroup_write(folder, "memory.swap.max", "0");
    return r == -ENOENT ? 0 : r; /* a kernel without swap */
}

static int cgroup_limit(const struct cgroup *cgroup, const struct cgroup_limits *limits)
{
    unsigned controllers = cgroup->cgroups->controllers;
    int r = 0;

    if (controllers & CGROUP_MEMORY)
        r = cgroup_limit_memory(cgroup->folder, limits->memory_bytes);
    if (r == 0 && (controllers & CGROUP_PIDS))
        r = cgroup_write(cgroup->folder, "pids.max", "%u", limits->tasks);
    if (r == 0 && (controllers & CGROUP_CPU) && limits->cpu_percent)
        r = cgroup_write(cgroup->folder, "cpu.max", "%u %u", limits->cpu_percent * (CGROUP_PERIOD_US / 100),
                         CGROUP_PERIOD_US);
    return r == 0 ? cgroup_give(cgroup->cgroups, cgroup->folder) : r;
}

int cgroup_new(struct cgroup **cgroupp, const struct cgroups *cgroups, const char *instance,
               const struct cgroup_limits *limits)
{
    size_t bytes = strlen("instance-") + strlen(instance) + 1;
    struct cgroup *cgroup;
    int r;

    *cgroupp = NULL;
    if (!cgroups_controllers(cgroups))
        return 0;
    cgroup = calloc(1, sizeof(*cgroup) + bytes);
    if (!cgroup)
        return -ENOMEM;
    cgroup->cgroups = cgroups;
    snprintf(cgroup->name, bytes, "instance-%s", instance);
    cgroup->folder = cgroup_make(cgroups->workers, cgroup->name);
    r = cgroup->folder < 0 ? cgroup->folder : cgroup_limit(cgroup, limits);
    if (r < 0) {
        cgroup_free(cgroup);
        return r;
    }
    cgroup->kills = cgroup_kills(cgroup);
    *cgroupp = cgroup;
    return 0;
}

struct cgroup *cgroup_free(struct cgroup *cgroup)
{
    if (!cgroup)
        return NULL;
    if (cgroup->folder >= 0) {
        cgroup_write(cgroup->folder, "cgroup.kill", "1"); /* whom an unconfined script may have left */
        unlinkat(cgroup->cgroups->workers, cgroup->name, AT_REMOVEDIR);
        close(cgroup->folder);
    }
    free(cgroup);
    return NULL;
}

int cgroup_fd(const struct cgroup *cgroup)
{
    return cgroup->folder;
}

bool cgroup_is_out_of_memory(const struct cgroup *cgroup)
{
    return cgroup && cgroup_kills(cgroup) > cgroup->kills;
}

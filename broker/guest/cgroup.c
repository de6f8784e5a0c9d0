/* SPDX-License-Identifier: BSD-2-Clause */
/* The cgroup of a worker: the keeper makes it, since it alone may. */
#include "broker/guest/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "broker/base/runtime.h"
#include "broker/guest/private.h"
#include "broker/guest/spawn.h"
#include "broker/keeper/client.h"
#include "broker/os/cgroup_instance.h"
#include "firecurtain/cleanup.h"

/* Names the cgroup INSTANCE or INSTANCE.GENERATION: an instance's name has no dot. */
static int guest_name_cgroup(struct guest *guest)
{
    const char *slash = strchr(guest->spec.instance, '/'); /* after a user's name */
    int n = snprintf(guest->cgroup, sizeof(guest->cgroup), "%s", slash ? slash + 1 : guest->spec.instance);

    if (guest->spec.generation && n < (int)sizeof(guest->cgroup))
        n += snprintf(guest->cgroup + n, sizeof(guest->cgroup) - (size_t)n, ".%u", guest->spec.generation);
    return n < (int)sizeof(guest->cgroup) ? 0 : -ENAMETOOLONG;
}

int guest_cgroup_open(struct guest *guest, struct spawn_job *job)
{
    struct keeper *keeper = guest->runtime->keeper;
    struct cgroup_limits limits = {
        .memory_bytes = guest->spec.memory_bytes,
        .tasks = guest->spec.threads + SPAWN_OWN_THREADS,
        .cpu_percent = guest->spec.cpu_percent,
    };
    unsigned controllers = cgroups_controllers(guest->runtime->cgroups);
    int r;

    if (!controllers)
        return 0;
    r = guest_name_cgroup(guest);
    if (r == 0)
        r = keeper_make_cgroup(keeper, guest->spec.account, guest->cgroup, &limits);
    if (r < 0) {
        guest->cgroup[0] = '\0';
        return r;
    }
    job->request.flags |= SPAWN_IN_CGROUP;
    job->descriptors[SPAWN_CGROUP] = r;
    if (!(controllers & CGROUP_MEMORY))
        return 0;
    r = keeper_open_memory_events(keeper, guest->spec.account, guest->cgroup);
    if (r < 0)
        return r;
    guest->memory_events = r;
    guest->kills_before = cgroup_count_kills(r);
    return 0;
}

void guest_cgroup_close(struct guest *guest)
{
    fc_closep(&guest->memory_events);
    guest->memory_events = -1;
    if (guest->cgroup[0])
        keeper_remove_cgroup(guest->runtime->keeper, guest->spec.account, guest->cgroup);
    guest->cgroup[0] = '\0';
}

bool guest_is_out_of_memory(const struct guest *guest)
{
    return guest->memory_events >= 0 && cgroup_count_kills(guest->memory_events) > guest->kills_before;
}

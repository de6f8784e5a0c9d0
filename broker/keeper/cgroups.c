/* SPDX-License-Identifier: BSD-2-Clause */
/* Cgroups of instances, by name; runs in the keeper, which owns the tree. */
#include "broker/keeper/cgroups.h"

#include <errno.h>

#include "broker/os/cgroup_instance.h"

int keeper_do_make_cgroup(struct keeper_call *call)
{
    const struct keeper_request *request = call->request;

    if (!keeper_is_name(request->text))
        return -EPERM;
    call->fd = cgroup_make_instance(call->spec->cgroups, request->account, request->text, &request->limits);
    return call->fd < 0 ? call->fd : 0;
}

int keeper_do_open_memory_events(struct keeper_call *call)
{
    if (!keeper_is_name(call->request->text))
        return -EPERM;
    call->fd = cgroup_open_memory_events(call->spec->cgroups, call->request->account, call->request->text);
    return call->fd < 0 ? call->fd : 0;
}

int keeper_do_remove_cgroup(struct keeper_call *call)
{
    if (!keeper_is_name(call->request->text))
        return -EPERM;
    cgroup_remove_instance(call->spec->cgroups, call->request->account, call->request->text);
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Layer "namespaces": which ones a worker is born in. */
#include "worker/sandbox/namespaces.h"

#include <sched.h>

uint64_t sandbox_namespaces(const struct sandbox *sandbox)
{
    uint64_t flags =
        CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

    if (!sandbox->namespaces || sandbox->none)
        return 0;
    return sandbox->host_network ? flags : flags | CLONE_NEWNET;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's operations on cgroups of instances (os/cgroup_instance.h). Runs in the keeper. */
#ifndef BROKER_KEEPER_CGROUPS_H
#define BROKER_KEEPER_CGROUPS_H

#include "broker/keeper/private.h"

int keeper_do_make_cgroup(struct keeper_call *call);
int keeper_do_open_memory_events(struct keeper_call *call);
int keeper_do_remove_cgroup(struct keeper_call *call);

#endif

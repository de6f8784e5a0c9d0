/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of the keeper's operations; runs in the keeper. An operation is a row here, and nothing beside
 * it.
 */
#include "broker/keeper/operations.h"

#include <assert.h>
#include <errno.h>

#include "broker/keeper/cgroups.h"
#include "broker/keeper/files.h"
#include "broker/keeper/gates.h"
#include "broker/keeper/lookup.h"
#include "broker/keeper/processes.h"
#include "broker/keeper/start.h"
#include "firecurtain/cleanup.h"

static const keeper_operation_fn keeper_operations[] = {
    [KEEPER_START] = keeper_do_start,
    [KEEPER_START_GATE] = keeper_do_start_gate,
    [KEEPER_START_DESK] = keeper_do_start_desk,
    [KEEPER_START_DRIVER] = keeper_do_start_driver,
    [KEEPER_MAKE_STATE_FOLDER] = keeper_do_make_state_folder,
    [KEEPER_OPEN_STATE_FOLDER] = keeper_do_open_state_folder,
    [KEEPER_OPEN_SHOWN] = keeper_do_open_shown,
    [KEEPER_WATCH] = keeper_do_watch,
    [KEEPER_TAKE_DESCRIPTOR] = keeper_do_take_descriptor,
    [KEEPER_TAKE_LISTENER] = keeper_do_take_listener,
    [KEEPER_OPEN_MEMORY] = keeper_do_open_memory,
    [KEEPER_OPEN_MAPS] = keeper_do_open_maps,
    [KEEPER_OPEN_PROCESS] = keeper_do_open_process,
    [KEEPER_SIGNAL] = keeper_do_signal,
    [KEEPER_MAKE_CGROUP] = keeper_do_make_cgroup,
    [KEEPER_OPEN_MEMORY_EVENTS] = keeper_do_open_memory_events,
    [KEEPER_REMOVE_CGROUP] = keeper_do_remove_cgroup,
    [KEEPER_READ] = keeper_do_read,
    [KEEPER_OWNS] = keeper_do_owns,
    [KEEPER_CONFINES] = keeper_do_confines,
    [KEEPER_LOOKUP] = keeper_do_lookup,
};
static_assert(FC_ARRAY_SIZE(keeper_operations) == KEEPER_OPERATIONS_, "an operation has no row");

keeper_operation_fn keeper_find_operation(int32_t operation)
{
    return operation >= 0 && operation < KEEPER_OPERATIONS_ ? keeper_operations[operation] : NULL;
}

int keeper_carry_out(struct keeper_call *call)
{
    keeper_operation_fn carry_out = keeper_find_operation(call->request->operation);

    if (call->request->account >= call->spec->n_accounts)
        return -EPERM;
    return carry_out ? carry_out(call) : -EINVAL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keeper's operations on processes: children of the broker. These are zygotes, workers, drivers, the
 * desk, and scribe and writer, which the broker has forked itself; which of these one is, is not
 * looked at but where a function says so. Runs in the keeper.
 */
#ifndef BROKER_KEEPER_PROCESSES_H
#define BROKER_KEEPER_PROCESSES_H

#include "broker/keeper/private.h"

/* Only workers without a filter need this one, whose sockets no gate can duplicate for the broker. */
int keeper_do_take_descriptor(struct keeper_call *call);
int keeper_do_take_listener(struct keeper_call *call);
int keeper_do_open_memory(struct keeper_call *call);
int keeper_do_open_maps(struct keeper_call *call);
int keeper_do_open_process(struct keeper_call *call);
int keeper_do_signal(struct keeper_call *call);

/* Returns 0 if the child has the uid of the account's workers. */
int keeper_do_owns(struct keeper_call *call);

/* Returns 0 if the process is neither a child of the broker nor in a process namespace below this one. */
int keeper_do_confines(struct keeper_call *call);

#endif

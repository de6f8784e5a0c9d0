/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's operations: what the broker may ask for. Runs in the keeper. */
#ifndef BROKER_KEEPER_OPERATIONS_H
#define BROKER_KEEPER_OPERATIONS_H

#include <stdint.h>

#include "broker/keeper/private.h"

/* Returns the function of an operation (enum keeper_operation), or NULL if there is none with this number. */
keeper_operation_fn keeper_find_operation(int32_t operation);

/*
 * Carries out a request that may say anything. Returns what the operation returned, -EPERM if there is no
 * such account, or -EINVAL if there is no such operation. `call->fd` is the caller's afterwards.
 */
int keeper_carry_out(struct keeper_call *call);

#endif

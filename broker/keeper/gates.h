/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's operation that starts a gate, which is the keeper's child. Runs in the keeper. */
#ifndef BROKER_KEEPER_GATES_H
#define BROKER_KEEPER_GATES_H

#include "broker/keeper/private.h"

/* Takes two descriptors: the gate's socket and its memory. Ends the account's former gate, if it lives. */
int keeper_do_start_gate(struct keeper_call *call);

/* Ends all gates. */
void gates_end(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The system calls that the gate carries out; it refuses every other. */
#ifndef BROKER_GATE_CALLS_H
#define BROKER_GATE_CALLS_H

#include "broker/gate/private.h"

#define GATE_CALLS 14

extern const struct gate_call {
    const char *name;
    gate_call_fn handle;
} gate_calls[GATE_CALLS];

#endif

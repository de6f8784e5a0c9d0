/* SPDX-License-Identifier: BSD-2-Clause */
/* Names in the rules of a policy, which become addresses once. */
#ifndef BROKER_GATE_POLICY_RESOLVE_H
#define BROKER_GATE_POLICY_RESOLVE_H

#include "broker/gate/policy.h"

/*
 * Looks up the names of a policy that has not been resolved; blocks. 0, -EHOSTUNREACH with the name in
 * `reason`, or -ENOMEM; on failure nothing has changed.
 */
int policy_resolve(struct policy *policy, struct fc_reason *reason);

#endif

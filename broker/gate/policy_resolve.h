/* SPDX-License-Identifier: BSD-2-Clause */
/* Names in the rules of a policy, which become addresses once. */
#ifndef BROKER_GATE_POLICY_RESOLVE_H
#define BROKER_GATE_POLICY_RESOLVE_H

#include "broker/gate/policy.h"

struct fc_lookups;

/*
 * Looks up the names of a policy that has not been resolved. 0; -EINPROGRESS while some are being looked up
 * (firecurtain/lookup.h), to be called again; -EHOSTUNREACH with the name in `reason`, or -ENOMEM. Unless it
 * returns 0, nothing has changed.
 */
int policy_resolve(struct policy *policy, struct fc_lookups *lookups, struct fc_reason *reason);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of a policy, as text. */
#ifndef BROKER_GATE_POLICY_DESCRIBE_H
#define BROKER_GATE_POLICY_DESCRIBE_H

#include "broker/gate/policy.h"

/*
 * Describes the rule `i` of the `n_read` first ones: as in a configuration ("connect = tcp:10.0.0.5:80"), and
 * in words ("may open TCP connections to 10.0.0.5, port 80"). Text that does not fit is cut.
 */
void policy_describe(const struct policy *policy, size_t i, char *option, size_t option_bytes, char *words,
                     size_t words_bytes);

#endif

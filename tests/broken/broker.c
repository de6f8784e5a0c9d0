/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks of the broker that do nothing. One of them replaces the real one in a broker (-Wl,--wrap), which
 * then accepts any message, number, address or size, or does not confine itself;
 * tests/escape/test_broken.py shows that this is noticed.
 */
#include "broker/gate/policy.h"
#include "broker/keeper/folder_limit.h"
#include "broker/os/confine.h"
#include "proto/order.h"
#include "proto/progress.h"

bool __wrap_order_legal(enum order_state state, enum message_type type);
bool __wrap_order_legal(enum order_state state, enum message_type type)
{
    return true;
}

size_t __wrap_progress_copy_outputs(const struct progress_reader *reader, const struct progress_state *state,
                                    uint64_t first, uint32_t *channels, double *values);
size_t __wrap_progress_copy_outputs(const struct progress_reader *reader, const struct progress_state *state,
                                    uint64_t first, uint32_t *channels, double *values)
{
    size_t n = (size_t)(state->outputs - first) % PROGRESS_OUTPUTS;

    for (size_t i = 0; i < n; i++) {
        channels[i] = reader->shared->channels[i];
        values[i] = reader->shared->values[i];
    }
    return n;
}

int __wrap_policy_judge(const struct policy *policy, enum policy_use use, enum policy_protocol protocol,
                        int family, const void *sockaddr, size_t bytes, struct policy_target *target);
int __wrap_policy_judge(const struct policy *policy, enum policy_use use, enum policy_protocol protocol,
                        int family, const void *sockaddr, size_t bytes, struct policy_target *target)
{
    int r = policy_read_address(&target->address, sockaddr, bytes);

    if (r == 0)
        r = policy_write_address(&target->address, family, &target->sockaddr);
    target->n_bytes = r > 0 ? (socklen_t)r : 0;
    return r < 0 ? r : 0;
}

int __wrap_folder_limit_new(struct folder_limit **limit, struct folder_limits *monitor,
                            const struct folder_limit_spec *spec);
int __wrap_folder_limit_new(struct folder_limit **limit, struct folder_limits *monitor,
                            const struct folder_limit_spec *spec)
{
    *limit = NULL;
    return 0;
}

int __wrap_confine_broker(const struct confine_spec *spec);
int __wrap_confine_broker(const struct confine_spec *spec)
{
    return 0;
}

int __wrap_confine_gate(const struct confine_spec *spec);
int __wrap_confine_gate(const struct confine_spec *spec)
{
    return 0;
}

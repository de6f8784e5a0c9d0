/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps an allowance of audit lines for each uid, and each browser, that has asked lately. */
#include "broker/control/audit_limit.h"

#include "broker/control/private.h"

struct audit_limit *audit_limit_of(struct control *control, uid_t uid, unsigned token, uint64_t now_ns)
{
    struct audit_limit *oldest = &control->audit_limits[0];

    for (size_t i = 0; i < control->n_audit_limits; i++) {
        struct audit_limit *limit = &control->audit_limits[i];

        if (limit->uid == uid && limit->token == token) {
            limit->used_ns = now_ns;
            return limit;
        }
        if (limit->used_ns < oldest->used_ns)
            oldest = limit;
    }
    if (control->n_audit_limits < CONTROL_MAX_AUDIT_LIMITS)
        oldest = &control->audit_limits[control->n_audit_limits++];
    *oldest = (struct audit_limit){.uid = uid, .token = token, .used_ns = now_ns};
    log_limit_init(&oldest->emits, 20, 5);
    log_limit_init(&oldest->audits, 20, 5);
    return oldest;
}

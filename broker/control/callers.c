/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps an allowance of audit lines for each uid, and each browser, that has asked lately. */
#include "broker/control/callers.h"

#include "broker/control/private.h"

struct control_caller *control_caller_of(struct control *control, uid_t uid, unsigned token, uint64_t now_ns)
{
    struct control_caller *oldest = &control->callers[0];

    for (size_t i = 0; i < control->n_callers; i++) {
        struct control_caller *caller = &control->callers[i];

        if (caller->uid == uid && caller->token == token) {
            caller->used_ns = now_ns;
            return caller;
        }
        if (caller->used_ns < oldest->used_ns)
            oldest = caller;
    }
    if (control->n_callers < CONTROL_MAX_CALLERS)
        oldest = &control->callers[control->n_callers++];
    *oldest = (struct control_caller){.uid = uid, .token = token, .used_ns = now_ns};
    log_limit_init(&oldest->emits, 20, 5);
    log_limit_init(&oldest->audits, 20, 5);
    return oldest;
}

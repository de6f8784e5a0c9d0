/* SPDX-License-Identifier: BSD-2-Clause */
/* What each uid, and each browser, may cause in the audit log. */
#ifndef BROKER_CONTROL_CALLERS_H
#define BROKER_CONTROL_CALLERS_H

#include <stdint.h>
#include <sys/types.h>

struct control;
struct control_caller;

/* Returns the allowance of a uid, or with `token` of its browser; that which was not used longest gives way.
 */
struct control_caller *control_caller_of(struct control *control, uid_t uid, unsigned token, uint64_t now_ns);

#endif

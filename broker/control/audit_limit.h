/* SPDX-License-Identifier: BSD-2-Clause */
/* What each uid, and each browser, may cause in the audit log. */
#ifndef BROKER_CONTROL_AUDIT_LIMIT_H
#define BROKER_CONTROL_AUDIT_LIMIT_H

#include <stdint.h>
#include <sys/types.h>

struct control;
struct audit_limit;

/* Returns the allowance of a uid, or with `token` of its browser; that which was not used longest gives way.
 */
struct audit_limit *audit_limit_of(struct control *control, uid_t uid, unsigned token, uint64_t now_ns);

#endif

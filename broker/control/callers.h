/* SPDX-License-Identifier: BSD-2-Clause */
/* What each uid may cause in the audit log. */
#ifndef BROKER_CONTROL_CALLERS_H
#define BROKER_CONTROL_CALLERS_H

#include <stdint.h>
#include <sys/types.h>

struct control;
struct control_caller;

/* Returns the allowance of a uid; that of the uid that was away longest gives way. */
struct control_caller *control_caller_of(struct control *control, uid_t uid, uint64_t now_ns);

#endif

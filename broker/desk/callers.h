/* SPDX-License-Identifier: BSD-2-Clause */
/* How much each uid may ask in a second. In the desk. */
#ifndef BROKER_DESK_CALLERS_H
#define BROKER_DESK_CALLERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "broker/base/rate.h"

#define CALLERS_MAX 64 /* uids that are known at a time */

struct callers {
    struct caller {
        uid_t uid;
        uint64_t used_ns;
        uint64_t barred_ns; /* see callers_bar() */
        struct rate rate;
    } list[CALLERS_MAX];
    size_t n;
};

/* Takes `cost` from the allowance of a uid. False if there is not so much. */
bool callers_take(struct callers *callers, uid_t uid, uint64_t cost, uint64_t now_ns);

/* Notes that a uid has guessed at a secret, and may not try again until a time. */
void callers_bar(struct callers *callers, uid_t uid, uint64_t until_ns, uint64_t now_ns);

bool callers_is_barred(struct callers *callers, uid_t uid, uint64_t now_ns);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What a backend's fc_driver.needs() says, as the broker sees it. Only for this folder. */
#ifndef BROKER_PROXY_NEEDS_H
#define BROKER_PROXY_NEEDS_H

#include <stdio.h>

#include "broker/gate/policy.h"
#include "firecurtain/driver.h"

struct fc_needs {
    struct policy *policy; /* takes the hosts; NULL: nobody does */
    FILE *out;             /* takes everything, in words; NULL: likewise */
    unsigned n_said;       /* lines */
    struct fc_reason reason;
    int r; /* the first error of the policy */
};

#endif

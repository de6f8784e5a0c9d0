/* SPDX-License-Identifier: BSD-2-Clause */
/* Failures of networks, in the log. Used in the broker. */
#include "broker/backends/net_failure.h"

#include <string.h>

#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define OVER_NS (5 * FC_NS_PER_S)

void net_failure_note(struct net_failure *failure, const struct fc_instance *instance, const char *what,
                      int error)
{
    failure->last_ns = fc_now_ns();
    if (failure->n++ == 0)
        fc_log(FC_LOG_WARNING, fc_instance_name(instance), "%s: %s; tried on", what, strerror(error));
}

void net_failure_works(struct net_failure *failure, const struct fc_instance *instance)
{
    if (failure->n == 0 || fc_now_ns() < failure->last_ns + OVER_NS)
        return;
    fc_log(FC_LOG_INFO, fc_instance_name(instance), "the network works again, after %zu failures",
           failure->n);
    failure->n = 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a list of hosts and ports. */
#include "broker/backends/osc_destinations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/cleanup.h"

void osc_destinations_clear(struct osc_destinations *destinations)
{
    for (size_t i = 0; i < destinations->n; i++)
        net_host_clear(&destinations->hosts[i]);
    destinations->n = 0;
}

/* Reads one more. */
static int add(struct osc_destinations *made, const char *text, bool is_only, struct fc_reason *reason)
{
    text += strspn(text, " \t");
    if (!text[0] && !is_only)
        return fc_refuse(reason, "a host and a port are missing on one side of a comma");
    if (made->n == OSC_DESTINATIONS_MAX)
        return fc_refuse(reason, "an instance sends to at most %d destinations", OSC_DESTINATIONS_MAX);
    if (strncmp(text, "learn", 5) == 0 && (!text[5] || strchr("@ \t", text[5])))
        return fc_refuse(reason, "learn cannot stand beside other destinations: use an instance of its own");
    made->hosts[made->n] = (struct net_host){0};
    return net_host_read(&made->hosts[made->n++], text, NULL, 1, reason);
}

int osc_destinations_read(struct osc_destinations *destinations, const char *value, struct fc_reason *reason)
{
    FC_CLEANUP(osc_destinations_clear) struct osc_destinations made = {.n = 0};
    FC_AUTO_FREE char *list = strdup(value);
    char *rest = list, *text;
    bool is_only = !strchr(value, ',');
    int result = 0;

    if (!list)
        return -ENOMEM;
    while ((text = strsep(&rest, ","))) {
        int r = add(&made, text, is_only, reason);

        if (r < 0)
            return r;
        result = r ? r : result;
    }
    osc_destinations_clear(destinations);
    *destinations = made;
    made.n = 0;
    return result;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a driver may connect to. Like a worker, it is in a network of its own, and the gate puts connected
 * sockets in place of the driver's: to the hosts that the instance's options name, and no other. Runs in the
 * broker.
 */
#include "broker/proxy/network.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "broker/gate/policy_resolve.h"
#include "broker/keeper/client.h"
#include "broker/os/confine_driver.h"
#include "broker/proxy/end.h"
#include "broker/proxy/needs.h"
#include "broker/proxy/private.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/driver.h"

int network_resolve(struct proxy *proxy)
{
    const struct fc_driver *driver = proxy->row->driver;
    struct fc_needs needs = {.policy = &proxy->policy};

    if (!driver->needs)
        return 0;
    if (!fc_instance_lookups(proxy->instance))
        return -ENOMEM;
    if (!proxy->policy.n_rules)
        driver->needs(proxy->self, &needs);
    if (needs.r == 0)
        needs.r = policy_resolve(&proxy->policy, fc_instance_lookups(proxy->instance), &needs.reason);
    if (needs.r < 0 && needs.r != -EINPROGRESS && needs.r != -ENOMEM)
        fc_because(proxy->instance, &needs.reason);
    return needs.r;
}

static int network_open_memory(void *userdata)
{
    const struct proxy *proxy = userdata;

    return keeper_open_memory(proxy_runtime(proxy)->keeper, proxy->pid);
}

static int network_open_maps(void *userdata)
{
    const struct proxy *proxy = userdata;

    return keeper_open_maps(proxy_runtime(proxy)->keeper, proxy->pid);
}

/* Nothing is asked for that could be placed. */
static void network_placed(void *userdata, int fd, int own)
{
    (void)userdata, (void)fd;
    fc_closep(&own);
}

static void network_failed(void *userdata, int error)
{
    proxy_end_driver(userdata, "its connections cannot be watched: %s", strerror(-error));
}

static void network_offends(void *userdata, uint64_t waited_ns)
{
    proxy_end_driver(userdata, "it kept its gate waiting for %.1f s", (double)waited_ns / FC_NS_PER_S);
}

static void network_deleted(void *userdata, uint64_t bytes)
{
    (void)userdata, (void)bytes; /* it can write no file */
}

static const struct gate_link_ops network_ops = {
    .open_memory = network_open_memory,
    .open_maps = network_open_maps,
    .placed = network_placed,
    .failed = network_failed,
    .offends = network_offends,
    .deleted = network_deleted,
};

int network_open(struct proxy *proxy, int fd)
{
    struct runtime *runtime = proxy_runtime(proxy);
    const struct gate_link_spec spec = {
        .instance = proxy->instance->name,
        .policy = &proxy->policy,
        .pidfd = proxy->pidfd,
        .files = CONFINE_DRIVER_FILES,
        .log_rate = PROXY_LOG_RATE,
    };
    int listener = keeper_take_listener(runtime->keeper, proxy->pid, fd);
    int r = listener < 0 ? listener
                         : gate_link_new(&proxy->gate, runtime->accounts[0].gate, &spec, listener,
                                         &network_ops, proxy);

    if (r < 0)
        network_failed(proxy, r);
    return r;
}

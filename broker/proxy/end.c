/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a driver's link, and of a driver that is not to go on. Runs in the broker. */
#include "broker/proxy/end.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include "broker/keeper/client.h"
#include "broker/proxy/private.h"
#include "proto/link.h"

void proxy_end_link(struct proxy *proxy)
{
    loop_cancel_timer(proxy_runtime(proxy)->loop, &proxy->deadline);
    child_link_close(&proxy->link);
    proxy->gate = gate_link_free(proxy->gate);
    queue_clear(&proxy->queue);
    proxy->state = ORDER_CLOSED;
}

void proxy_end_driver(struct proxy *proxy, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(proxy->fate, sizeof(proxy->fate), format, arguments);
    va_end(arguments);
    proxy_end_link(proxy);
    keeper_signal(proxy_runtime(proxy)->keeper, proxy->pid, SIGKILL);
}

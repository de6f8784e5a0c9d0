/* SPDX-License-Identifier: BSD-2-Clause */
/* The structure of a proxy, for the files of this folder. */
#ifndef BROKER_PROXY_PRIVATE_H
#define BROKER_PROXY_PRIVATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "broker/base/log_source.h"
#include "broker/base/loop.h"
#include "broker/base/queue.h"
#include "broker/base/restart.h"
#include "broker/base/runtime.h"
#include "broker/child/child_link.h"
#include "broker/child/output.h"
#include "broker/child/reaper.h"
#include "broker/gate/link.h"
#include "broker/gate/policy.h"
#include "broker/show/instance.h"
#include "broker/show/show.h"
#include "proto/order.h"

#define PROXY_QUEUE_EVENTS 65536
#define PROXY_LOG_RATE     20 /* lines a second */
#define PROXY_START_MS     10000
#define PROXY_HUNG_UP_MS   1000 /* from the end of its link to its own */
#define PROXY_BATCH_MS     5000 /* until it has answered a batch, and between two when there are no events */

struct proxy_channel {
    unsigned directions; /* enum fc_direction */
    double value;        /* that it was last set to; NAN: it was not */
};

struct proxy {
    struct fc_instance *instance;
    const struct fc_backend *row; /* the backend's own */
    void *self;                   /* its state here: the options, and nothing that is open */
    char *folder;
    struct message_option *options; /* in the order in which they were set; their strings are owned */
    size_t n_options;
    struct proxy_channel *channels;
    uint32_t n_channels;
    bool has_new_channels; /* the driver has not been told of */
    struct policy policy;  /* the hosts that it may connect to */

    /* the process */
    pid_t pid; /* 0: there is none */
    int pidfd;
    struct loop_source *death;
    struct log_source lines;
    struct output *output; /* what it logs */
    struct restart restarts;
    struct restart retries; /* by drivers that could not open what was missing when they were confined */
    bool is_retry;          /* the driver follows such a one; what is wrong has been said */
    struct timer restart;
    struct reaper_turn turn; /* an earlier driver of the instance has not ended yet */
    uint64_t began_ns;
    char fate[128]; /* why it is killed; empty: it is not */
    int failed;     /* why it could not be started; 0: it could */

    /* the conversation */
    enum order_state state; /* ORDER_CLOSED: there is none */
    struct gate_link *gate; /* NULL: it may connect to nothing */
    struct child_link link;
    struct timer deadline;
    struct queue queue; /* events that wait for the driver */
    uint64_t lost;      /* that the queue had lost at the last warning */
    uint64_t lost_ns;
    char status[CODEC_MAX_NAME + 1]; /* of the device */
};

static inline struct runtime *proxy_runtime(const struct proxy *proxy)
{
    return proxy->instance->show->runtime;
}

/* Whether it is told of events: its setup has been sent, and it has not been told to stop. */
static inline bool proxy_is_told(const struct proxy *proxy)
{
    return proxy->state == ORDER_LOCKING || proxy->state == ORDER_IMPORTING || proxy->state == ORDER_IDLE ||
           proxy->state == ORDER_BUSY;
}

#endif

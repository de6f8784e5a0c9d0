/* SPDX-License-Identifier: BSD-2-Clause */
/* The instance that a driver serves, for the files of this folder. */
#ifndef BROKER_HOST_PRIVATE_H
#define BROKER_HOST_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/base/backend_support.h"
#include "broker/base/loop.h"
#include "broker/base/queue.h"
#include "broker/os/confine.h"
#include "firecurtain/backend.h"
#include "proto/codec.h"
#include "proto/link.h"

#define HOST_QUEUE_EVENTS                                                                                    \
    65536u /* that wait for the broker; beyond that, each channel keeps its newest value */

struct host_channel {
    unsigned directions; /* enum fc_direction */
    double value;        /* that it was last set to; NAN: it was not */
};

struct fc_instance {
    const struct confine_spec *spec;
    struct loop *loop;
    int listener; /* of the system call filter, until the broker has it; or -1 */

    bool is_probe; /* it only says how it is confined */
    char *name;
    char *folder; /* of the configuration */
    const struct fc_backend *backend;
    void *self;
    struct host_channel *channels;
    uint32_t n_channels;

    /* the conversation */
    struct link_buffers *buffers;
    struct link *link;
    struct codec *codec;
    struct loop_source *source;
    uint32_t events;    /* what the link is polled for */
    struct queue queue; /* events that wait for the broker */
    bool is_done;       /* the broker is to be told that its batch was handled */
    bool ends;          /* the broker has said so, or has hung up */
    int failed;         /* why it cannot go on: -errno */

    /* the device */
    bool lacks_paths; /* something was not there when the process was confined, so it can never open it */
    bool is_replaced; /* ends so that another one can be confined to what is there by then */
    bool is_started;
    bool is_up;
    bool is_heard;
    bool has_news;    /* of the device, which the broker has not been told */
    uint64_t told_ns; /* when it was looked at last; 0: it is to be looked at */
    bool is_stale;    /* something has happened since */
    bool is_second_look;
    uint32_t malformed; /* that the broker has not been told */
    struct backend_drops drops;
    struct log_limit detects;
    char status[CODEC_MAX_NAME + 1]; /* as the broker was told */
    struct fc_reason because;        /* why the start fails that is under way; or empty */
    struct fc_reason why;            /* why the last one did; empty after one that succeeded */
    uint64_t retry_ns;
    struct timer retry;
    struct timer look; /* at what the backend says of itself */
};

#endif

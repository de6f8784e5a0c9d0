/* SPDX-License-Identifier: BSD-2-Clause */
/* The core's side of an instance: its name, its backend, its channels. */
#ifndef BROKER_SHOW_INSTANCE_H
#define BROKER_SHOW_INSTANCE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "broker/base/hash.h"
#include "broker/base/loop.h"
#include "broker/base/timer.h"
#include "broker/config/config.h"
#include "firecurtain/backend.h"
#include "proto/codec.h"

#define INSTANCE_MAX_CHANNELS CODEC_MAX_CHANNELS

/* In the place of a user's number. */
#define CHANNEL_UNWRITTEN UINT_MAX

struct show;
struct user;

struct channel_name {
    UT_hash_handle hh;
    uint32_t id;
    char text[]; /* the key */
};

/* control_watch.c: who wants to know of the channel's events, and the last one until it is told. */
struct channel_watch {
    uint32_t generation;
    uint32_t wanted; /* a bit per follower */
    double value;
    bool is_marked;
};

struct channel {
    struct channel_name *name;
    struct channel_watch watch;
    unsigned directions;   /* enum fc_direction */
    unsigned wanted;       /* what they are to become, while the show changes */
    uint32_t first_target; /* in the router's targets */
    uint32_t n_targets;
    struct config_location at; /* where a mapping first used it; file NULL if none did */
    unsigned
        writer; /* of one that users write: who did last, by her number; 0: the house; CHANNEL_UNWRITTEN */
    bool is_written_by_users;
};

struct fc_instance {
    struct show *show;
    char *name;         /* of a user's: USER/NAME */
    struct user *owner; /* of this show; NULL: the house */
    uint32_t max_channels;
    const struct fc_backend *backend;
    void *self;
    struct config_location at;
    struct channel *channels;
    uint32_t n_channels;
    uint32_t channels_capacity;
    struct channel_name *names; /* hash */
    char *signature;            /* what it was made from: of equal ones, all options are equal */
    bool started;
    bool settled; /* was up, or failed to be, at least once */
    bool up;
    bool is_ending;    /* was asked to, … */
    bool quiescing;    /* … and takes its time */
    bool is_stopping;  /* somebody wants it to end, and the show to go on, … */
    bool starts_again; /* … and it to start then */
    bool is_stopped;   /* until somebody starts it */
    uid_t stopped_by;
    struct loop_task after_stop;
    bool leaves;            /* is not in the next show, while it changes */
    size_t place;           /* in the show's list, while it changes */
    struct timer retry;     /* of `start` */
    uint64_t retry_ns;      /* how long until then: doubles */
    uint64_t start_took_ns; /* the last one: names that are looked up make everybody wait */
    bool is_dirty;
    struct fc_instance *next_dirty;
    uint64_t malformed;
    uint64_t malformed_logged_ns;
    uint64_t malformed_logged;
    UT_hash_handle hh; /* in the show, by name */
};

/* Makes an instance with the backend's state. -ENOMEM. */
int instance_new(struct fc_instance **instance, struct show *show, const char *name,
                 const struct fc_backend *backend, const char *directory);

/* Stops it if necessary. Takes NULL; returns NULL. */
struct fc_instance *instance_free(struct fc_instance *instance);

/* The id of a channel, or -ENOENT. */
int64_t instance_find_channel(const struct fc_instance *instance, const char *name);

/* The id of a channel, made if it is new. -ENOMEM, -ENOSPC above `max_channels`. */
int64_t instance_add_channel(struct fc_instance *instance, const char *name);

/* The name without the user's. */
const char *instance_own_name(const struct fc_instance *instance);

/* The number of the account whose workers it has, see users.h. */
unsigned instance_account(const struct fc_instance *instance);

static inline const char *instance_channel_name(const struct fc_instance *instance, uint32_t id)
{
    return instance->channels[id].name->text;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The core's side of an instance: its name, its backend, its channels, and the state that it is in. */
#ifndef BROKER_SHOW_INSTANCE_H
#define BROKER_SHOW_INSTANCE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "broker/base/backend_support.h"
#include "broker/base/hash.h"
#include "broker/base/loop.h"
#include "broker/base/timer.h"
#include "broker/config/config.h"
#include "firecurtain/backend.h"
#include "proto/codec.h"

#define INSTANCE_MAX_CHANNELS CODEC_MAX_CHANNELS

#define CHANNEL_UNWRITTEN UINT_MAX /* in place of a writer's number: nobody has written the channel */

struct show;
struct user;

struct channel_name {
    UT_hash_handle hh;
    uint32_t id;
    char text[]; /* the key */
};

/* Kept for control/watch.c while clients watch: what the desk knows of the channel, and its last event. */
struct channel_watch {
    uint32_t generation; /* of the number */
    uint32_t epoch;      /* of what the desk knows about who may see it */
    uint32_t number;
    double value;
    bool is_marked;
};

struct channel {
    struct channel_name *name;
    struct channel_watch watch;
    unsigned directions;   /* enum fc_direction */
    unsigned wanted;       /* the directions in the next show, while the show changes */
    uint32_t first_target; /* in the router's targets */
    uint32_t n_targets;
    struct config_location at;        /* of the first mapping that uses the channel; file NULL if none does */
    struct config_location source_at; /* of the first one that leads away from it */
    bool is_written_by_users;
    /* the last one, if users write the channel: a user's number, 0 for the house, or CHANNEL_UNWRITTEN */
    unsigned writer;
};

/* The life of an instance. The legal changes are a table in instance.c. */
enum instance_state {
    INSTANCE_NEW,      /* not started yet */
    INSTANCE_STARTING, /* started for the first time, and neither up nor down so far */
    INSTANCE_LOOKING,  /* names are being looked up, and its start is repeated when they are known */
    INSTANCE_UP,
    INSTANCE_DOWN,    /* started, but not up at the moment */
    INSTANCE_FAILED,  /* could not be started; `retry` tries again */
    INSTANCE_ENDING,  /* asked to end, which takes until fc_quiesced() */
    INSTANCE_ENDED,   /* at rest, but its backend has not been stopped yet */
    INSTANCE_STOPPED, /* by `stopped_by`; stays so until somebody starts it */
};

/* Whether this machine lets a script be confined, as far as its instance has found out. */
enum instance_sandbox {
    INSTANCE_UNTRIED,
    INSTANCE_CONFINED,
    INSTANCE_REFUSED,
};

/* What somebody wants of a single instance, until it is done. */
enum instance_request {
    INSTANCE_GO_ON,
    INSTANCE_STOP,
    INSTANCE_RESTART,
};

struct fc_instance {
    struct show *show;
    char *name;         /* USER/NAME if a user owns it */
    struct user *owner; /* in this show; NULL: the house */
    uint32_t max_channels;
    const struct fc_backend *backend;
    void *self;
    struct config_location at;
    bool is_misread; /* an option of it was refused: then nothing is said of what is missing or doubtful */
    struct channel *channels;
    double *values; /* by channel: that of its last event, in either direction; NAN: there was none */
    uint32_t n_channels;
    struct channel_name *names; /* hash */
    char *signature;            /* what it was made from: instances with equal ones have equal options */
    enum instance_state state;  /* set by instance_set_state() */
    enum instance_request request;
    enum instance_sandbox sandbox; /* set by its backend, if that has one */
    uid_t stopped_by;              /* who made the request */
    struct loop_task after_stop;
    bool leaves;                /* while the show changes: it is not in the next one */
    size_t place;               /* while the show changes: in the next show's list */
    char *because;              /* why the start fails that is under way; or NULL */
    char *failed;               /* why the last one did; NULL after one that succeeded */
    uint64_t n_failed;          /* how often in a row, for that reason */
    struct timer retry;         /* of a failed start */
    uint64_t retry_ns;          /* the delay before it, doubled each time */
    uint64_t start_took_ns;     /* the last time */
    struct fc_lookups *lookups; /* the names that its start needs; NULL: none so far */
    /* kept for control/present.c: new watches are to be told what its channels are now, from `next` on */
    struct {
        bool is_wanted;
        uint32_t next;
    } present;
    bool is_dirty; /* in the router's list of instances to flush */
    struct fc_instance *next_dirty;
    uint64_t n_emitted; /* events, by its backend */
    uint64_t n_set;     /* events, on its channels */
    uint64_t heard_ns;  /* when something came from outside; 0: nothing has */
    struct backend_drops drops;
    struct log_limit detects; /* lines about what came in */
    UT_hash_handle hh;        /* in the show, by name */
};

/* Makes an instance with the backend's state of it. 0 or -ENOMEM. */
int instance_new(struct fc_instance **instance, struct show *show, const char *name,
                 const struct fc_backend *backend, const char *directory);

/* Stops it if necessary. Takes NULL; returns NULL. */
struct fc_instance *instance_free(struct fc_instance *instance);

/* Whether the state `to` may follow the state `from`. */
bool instance_may_become(enum instance_state from, enum instance_state to);

/* Changes the state; an illegal change is a bug. */
void instance_set_state(struct fc_instance *instance, enum instance_state state);

/* Whether the backend was started and not stopped since. */
static inline bool instance_is_started(const struct fc_instance *instance)
{
    return (1u << instance->state) & (1u << INSTANCE_STARTING | 1u << INSTANCE_UP | 1u << INSTANCE_DOWN |
                                      1u << INSTANCE_ENDING | 1u << INSTANCE_ENDED);
}

static inline bool instance_is_stopped(const struct fc_instance *instance)
{
    return instance->state == INSTANCE_STOPPED;
}

/* Returns the id of a channel, or -ENOENT. */
int64_t instance_find_channel(const struct fc_instance *instance, const char *name);

/* Returns the id of a channel, which is added if it is new. -ENOMEM, or -ENOSPC above `max_channels`. */
int64_t instance_add_channel(struct fc_instance *instance, const char *name);

/* Takes back the channel that was added last, since the backend has refused it. */
void instance_drop_channel(struct fc_instance *instance);

/* Takes over the values of channels from an instance of the same name. */
void instance_take_values(struct fc_instance *instance, const struct fc_instance *from);

/*
 * Writes the one spelling that a channel has here, of `name` as a configuration has it, with its NUL. -EINVAL
 * with `reason` filled.
 */
int instance_canonical(const struct fc_instance *instance, const char *name, char *canonical, size_t bytes,
                       struct fc_reason *reason);

/* Returns the name without the owner's in front of it. */
const char *instance_own_name(const struct fc_instance *instance);

/* Returns the number of the account under which its workers run: 0 for the house, then the users. */
unsigned instance_account(const struct fc_instance *instance);

static inline const char *instance_channel_name(const struct fc_instance *instance, uint32_t id)
{
    return instance->channels[id].name->text;
}

#endif

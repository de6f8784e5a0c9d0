/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files control*.c of the broker share. */
#ifndef BROKER_CONTROL_PRIVATE_H
#define BROKER_CONTROL_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/log.h"
#include "broker/base/loop.h"
#include "broker/base/rate.h"
#include "broker/config/roles.h"
#include "broker/control/control.h"
#include "broker/control/log_ring.h"
#include "broker/show/route.h"
#include "broker/show/user.h"
#include "proto/arena.h"
#include "proto/codec_control.h"
#include "proto/control_link.h"

#define CONTROL_MAX_CALLERS       32    /* uids whose rate is known at a time */
#define CONTROL_MAX_ITEMS         128   /* of a list in one reply, … */
#define CONTROL_MAX_PAGE          32768 /* … and about so many bytes of text */
#define CONTROL_MAX_TEXT          8192  /* of a reply, for people */
#define CONTROL_MAX_PENDING       64    /* calls that are answered when something is over */
#define CONTROL_PENDING_PER_UID   8     /* … of one uid but root and the broker's own, for whom … */
#define CONTROL_PENDING_KEPT      16    /* … so many places are kept free of others */
#define CONTROL_FOLLOWERS         32    /* a bit each, … */
#define CONTROL_FOLLOWERS_PER_UID 8     /* … of one uid but root and the broker's own, for whom … */
#define CONTROL_FOLLOWERS_KEPT    8     /* … so many are kept */
#define CONTROL_MAX_PATTERNS      64    /* of one of them */

struct fc_instance;
struct recording;

/* Who asks: what the kernel says, and what the configuration makes of it. */
struct control_call {
    struct control_route_id client;
    struct control_peer peer;
    enum control_role role;
    unsigned account; /* her number, if a user asks, see users.h; or 0 */
    enum control_verb verb;
    uint64_t id;
    char subject[CONTROL_MAX_NAME + 1]; /* the first name, for the audit log */
};

/* Answered when an instance has stopped, or the configuration was read. */
struct control_pending {
    struct control_call call;
    bool is_used;
    bool is_next;      /* of a reload: not the one under way, but the next */
    unsigned account;  /* of a reload: whose show it is about; 0: all */
    uint64_t began_ns; /* then */
};

/* Who gets what comes, in answer to a request with `follow`. */
struct control_follower {
    struct control_call call;
    bool is_used;
    bool is_told;       /* since `told_ns` was looked at */
    uint64_t told_ns;   /* when something was sent last: now and then, to notice that the client has gone */
    uint64_t missed;    /* what it did not read in time */
    uint64_t next_line; /* of the log */
    char **patterns;    /* of channels, or the name of one instance; … */
    size_t n_patterns;  /* … none: all of the log */
};

struct control_caller {
    uid_t uid;
    struct rate rate;
    struct log_limit audits; /* of who is no administrator */
    uint64_t used_ns;
};

/* Who writes down what happens. */
struct control_recorder {
    struct control *control;
    struct control_follower *follower;
    struct recording *recording; /* or NULL */
};

struct control {
    struct control_spec spec;
    struct show *show;
    struct link_context
        *links; /* of its own: what clients do costs the thread of the workers' links nothing */
    struct control_server *server;
    struct loop_source *source;
    struct loop_task receive;
    struct timer resume; /* when there is allowance again; until then nothing is read */
    bool is_paused;
    bool is_in_turn; /* receiving */
    struct rate rate;
    struct control_caller callers[CONTROL_MAX_CALLERS];
    size_t n_callers;
    struct codec_control *requests; /* decodes; what a request points to is its */
    struct codec_control *replies;
    struct arena texts; /* of the reply that is being made */
    struct control_pending pending[CONTROL_MAX_PENDING];
    uint64_t reload_after_ns[USER_MAX + 1]; /* when a user may have hers read again, by her number, … */
    uint64_t start_after_ns[USER_MAX + 1];  /* … or one started; 0: when any user may */
    struct log_ring log;
    struct control_follower log_followers[CONTROL_FOLLOWERS];
    struct timer log_flush;
    struct watch {
        struct control_follower followers[CONTROL_FOLLOWERS];
        size_t n_followers;
        uint32_t generation;          /* of the followers: what channels know of them is of one */
        struct route_target *changed; /* a ring: each channel at most once */
        size_t head, n_changed, capacity;
        struct timer flush;
    } watch;
    struct {
        struct control_follower followers[CONTROL_FOLLOWERS];
        struct control_recorder list[CONTROL_FOLLOWERS];
        struct timer look;
    } recorders;
    int landlock_abi; /* or -errno */
    struct log_limit malformed;
};

/* Whether the answer is in `reply`; else it comes later, or has been sent. */
typedef bool (*control_fn)(struct control *control, const struct control_call *call,
                           const struct control_request *request, struct control_reply *reply);

/* Sends. -EAGAIN or -EHOSTUNREACH if the client does not read, or has gone: nobody minds. */
int control_send(struct control *control, const struct control_call *call, struct control_reply *reply);

/* Sends the answer to a change or a refused request, and writes the audit log. */
void control_finish(struct control *control, const struct control_call *call, struct control_reply *reply);

/* A text in the arena; "" when that is full. */
const char *control_format(struct control *control, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* control_scope.c: the user with this number, if there is one who was not revoked; or NULL. */
struct user *control_user(const struct show *show, unsigned account);

/* Whether a caller may know of an instance, a channel, or a mapping. */
bool control_may_see(const struct control_call *call, const struct fc_instance *instance);
bool control_may_see_channel(const struct control_call *call, const struct fc_instance *instance,
                             uint32_t channel);
bool control_may_see_route(const struct control_call *call, const struct fc_instance *from,
                           const struct fc_instance *to);

/* Whether it may start, stop, and emit. */
bool control_may_change(const struct control_call *call, const struct fc_instance *instance);

/* For an administrator: a user by her name, or NULL with the answer in `reply`. */
struct user *control_find_user(struct control *control, const char *name, struct control_reply *reply);

/* An instance that the caller may see, or change; or NULL with the answer in `reply`. */
struct fc_instance *control_find(struct control *control, const struct control_call *call, const char *name,
                                 struct control_reply *reply);
struct fc_instance *control_find_own(struct control *control, const struct control_call *call,
                                     const char *name, struct control_reply *reply);

/* The number of a channel that the caller may see, of *instance; or negative with the answer in `reply`. */
int64_t control_find_channel(struct control *control, const struct control_call *call, const char *name,
                             struct fc_instance **instance, struct control_reply *reply);

/* control_change.c */
bool control_start_instance(struct control *control, const struct control_call *call,
                            const struct control_request *request, struct control_reply *reply);
bool control_stop_instance(struct control *control, const struct control_call *call,
                           const struct control_request *request, struct control_reply *reply);
bool control_reload(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply);

bool control_freeze(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply);

/* There is another show, or none: answers those who wait for instances that have gone. */
void control_change_show(struct control *control);

/* Of a set of places of which each uid may have some: whether one more may have one, by who has them. */
bool control_has_room(const struct control *control, uid_t uid, size_t n_others, size_t n_own, size_t places,
                      size_t kept, size_t per_uid);

/*
 * control_follow.c: makes a follower of a call, which copies its names. NULL with the answer in `reply` if
 * there are too many.
 */
struct control_follower *control_follow(struct control *control, struct control_follower *followers,
                                        const struct control_call *call,
                                        const struct control_request *request, struct control_reply *reply);

/* There is another show: followers whose user it does not have are told so, and are none any more. */
void control_follow_change_show(struct control *control, struct control_follower *followers);

/* It is a follower no more. */
void control_unfollow(struct control_follower *follower);

/*
 * Sends it something. False if it has gone, and is no follower any more, or if it cannot take it now: `n` is
 * what it misses then.
 */
bool control_tell(struct control *control, struct control_follower *follower, struct control_reply *reply,
                  uint64_t n);

/* Whether it is time for a sign of life. */
bool control_is_quiet(struct control_follower *follower, uint64_t now_ns);

/* control_logs.c */
void control_logs_start(struct control *control);
void control_logs_stop(struct control *control);
bool control_logs(struct control *control, const struct control_call *call,
                  const struct control_request *request, struct control_reply *reply);

/* control_watch.c */
void control_watch_start(struct control *control);
void control_watch_stop(struct control *control);
void control_watch_change_show(struct control *control);
bool control_watch(struct control *control, const struct control_call *call,
                   const struct control_request *request, struct control_reply *reply);

/* control_record.c */
void control_record_start(struct control *control);
void control_record_stop(struct control *control, const char *why);
bool control_record(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply);

/* Whether a text fits a pattern with * and ?. Takes at most the product of their lengths. */
bool control_matches(const char *pattern, const char *text);

/* control_show.c */
bool control_status(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply);
bool control_routes(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply);
bool control_emit(struct control *control, const struct control_call *call,
                  const struct control_request *request, struct control_reply *reply);

#endif

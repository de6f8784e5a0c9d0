/* SPDX-License-Identifier: BSD-2-Clause */
/* The structures that the files of this folder share. */
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
#include "broker/control/tokens.h"
#include "broker/show/route.h"
#include "broker/show/user.h"
#include "proto/arena.h"
#include "proto/codec_control.h"
#include "proto/control_rules.h"
#include "proto/desk_messages.h"

#define CONTROL_MAX_AUDIT_LIMITS  96    /* uids, and browsers, that are known at a time */
#define CONTROL_MAX_EMITTED       64    /* channels that callers have set within the last second */
#define CONTROL_MAX_ITEMS         128   /* of a list in one reply */
#define CONTROL_MAX_PAGE          32768 /* bytes of text of such a list, about */
#define CONTROL_MAX_TEXT          8192  /* of a reply, for people */
#define CONTROL_MAX_PENDING       64    /* calls that wait for something to be over */
#define CONTROL_PENDING_PER_UID   8     /* of each uid except root and the broker's own */
#define CONTROL_PENDING_KEPT      16    /* reserved for root and the broker's own user */
#define CONTROL_FOLLOWERS         DESK_WATCHES
#define CONTROL_SUGGESTIONS       50 /* a second, for users; and for roles of the house */
#define CONTROL_SUGGESTIONS_ONCE  8  /* in one turn */
#define CONTROL_FOLLOWERS_PER_UID 8  /* of each uid except root and the broker's own */
#define CONTROL_FOLLOWERS_KEPT    8  /* reserved for root and the broker's own user */

struct fc_instance;
struct recording;

/* A request: what the kernel told the desk of the caller, and what that means in the configuration. */
struct control_call {
    uint64_t client; /* the desk's number for it; 0: it has gone */
    struct desk_peer peer;
    enum control_role role;
    unsigned account; /* the user's number (build/users.h), or 0 */
    enum control_verb verb;
    uint64_t id;
    char subject[CONTROL_MAX_NAME + 1]; /* the first name, for the audit log */
    unsigned token;                     /* the number of the browser's, or 0: the caller is a process */
    char label[TOKEN_MAX_LABEL];
    char address[TOKEN_MAX_ADDRESS];
    bool is_locked; /* the browser's PIN has not been entered, so it may only look */
};

/* A call that is answered when an instance has stopped, or the configuration was read. */
struct control_pending {
    struct control_call call;
    bool is_used;
    bool is_next;      /* waits for the next reload, not for the one under way */
    unsigned account;  /* of a reload: the user whose show it is about; 0: all */
    uint64_t began_ns; /* when it began to wait */
};

/* A client that gets what comes, in answer to a request with `follow`. */
struct control_follower {
    struct control_call call;
    bool is_used;
    bool is_told; /* something was sent since `told_ns` */
    /* when that was last looked at: a sign of life now and then shows whether the client is gone */
    uint64_t told_ns;
    unsigned n_sent;    /* replies that the desk has, and the client may not have */
    uint64_t missed;    /* what it did not read in time */
    uint64_t next_line; /* of the log */
    char *instance;     /* whose lines, or NULL: all of the log */
};

/* The allowance of one uid's processes, or of one of its browsers. */
struct audit_limit {
    uid_t uid;
    unsigned token;          /* of the browser, or 0 */
    struct log_limit audits; /* lines of non-administrators in the audit log */
    struct log_limit emits;  /* the same, about events that they emit */
    uint64_t used_ns;
};

/* A channel that a caller sets, of which the audit log has had a line. */
struct control_emitted {
    struct control_call call;
    uint64_t times;   /* since that line */
    uint64_t next_ns; /* when there may be another line; 0: nothing is known here */
};

/* A client that records what happens. */
struct control_recorder {
    struct control *control;
    struct control_follower *follower;
    struct recording *recording; /* or NULL */
};

struct control {
    struct control_spec spec;
    struct show *show;
    struct control_desk *desk;
    struct desk_admit *admits;
    struct loop_task receive;
    struct timer resume; /* reads again when there is allowance; nothing is read before */
    bool is_paused;
    struct rate rate;
    struct rate suggestions[2]; /* for users; for roles of the house */
    struct audit_limit audit_limits[CONTROL_MAX_AUDIT_LIMITS];
    size_t n_audit_limits;
    struct control_emitted emitted[CONTROL_MAX_EMITTED];
    bool has_emitted; /* and the timer runs */
    struct timer audit_again;
    struct codec_control *requests; /* decodes, and owns what a request points to */
    struct codec_control *replies;
    struct arena texts; /* of the reply that is being made */
    struct control_pending pending[CONTROL_MAX_PENDING];
    uint64_t reload_after_ns[USER_MAX + 1]; /* when a user may reload again, by number; 0: any user */
    uint64_t start_after_ns[USER_MAX + 1];  /* the same for starting an instance */
    struct log_ring log;
    struct control_follower log_followers[CONTROL_FOLLOWERS];
    struct timer log_flush;
    struct watch {
        struct control_follower followers[CONTROL_FOLLOWERS]; /* by their places in the desk */
        size_t n_followers;
        uint32_t generation;          /* of the numbers by which the desk knows channels */
        uint32_t n_numbers;           /* that are taken in it */
        uint32_t epoch;               /* of the followers: what the desk knows of who may see a channel */
        struct route_target *changed; /* a ring: each channel at most once */
        size_t head, n_changed, capacity;
        struct timer flush;
        struct desk_values values; /* that are collected for a message */
    } watch;
    struct present {
        bool is_due;     /* the desk is to be told when it knows all that new watches asked for */
        size_t n_wanted; /* instances whose channels have not all been named since */
        size_t at;       /* the instance that is next */
    } present;
    struct {
        struct control_follower followers[CONTROL_FOLLOWERS];
        struct control_recorder list[CONTROL_FOLLOWERS];
        struct timer look;
    } recorders;
    int landlock_abi; /* or -errno */
};

/* Carries out a verb. Returns whether the answer is in `reply`; else it comes later, or has been sent. */
typedef bool (*control_fn)(struct control *control, const struct control_call *call,
                           const struct control_request *request, struct control_reply *reply);

#endif
